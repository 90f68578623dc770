// The API reference has no holes: `npm run docs:api` makes it from the comments, and what a user sees there is explained.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Application, Logger, LogLevel, type ParameterReflection, type ProjectReflection, ReflectionKind, type SignatureReflection } from 'typedoc'
import { root } from './support/program.ts'

// The machine may be busy, and the types of MikroORM are large.
t.setTimeout(600_000)

class Listener extends Logger {
  readonly said: string[] = []

  override log(message: string, level: LogLevel): void {
    if (level >= LogLevel.Warn) this.said.push(message)
  }
}

/** What typedoc finds wrong with the comments, and what it does not look at: parameters. */
async function holesOf(options: string): Promise<{ readonly project: ProjectReflection; readonly holes: string[] }> {
  const application = await Application.bootstrap({ options: join(root, options) })
  const logger = new Listener()
  application.logger = logger
  const project = await application.convert()
  if (project === undefined) throw new Error(logger.said.join('\n'))
  application.validate(project)
  const signatures = project.getReflectionsByKind(ReflectionKind.CallSignature | ReflectionKind.ConstructorSignature) as SignatureReflection[]
  const unsaid = signatures.flatMap((signature) => (signature.parameters ?? []).filter((parameter) => !isExplained(parameter, signature)))
  return { project, holes: [...logger.said, ...unsaid.map((parameter) => `${parameter.getFriendlyFullName()}: nobody says what this parameter is`)] }
}

/** It has a text of its own, its function's text speaks of it, or its type is one whose members have texts. A type of functions is explained where it is named. */
function isExplained({ name, comment, type }: ParameterReflection, { comment: of, parent }: SignatureReflection): boolean {
  if (comment?.hasVisibleComponent() === true || name === 'this' || parent.name === '__type') return true
  if (new RegExp(`\\b${name}\\b`).test(JSON.stringify(of ?? ''))) return true
  return ['options', 'outcomes', 'loop', 'transaction'].includes(name) && type?.type !== 'intrinsic'
}

t.test('everything that a user sees is explained', async (t) => {
  const { project, holes } = await holesOf('docs/typedoc.json')
  t.strictSame(project.children?.map(({ name }) => name), ['orm', 'plugin', 'plugin/debug', 'plugin/testing'], 'all entry points')
  t.ok(project.getReflectionsByKind(ReflectionKind.All).length > 1000, 'there is much to see')
  t.strictSame(holes, [])
})

t.test('a hole is found', async (t) => {
  const folder = join(root, '.data/docs/api')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'holes.ts'), `/** A {@link Nowhere}. */
export interface A { b: C }
interface C { d: string }
/** Does something. */
export function doSomething(how: string): void { void how }
`)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../../../tsconfig.json', include: ['holes.ts'] }))
  writeFileSync(join(folder, 'typedoc.json'), JSON.stringify({ extends: ['../../../docs/typedoc.json'], entryPoints: ['holes.ts'], tsconfig: 'tsconfig.json' }))
  const { holes } = await holesOf('.data/docs/api/typedoc.json')
  for (const hole of [/"Nowhere"/, /^C, .*not included/, /A\.b .*any documentation/, /how: nobody/]) t.ok(holes.some((text) => hole.test(text)), `${hole.source} is among ${holes.join('; ')}`)
})
