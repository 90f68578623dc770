// A database for a test file: like no other, a copy of what was made once, and gone at the end, also after a run that was killed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createTestDatabase, rollbackAfterEach } from 'fastify-sqlassist/testing'
import { asSuperuser, serverUrl } from '../../support/databases.ts'
import { FULL } from '../../support/size.ts'
import { applicationPackage } from '../../../plugin/testing/database/application-package.ts'
import { shop, TABLES } from './fixtures/shop.ts'

const server = serverUrl()
const fixture = fileURLToPath(new URL('fixtures/killed.ts', import.meta.url))
const exists = async (name: string): Promise<boolean> => (await asSuperuser(server, 'select 1 from pg_database where datname = $1', [name])).length > 0

t.test('it is there until it is dropped', async (t) => {
  let name: string
  {
    await using database = await createTestDatabase({ server })
    name = database.name
    t.strictSame(await asSuperuser(database.url, 'select current_database() as name'), [{ name }])
    await using other = await createTestDatabase({ server })
    t.not(other.name, name)
  }
  t.notOk(await exists(name))
})

t.test('a template is made once, by however many at once, and again when its files have changed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sqlassist-template-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'migrations'))
  const file = join(folder, 'migrations', 'tables.sql')
  writeFileSync(file, `${TABLES} insert into line (text) values ('seed')`)
  const templates = async (): Promise<string[]> => (await asSuperuser<{ datname: string }>(server, `select datname from pg_database where datname like 'sqlassist\\_template%'`)).map(({ datname }) => datname)
  const before = await templates()
  let made = 0
  const make = async (url: string): Promise<void> => {
    made++
    await asSuperuser(url, TABLES)
    await asSuperuser(url, `insert into line (text) values ('seed ${made}')`)
  }
  const create = async (): ReturnType<typeof createTestDatabase> => await createTestDatabase({ server, template: { files: [folder], key: folder, make } })
  const databases = await Promise.all([create(), create(), create()])
  t.equal(made, 1)
  for (const { url } of databases) t.strictSame(await asSuperuser(url, 'select text from line'), [{ text: 'seed 1' }])
  await Promise.all(databases.map(async (database) => await database.drop()))

  writeFileSync(file, 'something else')
  await using database = await create()
  t.equal(made, 2)
  t.strictSame(await asSuperuser(database.url, 'select text from line'), [{ text: 'seed 2' }])

  await t.rejects(createTestDatabase({ server, template: { key: `${folder}, failing`, make: async () => await Promise.reject(new Error('on purpose')) } }), /on purpose/)
  t.strictSame(await asSuperuser(server, `select datname from pg_database where datname like 'sqlassist\\_making%' and not exists (select from pg_stat_activity where datname = pg_database.datname)`), [])
  for (const name of await templates()) if (!before.includes(name)) await asSuperuser(server, `drop database "${name}"`)
})

t.test('an application in it, with tests that roll back', async (t) => {
  await using database = await createTestDatabase({ server })
  await asSuperuser(database.url, TABLES)
  const app = await shop(database.url)
  await t.test('tests', async (t) => {
    rollbackAfterEach(t, app)
    t.test('one', async (t) => t.equal((await app.inject({ method: 'POST', url: '/items/pen' })).statusCode, 201))
    t.test('another', async (t) => t.equal((await app.inject({ method: 'POST', url: '/items/pen' })).statusCode, 201))
  })
  await app.close()
})

t.test('what a killed run has left is dropped by the next one, and what is in use is not', async (t) => {
  const killed = await leftBehind('SIGKILL')
  t.ok(await exists(killed))
  const old = killed.replace(/_test_[0-9a-z]+_/, '_test_1_') // as if it had been made in 1970
  await asSuperuser(server, `alter database "${killed}" rename to "${old}"`)
  await using inUse = await createTestDatabase({ server })
  const oldInUse = inUse.name.replace(/_test_[0-9a-z]+_/, '_test_2_')
  await asSuperuser(server, `create database "${oldInUse}"`)
  const [holder] = await connectedTo(oldInUse)
  await using next = await createTestDatabase({ server })
  t.notOk(await exists(old))
  t.ok(await exists(oldInUse), 'somebody is connected to it')
  t.ok(await exists(next.name))
  await holder![Symbol.asyncDispose]()
  await asSuperuser(server, `drop database "${oldInUse}" with (force)`)
})

