// follows: a readonly engine reads from the server of another one while its own is down. What a real standby does is in ../postgres/failover.
import { PostgresDialect } from 'kysely'
import pg from 'pg'
import t, { type Test } from 'tap'
import { MikroORM, type Options } from '@mikro-orm/postgresql'
import { createSqlAssist, type EngineOptions, type SqlAssist, sqlAssistConfig, type SqlAssistOptions } from 'fastify-sqlassist/orm'
import { asSuperuser, postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { assist } from '../sessions/fixtures/engines.ts'
import { tcpProxy } from '../../support/tcp-proxy.ts'
import { Book, disconnected, errorOf, eventually, onPostgres, onSqlite, recordingLogger, unusedPort, untyped } from './library.ts'

const url = await postgresDatabase(t)
{
  await using db = await createSqlAssist({ engines: { writer: { config: onPostgres(url) } } })
  await db.engine('writer').orm.schema.create()
}

const writer: EngineOptions = { config: onPostgres(url) }

/** The same database at an address where nobody is. */
async function deadUrl(): Promise<string> {
  const dead = new URL(url)
  dead.port = String(await unusedPort())
  return dead.href
}

async function following(t: Test, reader: EngineOptions, options: Partial<SqlAssistOptions> & { writer?: EngineOptions } = {}): Promise<SqlAssist> {
  const { writer: followed = writer, ...others } = options
  return await assist(t, { writer: followed, reader: { readonly: true, follows: 'writer', ...reader } }, others)
}

const books = async (db: SqlAssist): Promise<number> => {
  await using container = db.session()
  return await untyped(container.get('reader' as never)).count(Book)
}

async function connections(): Promise<{ pid: number; name: string }[]> {
  return await asSuperuser(url, 'select pid, application_name as name from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')
}

t.test('what cannot be followed is refused at registration', async (t) => {
  const reader = { config: onPostgres(url), readonly: true }
  const plain = await MikroORM.init({ ...onPostgres(url), contextName: 'plain', entities: [], discovery: { warnWhenNoEntities: false } } as Options)
  t.teardown(async () => await plain.close())
  const readyMade = { config: onPostgres(url, { driverOptions: new PostgresDialect({ pool: new pg.Pool() }) }) }
  const wrong: [engines: Record<string, EngineOptions>, message: RegExp][] = [
    [{ writer, reader: { ...reader, follows: 'wirter' } }, /engines\.reader\.follows' must name a writable engine; there are writer\./],
    [{ reader: { ...reader, follows: 'reader' } }, /must name a writable engine; there are none\./],
    [{ writer, other: reader, reader: { ...reader, follows: 'other' } }, /must name a writable engine; there are writer\./],
    [{ writer, reader: { ...reader, follows: 7 as never } }, /must name a writable engine/],
    [{ writer: { config: onSqlite(':memory:') }, reader: { ...reader, follows: 'writer' } }, /names an engine of another driver, 'writer'/],
    [{ writer, reader: { ...writer, follows: 'writer' } }, /is for readonly engines/],
    [{ writer, reader: { ...reader, fallback: 'follows' } }, /engines\.reader\.fallback' goes with 'follows'/],
    [{ writer, reader: { ...reader, follows: 'writer', fallback: 'writer' as never } }, /engines\.reader\.fallback' must be 'follows' or 'error'/],
    [{ writer: { orm: plain }, reader: { ...reader, follows: 'writer' } }, /connections are made by the application.*add fallback: 'error'/],
    [{ writer: readyMade, reader: { ...reader, follows: 'writer' } }, /connections are made by the application.*add fallback: 'error'/],
  ]
  for (const [engines, message] of wrong) {
    t.match(await errorOf(async () => await createSqlAssist({ engines })), { code: 'SQLASSIST_INVALID_OPTIONS', message })
  }
  const db = await following(t, { ...reader, fallback: 'error' }, { writer: { orm: plain } })
  t.equal(await books(db), 0, 'where nothing falls back it may be any engine')
})

t.test('on SQLite the options are accepted and change nothing', async (t) => {
  const file = sqliteFile(t)
  for (const fallback of ['follows', 'error'] as const) {
    const db = await following(t, { config: onSqlite(file), fallback }, { writer: { config: onSqlite(file) } })
    await db.engine('writer').orm.schema.update()
    t.equal(await books(db), 0)
    t.equal(db.stats()['reader']!.pool, null)
  }
  const gone = await following(t, { config: onSqlite(sqliteFile(t)) }, { writer: { config: onSqlite(file) } })
  t.match(await errorOf(async () => await books(gone)), { message: /unable to open|does not exist/ })
})

t.test('it reads there in its own name, counts the connections there, and closes them all', async (t) => {
  const log = recordingLogger()
  const db = await following(t, { config: onPostgres(await deadUrl()) }, { logger: log })
  t.strictSame(await Promise.all([books(db), books(db), books(db)]), [0, 0, 0])
  t.match(log.lines, [{ level: 'warn', context: { engine: 'reader' }, message: /^The database of engine 'reader' is down/ }], 'one warning')
  const { total, idle, waiting } = db.stats()['reader']!.pool!
  t.strictSame([total, idle, waiting], [3, 3, 0])
  t.strictSame((await connections()).map(({ name }) => name), Array.from({ length: 3 }, () => 'fastify-sqlassist/reader'))
  await db.dispose()
  t.ok(await disconnected(url))
  t.match(await errorOf(async () => await books(db)), { code: 'SQLASSIST_DISPOSED' })
})

t.test('what is disposed of while it looks for its own server does not go back there', async (t) => {
  const proxy = await tcpProxy(t, url)
  const log = recordingLogger()
  proxy.pause()
  const db = await following(t, { config: onPostgres(proxy.url), limits: { checkoutTimeoutMs: 1500 } }, { logger: log })
  t.equal(await books(db), 0)
  const { connections } = proxy
  await eventually(() => proxy.connections > connections) // it asks
  await db.dispose()
  proxy.resume()
  await eventually(() => proxy.connections === 0)
  t.ok(await disconnected(url))
  t.match(log.lines, [{ message: /is down/ }], 'and says nothing of being back')
})

t.test('discovery at first use, and a MikroORM of the application that was connected before', async (t) => {
  t.equal(await books(await following(t, { config: onPostgres(await deadUrl()) }, { discovery: 'deferred' })), 0)
  const orm = await MikroORM.init(sqlAssistConfig('reader', onPostgres(await deadUrl()), { readonly: true }))
  t.match(await errorOf(async () => await orm.em.fork().count(Book)), { code: 'SQLASSIST_DATABASE_UNAVAILABLE' })
  t.equal(await books(await following(t, { orm, dispose: true })), 0)
})

t.test('its own role and settings, wherever they are written', async (t) => {
  await asSuperuser(url, `create role visitor login password 'visits'`)
  t.teardown(async () => await asSuperuser(url, 'drop owned by visitor; drop role visitor'))
  await asSuperuser(url, 'grant select on book to visitor')
  const dead = new URL(await deadUrl())
  ;[dead.username, dead.password] = ['visitor', 'visits']
  dead.searchParams.set('application_name', 'the visitor')
  const readers: EngineOptions[] = [
    { config: onPostgres(dead.href, { driverOptions: { application_name: 'the visitor' } }) },
    { config: onPostgres(url, { driverOptions: { connectionString: dead.href } }) },
    { config: onPostgres(dead.href, { driverOptions: { application_name: 'the visitor', password: async () => 'visits' } }) },
  ]
  for (const reader of readers) {
    const db = await following(t, reader)
    await using container = db.session()
    const session = untyped(container.get('reader' as never))
    const [row] = await session.execute<object[]>(`select current_user as role, current_setting('application_name') as name, current_setting('transaction_read_only') as readonly`)
    t.strictSame(row, { role: 'visitor', name: 'the visitor', readonly: 'on' })
    t.match(await errorOf(async () => await session.execute('select * from shelf')), { message: /permission denied/ }, 'it may do no more there than at home')
  }
})

t.test('reinitEngine() makes the connections there anew as well', async (t) => {
  const db = await following(t, { config: onPostgres(await deadUrl()) })
  await books(db)
  const before = await connections()
  t.equal(before.length, 1)
  await db.reinitEngine('reader')
  await eventually(async () => (await connections()).length === 0)
  t.equal(await books(db), 0)
  t.equal((await connections()).length, 1)
})

t.test('where the followed server is not known after all, that is the error', async (t) => {
  const pool = new pg.Pool({ connectionString: url })
  t.teardown(async () => await pool.end())
  const db = await following(t, { config: onPostgres(await deadUrl()) }, { writer: { config: onPostgres(url, { driverOptions: () => new PostgresDialect({ pool }) }) } })
  t.match(await errorOf(async () => await books(db)), { code: 'SQLASSIST_DATABASE_UNAVAILABLE', message: /'writer'.*made by the application/ })
})

t.test('both servers down: 503, until one of them is back', async (t) => {
  const db = await following(t, { config: onPostgres(await deadUrl()) }, { writer: { config: onPostgres(await deadUrl()) } })
  for (let times = 0; times < 3; times++) t.match(await errorOf(async () => await books(db)), { code: 'SQLASSIST_DATABASE_UNAVAILABLE', statusCode: 503 })
})
