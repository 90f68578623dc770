import type { CheckScene } from './check.ts'
import { type Ended, gist } from './command.ts'
import { type Manager, newestNode, npm, withPnpm } from './managers.ts'
import { Project } from './project.ts'
import { FASTIFY_CLI, NODE_PACKAGE, OTHER_NODES, version } from './versions.ts'

const APPLICATION = ['fastify', '@mikro-orm/core', '@mikro-orm/postgresql'].map(version)
/** MikroORM's declarations need those of pg. */
const COMPILER = ['typescript', '@types/node', '@types/pg'].map(version)
const nodeOf = (release: string): string => `node-${release}`

/** What each says in the end, which it can say only if all before has worked. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'TypeScript': 'compiled/application.js',
  'TypeScript, CommonJS': 'compiled/required-typed.cjs',
  'JavaScript': 'plain.mjs',
  'JavaScript, require()': 'required.cjs',
}

/** Of the same tarball pnpm makes one copy, whatever it is called. */
const PROGRAMS_OF = { npm: { ...PROGRAMS, 'two copies of the package': 'two-copies.mjs' }, pnpm: PROGRAMS }

const works = ({ status, text }: Ended): boolean => status === 0 && text.includes('it works')

/** Installed from the tarball into empty projects, and used there. */
export async function checkConsumers(scene: CheckScene): Promise<void> {
  scene.report.figure('the newest Node.js is', `${await newestNode()}, tried are ${[process.versions.node, ...OTHER_NODES].join(', ')}`)
  await checkManager(npm, scene)
  await withPnpm(async (pnpm) => await checkManager(pnpm, scene))
  await checkFastifyCli(scene)
}

async function checkManager(manager: Manager, { tarball, report, databaseUrl, say }: CheckScene): Promise<void> {
  const { name } = manager
  const project = new Project()
  try {
    say(`${name} installs`)
    const nodes = OTHER_NODES.map((release) => `${nodeOf(release)}@npm:${NODE_PACKAGE}@${release}`)
    await project.install(manager, [tarball.path, `another-copy@file:${tarball.path}`, ...APPLICATION, ...COMPILER, ...nodes])
    project.take('application.ts', 'required-typed.cts', 'plain.mjs', 'required.cjs', 'two-copies.mjs', 'tsconfig.json')
    say(`${name}: TypeScript compiles`)
    const compiled = await project.run(project.bin('tsc'), [])
    report.promise(`${name}: TypeScript compiles, declarations of all packages included`, compiled.status === 0, compiled.status === 0 ? 'no error' : gist(compiled))
    const help = await project.run(project.bin('fastify-sqlassist'), ['--help'])
    report.promise(`${name}: fastify-sqlassist --help`, help.status === 0 && help.text.includes('reflect'), gist(help))
    for (const node of [process.execPath, ...OTHER_NODES.map((release) => `${project.folder}/node_modules/${nodeOf(release)}/bin/node`)]) {
      const release = (await project.run(node, ['--version'])).text.trim()
      say(`${name}: Node.js ${release}`)
      for (const [what, program] of Object.entries(PROGRAMS_OF[name])) {
        const ended = await project.run(node, [program], { DATABASE_URL: databaseUrl })
        report.promise(`${name}, ${release}: ${what}`, works(ended), gist(ended))
      }
    }
  } finally {
    project.remove()
  }
}

async function checkFastifyCli({ tarball, report, databaseUrl, say }: CheckScene): Promise<void> {
  const project = new Project()
  try {
    say('fastify-cli')
    await project.install(npm, [tarball.path, ...APPLICATION, FASTIFY_CLI])
    project.take('fastify-cli.mjs', 'ask-fastify-cli.mjs')
    const ended = await project.run(process.execPath, ['ask-fastify-cli.mjs'], { DATABASE_URL: databaseUrl })
    report.promise(`an application of ${FASTIFY_CLI} answers, and ends on SIGTERM`, works(ended), gist(ended))
  } finally {
    project.remove()
  }
}