/** Runs a test file that is killed in the middle. Resolves to the name of its database, when nobody is connected to it any more. */
async function leftBehind(signal: NodeJS.Signals): Promise<string> {
  const child = spawn(process.execPath, ['--conditions=fastify-sqlassist-source', fixture], { env: { PATH: process.env['PATH'], DATABASE_URL: server }, stdio: ['ignore', 'pipe', 'inherit'] })
  const [name] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  child.kill(signal)
  await once(child, 'close')
  while ((await asSuperuser(server, 'select 1 from pg_stat_activity where datname = $1', [name])).length > 0) await asSuperuser(server, 'select pg_sleep(0.01)')
  return name
}

t.test('a server that a killed run has left is stopped by the next one', { skip: FULL ? false : 'starting servers takes long: TEST_FULL=1' }, async (t) => {
  const { DATABASE_URL } = process.env
  delete process.env['DATABASE_URL']
  t.teardown(() => void (DATABASE_URL !== undefined && (process.env['DATABASE_URL'] = DATABASE_URL)))
  const child = spawn(process.execPath, ['--conditions=fastify-sqlassist-source', fixture, 'url'], { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'inherit'] })
  const [url] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  child.kill('SIGKILL')
  await once(child, 'close')
  t.strictSame(await asSuperuser(url, 'select 1 as one'), [{ one: 1 }], 'it goes on without its process')
  const database = await createTestDatabase()
  for (;;) if ((await asSuperuser(url, 'select 1').catch((error: { code: string }) => error.code)) === 'ECONNREFUSED') break
  t.pass('it has stopped')
  await database.drop()
})

t.test('a package that only the application has', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sqlassist-package-'))
  const before = process.cwd()
  t.teardown(() => (process.chdir(before), rmSync(folder, { recursive: true, force: true })))
  mkdirSync(join(folder, 'node_modules/only-here'), { recursive: true })
  writeFileSync(join(folder, 'node_modules/only-here/package.json'), '{ "type": "module", "exports": "./index.js" }')
  writeFileSync(join(folder, 'node_modules/only-here/index.js'), 'export const here = true')
  process.chdir(folder)
  t.match(await applicationPackage('only-here'), { here: true })
  await t.rejects(applicationPackage('not-even-there'), { code: /MODULE_NOT_FOUND/ })
})

async function connectedTo(name: string): Promise<AsyncDisposable[]> {
  const { default: pg } = await import('pg')
  const url = new URL(server)
  url.pathname = `/${name}`
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  client.on('error', () => {})
  return [{ [Symbol.asyncDispose]: async () => await client.end() }]
}

t.test('without a server: an embedded one, for as long as it is needed', async (t) => {
  const { DATABASE_URL } = process.env
  delete process.env['DATABASE_URL']
  t.teardown(() => void (DATABASE_URL !== undefined && (process.env['DATABASE_URL'] = DATABASE_URL)))
  const database = await createTestDatabase()
  t.strictSame(await asSuperuser(database.url, 'select 1 as one'), [{ one: 1 }])
  t.not(new URL(database.url).port, new URL(server).port)
  await database.drop()
  await t.rejects(asSuperuser(database.url, 'select 1'), { code: 'ECONNREFUSED' })
})

t.test('what is wrong is said', async (t) => {
  for (const options of [{ server: 'mysql://x' }, { template: { make: async () => await Promise.resolve() } }, { template: { key: 'x' } }, { templates: {} }, [], { template: { make: async () => await Promise.resolve(), files: 'x' } }]) {
    await t.rejects(createTestDatabase(options as never), { code: 'SQLASSIST_INVALID_OPTIONS' })
  }
  await t.rejects(createTestDatabase({ server: 'postgresql://nobody@127.0.0.1:1/none' }), { code: 'SQLASSIST_TEST_SERVER_MISSING', cause: { code: 'ECONNREFUSED' } })
})
