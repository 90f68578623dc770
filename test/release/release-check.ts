// What is published, looked at as those see it who install it: `npm run release-check -- --help`.
import { parseArgs } from 'node:util'
import { startPostgres, stopAll, stopPostgres } from '../support/postgres-server.ts'
import { checkConsumers } from './consumers.ts'
import { checkContents } from './contents.ts'
import { checkPackage } from './package.ts'
import { Report } from '../soak/report.ts'
import { withTarball } from './tarball.ts'
import { checkTypes } from './types.ts'

const CHECKS = { contents: checkContents, package: checkPackage, consumers: checkConsumers, types: checkTypes }
type Check = keyof typeof CHECKS

const { values } = parseArgs({ options: { help: { type: 'boolean', default: false }, only: { type: 'string' } } })
if (values.help) {
  console.log(`Packs the package and looks at what came out of it.

  npm run release-check -- [options]

  --only a,b   only these checks: ${Object.keys(CHECKS).join(', ')}
  --help       this text

contents    what is in the tarball: all that is needed, and nothing else
package     publint, are-the-types-wrong (ESM only) and knip
consumers   installed from the tarball into empty projects: with npm and pnpm, in TypeScript and JavaScript, from ESM and through require(), beside a
            second copy, as an application of fastify-cli, on several versions of Node.js. Packages come from the registry of npm
types       what its types cost a compiler: an application with 200 entities, beside the same one on MikroORM alone

DATABASE_URL names a PostgreSQL server to use; without it one is started, and stopped in the end. Exits with 1 if something is wrong.`)
  process.exit()
}

const names = (values.only?.split(',') ?? Object.keys(CHECKS)) as Check[]
const unknown = names.find((name) => !(name in CHECKS))
if (unknown !== undefined) throw new Error(`--only knows no '${unknown}': ${Object.keys(CHECKS).join(', ')}`)

const started = performance.now()
const server = process.env['DATABASE_URL'] === undefined && names.includes('consumers') ? await startPostgres() : undefined
process.once('SIGINT', () => void stopAll().finally(() => process.exit(130)))
const broken: string[] = []
try {
  console.log('packing')
  await withTarball(async (tarball) => {
    for (const name of names) {
      const report = new Report(name)
      const say = (text: string): void => console.log(`${name}: ${text}`)
      await CHECKS[name]({ tarball, report, say, databaseUrl: process.env['DATABASE_URL'] ?? server?.url ?? '' })
      console.log(`\n${report.toString()}\n`)
      broken.push(...report.broken)
    }
  })
} catch (error) {
  const { message, cause } = error as Error
  broken.push([message, ...(cause instanceof Error ? [cause.message] : [])].join('\n'))
} finally {
  if (server !== undefined) await stopPostgres(server)
}
console.log(`${broken.length === 0 ? 'Nothing is wrong with it.' : `Not to be published:\n${broken.join('\n')}`} (${Math.round((performance.now() - started) / 1000)} s)`)
process.exit(broken.length === 0 ? 0 : 1)
