// check(): how the databases are, asked past everything that is busy, and never a rejection.
import Database from 'better-sqlite3'
import { PostgresDialect, SqliteDialect } from 'kysely'
import { writeFileSync } from 'node:fs'
import pg from 'pg'
import t from 'tap'
import { MikroORM, type Options } from '@mikro-orm/postgresql'
import type { Health, SqlAssist } from 'fastify-sqlassist/orm'
import { asSuperuser, postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { ownPostgres } from '../../support/own-postgres.ts'
import { hasCaughtUp, standbyOf } from '../../support/standby.ts'
import { tcpProxy } from '../../support/tcp-proxy.ts'
import { assist } from '../sessions/fixtures/engines.ts'
import { onNotebook } from './fixtures/notebook.ts'
import { connectionsTo, disconnected, eventually, onPostgres, onSqlite, recordingLogger, unusedPort, untyped } from './library.ts'

const url = await postgresDatabase(t)

/** What a healthy answer looks like, and nothing else in it. */
const healthy = (readOnly: boolean): object => ({ ok: true, latencyMs: Number, readOnly })

async function eventuallyHealthy(db: SqlAssist): Promise<Health> {
  await eventually(async () => (await db.check()).ok)
  return await db.check()
}

t.test('one answer for each engine, before anything has connected', async (t) => {
  const db = await assist(t, { writer: { config: onPostgres(url) }, reader: { config: onPostgres(url), readonly: true }, file: { config: onSqlite(sqliteFile(t)) } })
  const asked = performance.now()
  const health = await db.check()
  const took = performance.now() - asked
  for (const [name, { latencyMs }] of Object.entries(health.engines)) t.ok(latencyMs >= 0 && latencyMs <= took + 0.1, `${name}: ${latencyMs} of ${took} ms, rounded`)
  t.match(health, { ok: true, engines: { writer: healthy(false), reader: healthy(true), file: healthy(false) } })
  t.strictSame(Object.keys(health.engines['writer']!), ['ok', 'latencyMs', 'readOnly'], 'a primary has no lag, and who is well no error')
  t.strictSame(db.stats()['writer']!.pool!.total, 0, 'no connection of the pool was used')
})

t.test('a database that is not there: an error without the password, and the others are asked all the same', async (t) => {
  const dead = new URL(url)
  dead.port = String(await unusedPort())
  const stranger = new URL(url)
  ;[stranger.username, stranger.password] = ['stranger', 'my-secret']
  const nowhere = new URL(dead)
  nowhere.hostname = 'localhost' // has two addresses on most machines, so that the error is several in one
  const db = await assist(t, {
    writer: { config: onPostgres(url) },
    dead: { config: onPostgres(dead.href) },
    nowhere: { config: onPostgres(nowhere.href) },
    stranger: { config: onPostgres(stranger.href), readonly: true },
  })
  const health = await db.check()
  t.match(health, {
    ok: false,
    engines: {
      writer: healthy(false),
      dead: { ok: false, latencyMs: Number, readOnly: false, error: /ECONNREFUSED/ },
      nowhere: { ok: false, error: /ECONNREFUSED/ },
      stranger: { ok: false, readOnly: true, error: /password authentication failed/ },
    },
  })
  for (const secret of ['my-secret', dead.password]) t.notMatch(JSON.stringify(health), secret)
})

t.test('whoever asks while somebody asks gets the same answer, and it costs one connection in all', async (t) => {
  t.ok(await disconnected(url))
  const db = await assist(t, { writer: { config: onPostgres(url) } })
  const answers = await Promise.all(Array.from({ length: 50 }, async () => await db.check()))
  t.strictSame(new Set(answers.map(({ ok }) => ok)), new Set([true]))
  const pids = async (): Promise<unknown[]> => await asSuperuser(url, 'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')
  const kept = await pids()
  t.equal(kept.length, 1)
  await db.check()
  t.strictSame(await pids(), kept, 'which is kept for the next question')
  await asSuperuser(url, 'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')
  t.match(await db.check(), { ok: true }, 'and made anew when it is lost')
  await db.dispose()
  t.ok(await disconnected(url))
})

t.test('the connection is closed when nobody has asked for a while', async (t) => {
  t.ok(await disconnected(url))
  const db = await assist(t, { writer: { config: onPostgres(url) } })
  await db.check()
  t.equal(await connectionsTo(url), 1)
  t.ok(await disconnected(url))
  t.match(await db.check(), { ok: true })
})

t.test('a pool that is exhausted is not a database that is down', async (t) => {
  const db = await assist(t, { writer: { config: onPostgres(url, { pool: { max: 1 } }) } })
  await using container = db.session()
  const writer = untyped(container.get('writer' as never))
  await writer.begin()
  await writer.execute('select 1')
  t.strictSame(db.stats()['writer']!.pool, { total: 1, idle: 0, max: 1, waiting: 0 })
  t.match(await db.check(), { ok: true })
})

t.test('a kept connection that has gone dead is not taken for the server', async (t) => {
  const proxy = await tcpProxy(t, url)
  const db = await assist(t, { writer: { config: onPostgres(proxy.url) } })
  t.match(await db.check(), { ok: true })
  proxy.freeze()
  t.match(await db.check(), { ok: true }, 'a new one answers')
})

t.test('a server that is frozen, stopped, read-only, and back', async (t) => {
  const server = await ownPostgres(t)
  const db = await assist(t, { writer: { config: onPostgres(server.url) } })
  t.match(await db.check(), { ok: true })

  server.freeze()
  t.match(await db.check(), { ok: false, engines: { writer: { ok: false, readOnly: false, error: /no answer within 1000 ms|timeout expired/ } } })
  t.match(await db.check(), { ok: false }, 'nor a new connection')
  server.thaw()
  t.match(await eventuallyHealthy(db), { engines: { writer: healthy(false) } })

  await server.stop()
  t.match(await db.check(), { ok: false, engines: { writer: { ok: false, error: /ECONNREFUSED/ } } })
  await server.start()
  t.match(await db.check(), { ok: true }, 'at once, because nothing of before is remembered')

  await asSuperuser(server.url, 'alter system set default_transaction_read_only = on')
  await asSuperuser(server.url, 'select pg_reload_conf()')
  await eventually(async () => (await db.check()).engines['writer']!.readOnly)
  t.match(await db.check(), { ok: false, engines: { writer: { ok: true, readOnly: true } } }, 'it answers, but a writer that cannot write is not ok')
})

t.test('a standby says how far behind it is', async (t) => {
  const primary = await ownPostgres(t)
  const wire = await tcpProxy(t, primary.url)
  const standby = await standbyOf(t, primary, wire.url)
  const db = await assist(t, { writer: { config: onPostgres(primary.url) }, reader: { config: onPostgres(standby.url), readonly: true }, promoted: { config: onPostgres(standby.url) } })
  const lagMs = async (): Promise<number | undefined> => (await db.check()).engines['reader']!.lagMs
  await asSuperuser(primary.url, 'create table something as select 1 as one')
  await eventually(async () => await hasCaughtUp(primary, standby) && (await lagMs()) === 0)
  t.match(await db.check(), { ok: false, engines: { writer: healthy(false), reader: { ...healthy(true), lagMs: 0 }, promoted: { ok: true, readOnly: true, lagMs: 0 } } })
  t.notOk('lagMs' in (await db.check()).engines['writer']!)

  const log = recordingLogger()
  const follower = await assist(t, { writer: { config: onPostgres(primary.url) }, reader: { config: onPostgres(standby.url), readonly: true, follows: 'writer' } }, { logger: log })
  await using container = follower.session()
  await Promise.all([1, 2].map(async () => await untyped(container.get('reader' as never)).execute('select 1')))
  t.strictSame(log.lines.filter(({ level }) => level === 'info').length, 1, 'whoever reads from a standby like this is told of replicas, once')
  t.match(log.lines.find(({ level }) => level === 'info'), { context: { engine: 'reader' }, message: /name the server in 'replicas'/ })

  await asSuperuser(standby.url, 'select pg_wal_replay_pause()')
  await asSuperuser(primary.url, 'insert into something values (2)')
  await eventually(async () => (await lagMs())! > 0)
  await asSuperuser(standby.url, 'select pg_wal_replay_resume()')
  await eventually(async () => (await lagMs()) === 0)

  wire.refuse(true)
  wire.cut()
  await asSuperuser(primary.url, 'insert into something values (3)')
  await eventually(async () => (await lagMs())! > 0)
  t.match(await asSuperuser(standby.url, 'select pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() as all'), [{ all: true }], 'it has replayed all that it got: that is not all that there is')
  wire.refuse(false)
  await eventually(async () => (await lagMs()) === 0)

  await asSuperuser(standby.url, 'select pg_promote()')
  await eventually(async () => (await db.check()).ok)
  t.notOk('lagMs' in (await db.check()).engines['promoted']!)
})

t.test('SQLite: also while a transaction holds the only connection, and where the file is no database', async (t) => {
  const file = sqliteFile(t)
  const missing = sqliteFile(t)
  const wrong = sqliteFile(t)
  writeFileSync(wrong, 'a letter, and no database. '.repeat(100))
  const db = await assist(t, {
    writer: { config: onSqlite(file) },
    memory: { config: onSqlite(':memory:') },
    reader: { config: onSqlite(missing), readonly: true },
    wrong: { config: onSqlite(wrong), readonly: true },
  })
  await using container = db.session()
  const writer = untyped(container.get('writer' as never))
  await writer.begin()
  await writer.execute('create table something (one int)')
  t.match(await db.check(), {
    ok: false,
    engines: { writer: healthy(false), memory: healthy(false), reader: { ok: false, readOnly: true, error: /unable to open|does not exist/ }, wrong: { ok: false, error: /not a database/ } },
  })
  await writer.commit()
  new Database(missing).close()
  writeFileSync(missing, '')
  t.match((await db.check()).engines['reader'], { ok: true }, 'it is there now')
})

t.test('connections of the application, and drivers that are not known, are asked as well', async (t) => {
  const foreign = await MikroORM.init({ ...onPostgres(url, { pool: { max: 1 } }), contextName: 'foreign', entities: [], discovery: { warnWhenNoEntities: false } } as Options)
  const pool = new pg.Pool({ connectionString: url })
  const database = new Database(':memory:')
  t.teardown(async () => (await foreign.close(), database.close()))
  const readyMade = onSqlite('shared', { driverOptions: new SqliteDialect({ database }) } as never)
  const db = await assist(t, {
    foreign: { orm: foreign },
    readyMade: { config: onPostgres(url, { driverOptions: new PostgresDialect({ pool }) }) },
    shared: { config: readyMade },
    sharedReader: { config: readyMade, readonly: true },
    notebook: onNotebook(sqliteFile(t)),
  })
  t.match(await db.check(), { ok: true, engines: { foreign: healthy(false), readyMade: healthy(false), shared: healthy(false), sharedReader: healthy(true), notebook: healthy(false) } })

  await using container = db.session()
  const holder = untyped(container.get('foreign' as never))
  await holder.begin()
  await holder.execute('select 1')
  t.match((await db.check()).engines['foreign'], { ok: false, error: 'no answer within 1000 ms' }, 'bounded, where the pool is not ours to go past')
})

t.test('a model that is wrong, found at first use, and an engine that is disposed of', async (t) => {
  const db = await assist(t, { writer: { config: onPostgres(url, { entities: [] }) }, reader: { config: onPostgres(url), readonly: true } }, { discovery: 'deferred' })
  t.match(await db.check(), { ok: false, engines: { writer: { ok: false, error: /could not be discovered/ }, reader: healthy(true) } })
  await db.dispose()
  t.match(await db.check(), { ok: false, engines: { writer: { ok: false, error: /has been disposed/ }, reader: { ok: false, readOnly: true, error: /has been disposed/ } } })
  t.ok(await disconnected(url))
})
