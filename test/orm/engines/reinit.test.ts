// reinitEngine(): new connections for everything from now on, and nobody who is at work notices.
import Database from 'better-sqlite3'
import { SqliteDialect } from 'kysely'
import { copyFileSync, renameSync, rmSync } from 'node:fs'
import t, { type Test } from 'tap'
import { MikroORM, type Options } from '@mikro-orm/postgresql'
import { createSqlAssist, type SqlAssist, sqlAssistConfig } from 'fastify-sqlassist/orm'
import { asSuperuser, postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { Load } from '../postgres/failover/load.ts'
import { configOf, makeTables, serve } from '../postgres/failover/service.ts'
import { assist } from '../sessions/fixtures/engines.ts'
import { onNotebook } from './fixtures/notebook.ts'
import { Book, errorOf, eventually, onPostgres, onSqlite, recordingLogger, Shelf, untyped } from './library.ts'

const url = await postgresDatabase(t)
await makeTables(url)
{
  await using db = await createSqlAssist({ engines: { writer: { config: onPostgres(url) } } })
  await db.engine('writer').orm.schema.create()
}

const pids = async (): Promise<number[]> =>
  (await asSuperuser<{ pid: number }>(url, `select pid from pg_stat_activity where datname = current_database() and application_name like 'fastify-sqlassist/%'`)).map(({ pid }) => pid)

const session = (t: Test, db: SqlAssist, engine = 'writer') => {
  const container = db.session()
  t.teardown(async () => await container.close())
  return untyped(container.get(engine as never))
}

/** Runs something in a transaction that stays open until it is told to end. */
function openTransaction(em: ReturnType<typeof untyped>, work: (em: ReturnType<typeof untyped>) => Promise<unknown>) {
  const [begun, ending] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const done = em.transactional(async (em) => {
    await work(untyped(em))
    begun.resolve()
    await ending.promise
  })
  return { begun: Promise.race([begun.promise, done]), end: async () => (ending.resolve(), await done), done }
}

t.test('under load no request fails, and the old connections are closed at the end', async (t) => {
  const { app, url: address } = await serve(t, { writer: { config: configOf(url) }, reader: { config: configOf(url), readonly: true } })
  const load = new Load(address, ['GET /notes', 'GET /transaction', 'GET /slow', 'POST /flush', 'POST /insert'])
  await load.everyPathAnswers(200)
  for (let times = 0; times < 5; times++) {
    const before = await pids()
    t.ok(before.length > 0)
    await Promise.all([app.sqlassist.reinitEngine('writer'), app.sqlassist.reinitEngine('reader')])
    await eventually(async () => !(await pids()).some((pid) => before.includes(pid)))
    await load.everyPathAnswers(200)
  }
  await load.stop()
  t.strictSame(Object.keys(load.summary), ['200'], `${load.answers.length} requests`)
  const kept = new Set((await asSuperuser<{ text: string }>(url, 'select text from note')).map(({ text }) => text))
  t.strictSame(load.saved.filter((text) => !kept.has(text)), [])
  for (const { pool } of Object.values(app.sqlassist.stats())) t.ok(pool!.total > 0 && pool!.total === pool!.idle, 'what is counted is the new pools')
})

t.test('an open transaction ends on the old pool, who waits there is served there, and who comes later need not wait', async (t) => {
  const db = await assist(t, { writer: { config: onPostgres(url, { pool: { max: 1 } }) } })
  const transaction = openTransaction(session(t, db), async (em) => await em.insert(Shelf, { label: 'old' }))
  await transaction.begun
  const waiting = session(t, db).execute<{ pid: number }[]>('select pg_backend_pid() as pid')
  await eventually(() => db.stats()['writer']!.pool!.waiting === 1)
  const [old] = await pids()
  const renewed = db.reinitEngine('writer')
  const [{ pid: fresh }] = (await session(t, db).execute<{ pid: number }[]>('select pg_backend_pid() as pid')) as [{ pid: number }]
  t.not(fresh, old)
  t.match(db.stats()['writer']!.pool, { total: 2, max: 1 }, 'for a while there are more connections than max')
  await transaction.end()
  t.strictSame(await waiting, [{ pid: old }])
  await renewed
  t.strictSame(await pids(), [fresh])
  t.equal(await session(t, db).count(Shelf, { label: 'old' }), 1)
})

t.test('what does not end in time is destroyed, with a warning', async (t) => {
  const log = recordingLogger()
  const db = await assist(t, { writer: { config: onPostgres(url, { pool: { max: 1 } }) } }, { closeTimeoutMs: 100, logger: log })
  const transaction = openTransaction(session(t, db), async (em) => await em.insert(Shelf, { label: 'never' }))
  await transaction.begun
  const late = openTransaction(session(t, db), async (em) => await em.execute('select 1'))
  await eventually(() => db.stats()['writer']!.pool!.waiting === 1)
  await db.reinitEngine('writer')
  t.match(log.lines, [{ level: 'warn', context: { engine: 'writer', timeoutMs: 100 }, message: /after 100 ms old connections were still in use: they are destroyed/ }])
  t.match(await errorOf(transaction.end), { code: 'SQLASSIST_DATABASE_UNAVAILABLE', message: /reinitialised/ })
  await late.begun
  await late.end() // it waited for the old pool, and has come after its time
  t.equal(await session(t, db).count(Shelf, { label: 'never' }), 0)
  await eventually(async () => (await pids()).length === 1)
})

t.test('an engine that has not connected yet, and one that is disposed of', async (t) => {
  const db = await assist(t, { writer: { config: onPostgres(url) }, file: { config: onSqlite(sqliteFile(t)) } })
  await db.reinitEngine()
  t.strictSame(await pids(), [])
  await db.dispose()
  t.match(await errorOf(async () => await db.reinitEngine('writer')), { code: 'SQLASSIST_DISPOSED' })
})

t.test('without a name all that can be are; what cannot be is refused by name', async (t) => {
  const foreign = await MikroORM.init({ ...onPostgres(url), contextName: 'foreign', entities: [], discovery: { warnWhenNoEntities: false } } as Options)
  const database = new Database(':memory:')
  t.teardown(async () => (await foreign.close(), database.close()))
  const readyMade = { driverOptions: new SqliteDialect({ database }) }
  const db = await assist(t, {
    writer: { config: onPostgres(url) },
    own: { orm: await MikroORM.init(sqlAssistConfig('own', onPostgres(url))), dispose: true },
    foreign: { orm: foreign },
    memory: { config: onSqlite(':memory:') },
    shared: { config: onSqlite('shared', readyMade as never) },
    notebook: onNotebook(sqliteFile(t)),
    file: { config: onSqlite(sqliteFile(t)) },
  })
  for (const name of db.engineNames) await session(t, db, name).execute('select 1')
  const before = await pids()
  t.equal(before.length, 2)
  await db.reinitEngine()
  await eventually(async () => !(await pids()).some((pid) => before.includes(pid)))
  for (const name of db.engineNames) t.equal((await session(t, db, name).execute<unknown[]>('select 1')).length, 1, name)
  const refused = { foreign: /made without sqlAssistConfig\(\)/, memory: /in memory would be lost/, shared: /ready-made kysely/, notebook: /not known for its driver/ }
  for (const [name, message] of Object.entries(refused)) {
    t.match(await errorOf(async () => await db.reinitEngine(name)), { code: 'SQLASSIST_REINIT_UNSUPPORTED', message })
  }
  t.match(await errorOf(async () => await db.reinitEngine('nobody')), { code: 'SQLASSIST_ENGINE_UNKNOWN' })
})

t.test('who listens to the pool hears of the connections of every later one', async (t) => {
  const heard: string[] = []
  const onPoolCreated = (pool: { on(event: string, listener: () => void): void }): void => {
    for (const event of ['connect', 'remove']) pool.on(event, () => heard.push(event))
  }
  const db = await assist(t, { writer: { config: onPostgres(url, { driverOptions: { onPoolCreated } }) } })
  for (let times = 0; times < 2; times++) {
    await session(t, db).execute('select 1')
    await db.reinitEngine('writer')
  }
  await eventually(() => heard.length === 4)
  t.strictSame(heard, ['connect', 'remove', 'connect', 'remove'])
})

t.test('credentials that rotate: a function is asked for the password of each new connection', async (t) => {
  await asSuperuser(url, `create role clerk login password 'one'; grant all on shelf to clerk`)
  t.teardown(async () => await asSuperuser(url, 'drop owned by clerk; drop role clerk'))
  const address = new URL(url)
  ;[address.username, address.password] = ['clerk', '']
  let secret = 'one'
  const password = async (): Promise<string> => secret
  const db = await assist(t, {
    ofPg: { config: onPostgres(address.href, { driverOptions: { password } }) },
    ofMikroOrm: { config: onPostgres(address.href, { password }) },
  })
  const countBy = async (engine: string): Promise<number> => await session(t, db, engine).count(Shelf, { label: 'nobody' })
  for (const engine of db.engineNames) t.equal(await countBy(engine), 0)
  for (const [rotation, renew] of Object.entries({
    'the old connections are ended on the server': async (): Promise<void> => void (await asSuperuser(url, `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'clerk'`)),
    'the engines are reinitialised': async (): Promise<void> => await db.reinitEngine(),
  })) {
    secret = rotation
    await asSuperuser(url, `alter role clerk password '${secret}'`)
    for (const engine of db.engineNames) t.equal(await countBy(engine), 0, 'a connection that is open needs no password')
    const before = await pids()
    await renew()
    await eventually(async () => !(await pids()).some((pid) => before.includes(pid)))
    for (const engine of db.engineNames) t.equal(await countBy(engine), 0, `${engine}: ${rotation}`)
    t.match(await db.check(), { ok: true })
  }
  secret = 'wrong'
  await db.reinitEngine()
  t.match(await errorOf(async () => await countBy('ofPg')), { message: /password authentication failed/ })
})

t.test('SQLite: the file that is there now is opened, with everything that belongs to a connection', async (t) => {
  const file = sqliteFile(t)
  const [other, attached] = [`${file}.other`, `${file}.attached`]
  {
    await using db = await createSqlAssist({ engines: { other: { config: onSqlite(other) }, attached: { config: onSqlite(attached) } } })
    for (const engine of ['other', 'attached'] as const) await db.engine(engine).orm.schema.create()
    await using container = db.session()
    await untyped(container.other).insert(Shelf, { label: 'of the other file' })
    await untyped(container.other).execute('pragma wal_checkpoint(truncate)')
  }
  const attach = { attachDatabases: [{ name: 'side', path: attached }] }
  const db = await assist(t, { writer: { config: onSqlite(file, attach as never) }, reader: { config: onSqlite(file), readonly: true } })
  await db.engine('writer').orm.schema.create()
  t.equal(await session(t, db, 'reader').count(Shelf), 0)
  renameSync(other, file)
  for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
  t.equal(await session(t, db, 'reader').count(Shelf), 0, 'an open handle looks at the old file')
  await db.reinitEngine()
  for (const engine of ['writer', 'reader']) t.equal(await session(t, db, engine).count(Shelf), 1, engine)
  const pragma = async (name: string): Promise<unknown> => await session(t, db).execute(`pragma ${name}`)
  t.strictSame([await pragma('foreign_keys'), await pragma('journal_mode')], [[{ foreign_keys: 1 }], [{ journal_mode: 'wal' }]])
  t.strictSame(await session(t, db).execute('select count(*) as n from side.shelf'), [{ n: 0 }], 'what was attached is attached again')
  await t.rejects(session(t, db, 'reader').execute(`insert into shelf (label) values ('no')`), { code: 'SQLASSIST_READONLY_ENGINE' })
})

t.test('SQLite: under load nothing fails and nothing is lost', async (t) => {
  const db = await assist(t, { writer: { config: onSqlite(sqliteFile(t)) } })
  await db.engine('writer').orm.schema.create()
  const ending = new AbortController()
  let written = 0
  const lanes = Array.from({ length: 6 }, async (_, lane) => {
    for (let turn = 0; !ending.signal.aborted; turn++) {
      await using container = db.session()
      const writer = untyped(container.get('writer' as never))
      await writer.transactional(async (em) => {
        await em.insert(Shelf, { label: `${lane} ${turn}` })
        await new Promise((resolve) => setTimeout(resolve, 1)) // others wait meanwhile
        await em.insert(Shelf, { label: `${lane} ${turn} again` })
      })
      written += 2
      await writer.count(Shelf)
    }
  })
  for (let times = 0; times < 10; times++) {
    const from = written
    await db.reinitEngine('writer')
    await eventually(() => written > from + 6)
  }
  ending.abort()
  await Promise.all(lanes)
  t.equal(await session(t, db).count(Shelf), written, `${written} rows`)
})

t.test('SQLite: an open transaction ends first; who comes meanwhile waits, also longer than the limit', async (t) => {
  const log = recordingLogger()
  const db = await assist(t, { writer: { config: onSqlite(sqliteFile(t)) } }, { closeTimeoutMs: 50, logger: log })
  await db.engine('writer').orm.schema.create()
  const transaction = openTransaction(session(t, db), async (em) => await em.insert(Shelf, { label: 'first' }))
  await transaction.begun
  const waiting = session(t, db).insert(Shelf, { label: 'second' })
  await db.reinitEngine('writer')
  t.match(log.lines, [{ level: 'warn', message: /after 50 ms a transaction was still open: the file is opened anew when it ends/ }])
  const last = session(t, db).findAll(Shelf, { orderBy: { id: 'asc' } })
  await transaction.end()
  await waiting
  t.match(await last, [{ label: 'first' }, { label: 'second' }])
})

t.test('SQLite: where there is no file any more, the old handle goes on', async (t) => {
  const file = sqliteFile(t)
  const writer = await assist(t, { writer: { config: onSqlite(file) } })
  await writer.engine('writer').orm.schema.create()
  await writer.dispose()
  const db = await assist(t, { reader: { config: onSqlite(file), readonly: true } })
  t.equal(await session(t, db, 'reader').count(Book), 0)
  copyFileSync(file, `${file}.away`)
  rmSync(file)
  t.match(await errorOf(async () => await db.reinitEngine('reader')), { message: /unable to open|does not exist/ })
  t.equal(await session(t, db, 'reader').count(Book), 0)
  renameSync(`${file}.away`, file)
  await db.reinitEngine('reader')
  t.equal(await session(t, db, 'reader').count(Book), 0)
})
