// `npm run test:literals` runs tests as without prepared statements, by a preload that changes one default in a source: it is still found there.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { root } from '../docs/support/program.ts'

const program = `
import { defineConfig } from '@mikro-orm/postgresql'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import { guaranteesOf } from './orm/engines/guarantees.ts'
const config = defineConfig({ dbName: 'nobody_connects', entities: [], discovery: { warnWhenNoEntities: false } })
await using db = await createSqlAssist({ engines: { silent: { config }, asked: { config, preparedStatements: true } } })
console.log(['silent', 'asked'].map((name) => guaranteesOf(db.engine(name).orm.config.get('driverOptions')).preparedStatements).join())
`

const preloads = ['./test/support/plain-sources.js', './test/support/literals.js'] as const

async function modes(...preloaded: readonly string[]): Promise<string> {
  const args = ['--conditions=fastify-sqlassist-source', ...preloaded.map((file) => `--import=${file}`), '--input-type=module', '-e', program]
  return (await promisify(execFile)(process.execPath, args, { cwd: root })).stdout.trim()
}

t.test('with it engines that say nothing have none', async (t) => {
  t.equal(await modes(preloads[0]), 'auto,true')
  t.equal(await modes(...preloads), 'false,true')
})
