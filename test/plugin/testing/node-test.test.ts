// The same with node:test, in several processes at once on one database.
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { asSuperuser, postgresDatabase } from '../../support/databases.ts'
import { FULL } from '../../support/size.ts'
import { TABLES } from './fixtures/shop.ts'

const url = await postgresDatabase(t)
await asSuperuser(url, TABLES)
const file = fileURLToPath(new URL('fixtures/with-node-test.ts', import.meta.url))
const times = FULL ? 100 : 10

async function run(mine: string): Promise<string> {
  const child = spawn(process.execPath, ['--test', '--test-reporter=tap', '--conditions=fastify-sqlassist-source', file], {
    env: { PATH: process.env['PATH'], DATABASE_URL: url, MINE: mine, TIMES: String(times) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  await once(child, 'close')
  return printed
}

t.test('two files at once do not see each other, and leave nothing', async (t) => {
  for (const printed of await Promise.all([run('pens'), run('ink')])) {
    t.match(printed, /^# fail 0$/m, printed.slice(-3000))
    t.match(printed, new RegExp(`^# pass ${times * 2 + 3}$`, 'm'), 'with the tests in them')
  }
  t.strictSame(await asSuperuser(url, 'select (select count(*)::int from item) as items, (select count(*)::int from line) as lines'), [{ items: 0, lines: 0 }])
})
