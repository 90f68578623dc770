// MariaDB, libSQL and PGlite: what they cannot keep is refused before anything connects. What they do is in test/compatibility.
import { MikroORM } from '@mikro-orm/core'
import { defineConfig as onLibSql } from '@mikro-orm/libsql'
import { defineConfig as onMariaDb } from '@mikro-orm/mariadb'
import { defineConfig as onPglite } from '@mikro-orm/pglite'
import type { SqlEntityManager } from '@mikro-orm/sql'
import Fastify from 'fastify'
import { sqlassist } from 'fastify-sqlassist'
import { createSqlAssist, type EngineOptions, type Session, sqlAssistConfig } from 'fastify-sqlassist/orm'
import t from 'tap'
import { sqliteFile } from '../../support/databases.ts'
import { errorOf } from '../engines/library.ts'

const none = { entities: [], discovery: { warnWhenNoEntities: false } }
const mariaDb = onMariaDb({ ...none, dbName: 'test' })

const refused = async (engines: Record<string, EngineOptions>): Promise<{ code: string; message: string }> => await errorOf(async () => await createSqlAssist({ engines }))

async function accepted(engines: Record<string, EngineOptions>): Promise<void> {
  const db = await createSqlAssist({ engines })
  await db.dispose()
}

const register = async (options: object): Promise<unknown> => await Fastify().register(sqlassist, { engines: { writer: { config: mariaDb } }, ...options })
const onePglite = (driverOptions?: object): EngineOptions => ({ config: onPglite({ ...none, ...(driverOptions === undefined ? {} : { driverOptions }) }) })
const pglite = async (): Promise<never> => await Promise.reject(new Error('not asked for'))

t.test('options that only PostgreSQL keeps', async (t) => {
  const cases: readonly (readonly [string, Partial<EngineOptions>])[] = [
    ['limits', { limits: { maxWaiting: 1 } }],
    ['resetOnRelease', { resetOnRelease: 'session' }],
    ['follows', { readonly: true, follows: 'primary' }],
    ['fastPath', { fastPath: true }],
  ]
  for (const [option, given] of cases) {
    const { code, message } = await refused({ primary: { config: mariaDb }, writer: { config: mariaDb, ...given } })
    t.equal(code, 'SQLASSIST_INVALID_OPTIONS', option)
    t.match(message, `Option 'engines.writer.${option}' is for PostgreSQL`)
  }
  await accepted({ writer: { config: mariaDb, resetOnRelease: 'transaction', fastPath: false } })
  const orm = new MikroORM(sqlAssistConfig('writer', mariaDb))
  t.equal((await refused({ writer: { orm, limits: {} } })).code, 'SQLASSIST_INVALID_OPTIONS', "with an application's own MikroORM too")
})

t.test('nobody can stop a statement of MariaDB', async (t) => {
  await t.rejects(register({ cancelOnDisconnect: true }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /engine 'writer' uses MariaDbDriver, whose statements run to their end/ })
  await register({})
  await Fastify().register(sqlassist, { engines: { writer: { config: onLibSql({ ...none, dbName: ':memory:' }) } }, cancelOnDisconnect: true })
})

t.test('a remote libSQL cannot be made read-only', async (t) => {
  for (const config of [onLibSql({ ...none, dbName: 'libsql://db.example' }), onLibSql({ ...none, dbName: 'x', driverOptions: { url: 'https://db.example' } })]) {
    const { code, message } = await refused({ reader: { config, readonly: true } })
    t.equal(code, 'SQLASSIST_DRIVER_UNSUPPORTED')
    t.match(message, /uses LibSqlDriver, .*a remote database/)
    await accepted({ one: { config }, two: { config } })
  }
})

t.test('engines on one libSQL file, whatever option names it', async (t) => {
  const file = sqliteFile(t)
  const [one, two] = [onLibSql({ ...none, dbName: file }), onLibSql({ ...none, dbName: 'x', driverOptions: { url: file } })]
  t.equal((await refused({ one: { config: one }, two: { config: two } })).code, 'SQLASSIST_SQLITE_FILE_SHARED')
  t.equal((await refused({ one: { config: onLibSql({ ...none, dbName: ':memory:' }) }, two: { config: onLibSql({ ...none, dbName: ':memory:' }) } })).code, 'SQLASSIST_SQLITE_MEMORY')
})

t.test('a libSQL file is opened as SQLite is, and the hook of the application is called', async (t) => {
  const created: unknown[] = []
  const config = onLibSql({ ...none, dbName: sqliteFile(t), onCreateConnection: async (connection) => void created.push(connection) })
  await using db = await createSqlAssist({ engines: { writer: { config } } })
  await using session = db.session()
  const writer = session.writer as unknown as Session<SqlEntityManager>
  t.strictSame(await writer.execute('pragma journal_mode'), [{ journal_mode: 'wal' }])
  t.strictSame(await writer.execute('pragma busy_timeout'), [{ timeout: 200 }])
  t.equal(created.length, 1)
})

t.test('engines on one PGlite', async (t) => {
  for (const options of [{ dataDir: '/data' }, { pglite }]) {
    const { code, message } = await refused({ one: onePglite(options), two: onePglite(options) })
    t.equal(code, 'SQLASSIST_DRIVER_UNSUPPORTED')
    t.match(message, /Engine 'one' uses PgliteDriver, and so does 'two', on the same data/)
  }
  t.match((await refused({ one: onePglite(), two: onePglite({ dataDir: 'memory://two' }) })).message, /each with an empty database in memory/)
  await accepted({ one: onePglite({ dataDir: '/one' }), two: onePglite({ dataDir: '/two' }) })
  const orm = new MikroORM(sqlAssistConfig('one', onePglite().config!))
  await accepted({ one: { orm }, two: { orm } })
})

t.test('a PGlite that was connected before', async (t) => {
  const orm = new MikroORM(sqlAssistConfig('writer', onPglite(none)))
  t.teardown(async () => await orm.close())
  await (orm.em as unknown as SqlEntityManager).execute('select 1')
  const { code, message } = await refused({ writer: { orm } })
  t.equal(code, 'SQLASSIST_DRIVER_UNSUPPORTED')
  t.match(message, /was connected before it was registered/)
})
