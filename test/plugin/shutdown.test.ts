// app.close(): what it waits for, what it ends, and that nothing comes back to life after it.
import Fastify, { type FastifyInstance } from 'fastify'
import sqlassist, { createSqlAssist, type SqlAssist } from 'fastify-sqlassist'
import t from 'tap'
import { asSuperuser } from '../support/databases.ts'
import { exchange, RawClient } from '../support/http-client.ts'
import { until } from './endings/ending.ts'
import { LogLines } from './endings/log-lines.ts'
import { Note } from './endings/model.ts'
import { configOf, type Database, makeService, portOf, postgres, sqlite, statsOf, type Writer, writerOf } from './endings/service.ts'
import { listening, noneLeft } from './endings/service-checks.ts'

const notes = async ({ at }: Database): Promise<string[]> => (await asSuperuser<{ text: string }>(at, 'select text from note order by id')).map(({ text }) => text)

const forever = async (): Promise<never> => await new Promise(() => {})

const writerIn = (container: object): Writer => (container as { writer: Writer }).writer

t.test('a request that ends in time is waited for: its reply arrives, its commit stays', async (t) => {
  const database = await postgres(t)
  const app = await makeService({ database })
  const [inHandler, closing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  app.addHook('preClose', async () => closing.resolve())
  app.get('/', async (request) => {
    const writer = writerOf(request)
    await writer.begin()
    inHandler.resolve()
    await closing.promise
    await writer.insert(Note, { text: 'in time' })
    await writer.commit()
    return 'saved'
  })
  await listening(t, app)
  const client = (await RawClient.connect(portOf(app))).request('GET', '/')
  await inHandler.promise
  await Promise.all([app.close(), client.answered(/saved/)])
  t.match(client.received, /^HTTP\/1.1 200 [^]*saved$/)
  t.match(client.received, /\r\nconnection: close\r\n/i, 'and its connection is not kept alive, which would hold the server')
  t.strictSame(await notes(database), ['in time'])
  t.ok(await noneLeft(database), 'and the pools are gone')
})

t.test('a request without an end is cut off, also one that touches its first session after that', async (t) => {
  const database = await postgres(t)
  const log = new LogLines()
  const app = await makeService({ database, closeTimeoutMs: 200, server: { logger: { level: 'warn', stream: log } } })
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  app.get('/', async (request) => {
    await writerOf(request).begin()
    request.raw.socket.once('close', () => second.resolve())
    first.resolve()
    await forever()
  })
  app.get('/late', async (request) => {
    await second.promise
    await writerOf(request).count(Note)
    await forever()
  })
  await listening(t, app)
  const late = (await RawClient.connect(portOf(app))).request('GET', '/late')
  const client = (await RawClient.connect(portOf(app))).request('GET', '/')
  await first.promise
  await app.close()
  t.equal(await client.answered(), 'connection closed')
  t.equal(await late.answered(), 'connection closed')
  t.ok(await noneLeft(database))
  t.match(log.lines, [{ msg: '1 requests still held sessions 200 ms after close() and are cut off' }, { msg: /^1 requests/ }])
})

t.test('a connection that is kept alive, and became idle while the application closed, is not waited for', async (t) => {
  const database = await postgres(t)
  const app = await makeService({ database, closeTimeoutMs: 200 })
  const [inHandler, closing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  app.addHook('preClose', async () => closing.resolve())
  app.get('/', async () => {
    inHandler.resolve()
    await closing.promise
    return 'without a database'
  })
  await listening(t, app)
  const client = (await RawClient.connect(portOf(app))).request('GET', '/')
  await inHandler.promise
  const closed = app.close()
  t.equal(await client.answered(/without a database/), '200')
  await closed
  t.equal(await client.answered(), '200')
})

t.test('a statement that runs for hours does not hold the application', async (t) => {
  const database = await postgres(t)
  const app = await makeService({ database, closeTimeoutMs: 200 })
  app.get('/', async (request) => {
    const writer = writerOf(request)
    await writer.begin()
    await writer.execute('select pg_sleep(3600)')
  })
  await listening(t, app)
  const client = (await RawClient.connect(portOf(app))).request('GET', '/')
  const running = `select count(*)::int n from pg_stat_activity where datname = current_database() and query like 'select pg_sleep%' and state = 'active'`
  t.ok(await until(async () => (await asSuperuser<{ n: number }>(database.at, running))[0]!.n === 1))
  await app.close()
  t.equal(await client.answered(), 'connection closed')
  t.strictSame(statsOf(app).pool, { total: 0, idle: 0, waiting: 0, max: 3 })
})

t.test('a connection that nobody gives back does not hold the application', async (t) => {
  const database = await postgres(t)
  const log = new LogLines()
  const app = await makeService({ database, closeTimeoutMs: 200, server: { logger: { level: 'warn', stream: log } } })
  await app.ready()
  const outside = app.sqlassist.engine('writer').orm.em.fork()
  await outside.begin()
  await app.close()
  t.ok(await noneLeft(database))
  t.match(log.lines, [{ engine: 'writer', msg: /connections in use after 200 ms: they are destroyed/ }])
})

t.test('a job that goes on is closed after the timeout', async (t) => {
  const database = await postgres(t)
  const app = await makeService({ database, closeTimeoutMs: 200 })
  await app.ready()
  const job = app.sqlassist.session()
  await writerIn(job).begin()
  await writerIn(job).insert(Note, { text: 'too late' })
  await app.close()
  t.throws(() => job.get('writer' as never), { code: 'SQLASSIST_SESSION_CLOSED' })
  t.strictSame(await notes(database), [])
  t.ok(await noneLeft(database))
})

for (const [name, make] of Object.entries({ PostgreSQL: postgres, SQLite: sqlite })) {
  t.test(`nothing opens a pool after the end on ${name}`, async (t) => {
    const database = await make(t)
    const app = await makeService({ database })
    const taken: Record<string, () => unknown> = {}
    app.get('/', async (request) => {
      const writer = writerOf(request)
      const kysely = writer.getKysely()
      await writer.count(Note)
      taken['a Kysely of the session'] = () => kysely.selectFrom('note' as never).selectAll().execute()
      taken['the session'] = () => writer.count(Note)
      taken['the request'] = () => writerOf(request)
      return 'done'
    })
    await listening(t, app)
    await exchange(portOf(app), 'GET', '/')
    const { orm } = app.sqlassist.engine('writer')
    const global = (orm.em as unknown as Writer).getKysely()
    const fork = orm.em.fork()
    await app.close()
    Object.assign(taken, {
      'a fork of the global EntityManager': () => orm.em.fork().find(Note, {}),
      'a fork made before': () => fork.find(Note, {}),
      'a transaction of a fork': () => orm.em.fork().begin(),
      'raw SQL on the connection': () => orm.driver.getConnection().execute('select 1'),
      'a Kysely of the global EntityManager': () => global.selectFrom('note' as never).selectAll().execute(),
      'a new Kysely': () => (orm.em.fork() as unknown as Writer).getKysely().selectFrom('note' as never).selectAll().execute(),
      'connect()': () => orm.connect(),
      'reconnect()': () => orm.reconnect(),
      'a container': () => app.sqlassist.session(),
    })
    for (const [way, use] of Object.entries(taken)) await t.rejects(async () => await use(), way)
    await t.rejects(async () => app.sqlassist.session(), { code: 'SQLASSIST_DISPOSED' })
    await t.rejects(async () => await orm.em.fork().find(Note, {}), { code: 'SQLASSIST_DISPOSED' })
    if (database.dialect === 'postgresql') t.ok(await noneLeft(database), 'the server sees no connection')
  })
}

t.test('engines that were handed in outlive the application, unless it is to dispose of them', async (t) => {
  const database = await postgres(t)
  const db = (await createSqlAssist({ engines: { writer: { config: configOf(database) } } })) as unknown as SqlAssist
  t.teardown(async () => await db.dispose())
  const start = async (options: object = {}): Promise<FastifyInstance> => {
    const app = Fastify()
    await app.register(sqlassist, { sqlassist: db, closeTimeoutMs: 200, ...options })
    app.get('/', async (request) => await writerOf(request).count(Note))
    return await listening(t, app)
  }
  const [one, other] = [await start(), await start()]
  t.equal(await exchange(portOf(one), 'GET', '/'), '200')
  await one.close()
  t.equal(await exchange(portOf(other), 'GET', '/'), '200', 'the other application goes on')
  await other.close()
  {
    await using container = db.session()
    t.equal(await writerIn(container).count(Note), 0, 'and so does a job')
  }
  const last = await start({ dispose: true })
  await last.close()
  t.throws(() => db.session(), { code: 'SQLASSIST_DISPOSED' })
  t.ok(await noneLeft(database))
})

t.test('closing one of two applications does not wait for the requests of the other one', async (t) => {
  const database = await postgres(t)
  const db = (await createSqlAssist({ engines: { writer: { config: configOf(database) } } })) as unknown as SqlAssist
  t.teardown(async () => await db.dispose())
  const [quiet, busy] = [Fastify(), Fastify()]
  const [inHandler, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  for (const app of [quiet, busy]) await app.register(sqlassist, { sqlassist: db })
  busy.get('/', async (request) => {
    const writer = writerOf(request)
    await writer.begin()
    inHandler.resolve()
    await release.promise
    await writer.insert(Note, { text: 'undisturbed' })
    await writer.commit()
    return 'done'
  })
  await listening(t, busy)
  await listening(t, quiet)
  const answer = exchange(portOf(busy), 'GET', '/')
  await inHandler.promise
  await quiet.close()
  release.resolve()
  t.equal(await answer, '200')
  t.strictSame(await notes(database), ['undisturbed'])
})

t.test('a request that comes while the application closes gets a 503 and no container', async (t) => {
  const database = await postgres(t)
  const app = await makeService({ database })
  const [inHandler, closing, refused] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  app.addHook('preClose', async () => closing.resolve())
  app.get('/', async (request) => {
    await writerOf(request).count(Note)
    inHandler.resolve()
    await refused.promise
    return 'done'
  })
  await listening(t, app)
  const [first, second] = [await RawClient.connect(portOf(app)), await RawClient.connect(portOf(app))]
  first.request('GET', '/')
  // Half a request: so the connection is not idle, and stays when the server closes the idle ones.
  second.send('GET / HTTP/1.1\r\nhost: localhost\r\n')
  await inHandler.promise
  const closed = app.close()
  await closing.promise
  t.equal(await second.send('connection: close\r\n\r\n').answered(), '503')
  refused.resolve()
  t.equal(await first.answered(), '200')
  await closed
  t.strictSame(statsOf(app).sessions, { open: 0, opened: 1, closed: 1 })
})
