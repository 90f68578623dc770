// Statements that take long, in the log of the request, without what they were sent with; and transactions that are held open over something else.
import type { FastifyRequest } from 'fastify'
import { onSqlAssistEvent } from 'fastify-sqlassist/orm'
import pg from 'pg'
import t from 'tap'
import { asSuperuser } from '../../support/databases.ts'
import { eventually } from '../../orm/postgres/fixtures/pool.ts'
import { Author, Book, Note } from '../endings/model.ts'
import { postgres } from '../endings/service.ts'
import { onEachDatabase, type Service, service, sessionsOf } from './fixtures/service.ts'

onEachDatabase(t, 'a slow statement is named, without its values', async (t, database) => {
  const it = await service(t, database, { slowQueryMs: 0.000_001 })
  it.app.get('/', async (request) => {
    await sessionsOf(request).reader.execute(`select name, -12.5 as n, /* secret */ ? as p from author where name <> 'secret' limit 2 -- secret`, ['secret'])
    return {}
  })
  it.app.get('/list', async (request) => {
    await sessionsOf(request).reader.execute(`select 1 as one where 'secret' in (${"'secret', ".repeat(5000)} 'secret')`)
    return {}
  })
  it.app.get('/columns', async (request) => {
    await sessionsOf(request).reader.execute(`select ${Array.from({ length: 300 }, (_, i) => `'x' as column_${i}`).join(', ')}`)
    return {}
  })
  it.app.get('/patient', { config: { sqlassist: { slowQueryMs: 600_000 } } }, async (request) => ({ authors: await sessionsOf(request).reader.count(Author) }))
  await it.get('/')
  it.lines.splice(0) // with what a first connection asks
  await it.get('/')
  const [line, ...more] = it.warned()
  t.strictSame(more.filter(({ engine }) => engine !== 'reader'), [])
  t.match(line, {
    engine: 'reader', rows: 2, sql: 'select name , ? as n , ? as p from author where name <> ? limit ?', requestId: line?.reqId, durationMs: Number,
    caller: /slow-and-idle\.test\.ts:\d+:\d+$/, msg: /^Request req-\w+ \(GET \/\): a statement on engine 'reader' took \d+ ms; the limit is 'slowQueryMs'$/,
  })
  await it.get('/list')
  t.match(it.warned(), [{ sql: 'select ? as one where ? in ( ?, ...' }])
  await it.get('/columns')
  t.equal(String(it.warned()[0]?.['sql']).length, 2000)
  await it.get('/patient')
  t.strictSame(it.warned(), [])
})

/** The request waits for something else than a database, until the log tells of it. */
const somethingElse = async (it: Service, pattern = /has asked nothing/): Promise<void> => await eventually(() => it.lines.some(({ msg }) => pattern.test(msg)))

onEachDatabase(t, 'a transaction that is held open over something else is named, and summed up at its end', async (t, database) => {
  const it = await service(t, database, { idleTransactionMs: 20, transaction: 'request' })
  const leaks: (string | undefined)[] = []
  t.teardown(onSqlAssistEvent('sqlassist:leak', ({ kind, requestId, engine }) => void leaks.push(`${kind} ${requestId} ${engine}`)))
  const hold = async (request: FastifyRequest): Promise<object> => {
    await sessionsOf(request).writer.insert(Note, { text: 'of a transaction' })
    await somethingElse(it)
    return {}
  }
  it.app.get('/commit', hold)
  it.app.get('/abort', async (request) => {
    await hold(request)
    throw new Error('no')
  })
  it.app.get('/own', { config: { sqlassist: { transaction: 'manual' } } }, async (request) => {
    await sessionsOf(request).writer.transactional(async () => await hold(request))
    return {}
  })
  for (const path of ['/commit', '/abort', '/own']) {
    await it.get(path)
    const warned = it.warned()
    t.equal(warned.length, 2, path)
    const { reqId } = warned[0]!
    t.match(warned, [
      { engine: 'writer', requestId: reqId, idleMs: Number, caller: /slow-and-idle\.test\.ts:\d+:\d+$/, msg: /^Request req-\w+ \(GET \/\w+\) is in a transaction on 'writer' and has asked nothing for \d+ ms: .*'idleTransactionMs'$/ },
      { engine: 'writer', requestId: reqId, ms: Number, idleMs: Number, msg: /^Request req-\w+ \(GET \/\w+\): its transaction on 'writer' was open for \d+ ms, and for \d+ ms of that nothing was asked$/ },
    ], path)
    t.ok(Number(warned[1]!['idleMs']) >= 20 && Number(warned[1]!['idleMs']) <= Number(warned[1]!['ms']))
    t.strictSame(leaks.splice(0), [`transaction ${reqId} writer`], 'listeners are told')
  }
  await it.app.sqlassist.engine('writer').orm.em.fork().nativeDelete(Note, {})
})

onEachDatabase(t, 'each transaction is named once, also where the event loop was blocked', async (t, database) => {
  const it = await service(t, database, { idleTransactionMs: 20 })
  it.app.get('/', async (request) => {
    await sessionsOf(request).reader.transactional(async (em) => {
      await em.count(Author)
      for (const end = performance.now() + 25; performance.now() < end; );
      await em.count(Author)
      t.equal(it.lines.length, 1)
      await new Promise((resolve) => setTimeout(resolve, 25))
      await em.count(Author)
    })
    return {}
  })
  await it.get('/')
  t.match(it.warned().map(({ msg }) => /nothing was asked|has asked nothing/.exec(msg)?.[0]), ['has asked nothing', 'nothing was asked'])
})

onEachDatabase(t, 'of two engines that are held open, one line tells', async (t, database) => {
  const it = await service(t, database, { idleTransactionMs: 400, transaction: 'request', snapshot: true })
  it.app.get('/', async (request) => {
    const { reader, writer } = sessionsOf(request)
    await writer.count(Author)
    await reader.count(Author)
    await somethingElse(it)
    return {}
  })
  await it.get('/')
  const said = it.warned().map(({ msg }) => /on '.* and has|its transaction on '\w+'/.exec(msg)?.[0]).toSorted((a, b) => String(a).localeCompare(String(b)))
  t.strictSame(said, [`its transaction on 'reader'`, `its transaction on 'writer'`, `on 'writer' and 'reader' and has`])
})

/** Longer than the limit, which is long enough for a slow machine to send one statement after another. */
const LIMIT_MS = 1000
const LONGER_MS = 1300
const longer = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, LONGER_MS))

onEachDatabase(t, 'what waits outside of a transaction is left alone', async (t, database) => {
  const it = await service(t, database, { idleTransactionMs: LIMIT_MS })
  it.app.get('/', async (request) => {
    const { reader, writer } = sessionsOf(request)
    await reader.count(Author)
    await writer.transactional(async (em) => await em.count(Book))
    await writer.transactional(async (em) => {
      await em.count(Book)
      throw new Error('no')
    }).catch(() => {})
    await longer()
    return {}
  })
  t.equal((await it.get('/')).status, 200)
  t.strictSame(it.warned(), [])
})

t.test('what waits for a lock, or for another engine, is not idle', async (t) => {
  const database = await postgres(t)
  const it = await service(t, database, { idleTransactionMs: LIMIT_MS, transaction: 'request', snapshot: true })
  it.app.get('/transfer', async (request) => {
    const { reader, writer } = sessionsOf(request)
    await reader.count(Author) // joined as well
    await writer.execute(`update author set name = 'Joyce, James'`)
    return {}
  })
  it.app.get('/other', async (request) => {
    const { reader, writer } = sessionsOf(request)
    await Promise.all([writer.count(Author), reader.execute(`select pg_sleep(${LONGER_MS / 1000})`)])
    return {}
  })
  const somebody = new pg.Client({ connectionString: database.at })
  await somebody.connect()
  await somebody.query('begin; update author set name = name')
  const transfer = it.get('/transfer')
  const waits = async (): Promise<boolean> =>
    (await asSuperuser(database.at, `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length === 1
  await eventually(waits)
  await longer()
  await somebody.query('commit')
  t.equal((await transfer).status, 200)
  t.equal((await it.get('/other')).status, 200)
  t.strictSame(it.warned(), [])
  await somebody.end()
})
