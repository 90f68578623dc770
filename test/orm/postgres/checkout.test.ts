// Waiting for a connection: how long, how many, and what is said to those who wait in vain.
import type { Client, PoolClient } from 'pg'
import Fastify, { type FastifyRequest } from 'fastify'
import { sqlassist } from 'fastify-sqlassist'
import t from 'tap'
import { tcpProxy } from '../../support/tcp-proxy.ts'
import { gate, postgres } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { configOf, eventually, type Lab, lab, nativePool, outcomeOf, type Writer } from './fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!

const writerOf = (request: FastifyRequest): Writer => (request.dbSession as unknown as { writer: Writer }).writer

/** Holds all connections of a pool until what it returns is called. */
async function exhaust({ open, pool }: Lab): Promise<() => Promise<void>> {
  const containers = Array.from({ length: 2 }, () => open())
  for (const { writer } of containers) await writer.begin()
  if (pool().total !== pool().max || pool().idle !== 0) throw new Error('the pool is not exhausted')
  return async () => void (await Promise.all(containers.map(async (container) => await container.close({ aborted: true }))))
}

t.test('a wait has an end, and the error says what there is to know', async (t) => {
  const it = await lab(t, url, { limits: { checkoutTimeoutMs: 1500 } })
  const release = await exhaust(it)
  await using session = it.open()
  const errors = await Promise.all([1, 2, 3].map(async () => await outcomeOf(session.writer.fork().count(Author))))
  for (const error of errors) {
    t.match(error, { code: 'SQLASSIST_CHECKOUT_TIMEOUT', statusCode: 503, headers: { 'retry-after': '1' } })
    t.match(error.message, /engine 'writer' became free within 1500 ms \(2 of 2 in use, \d waiting; held longest by session writer#\d+ of The container, for \d+ ms\)/)
  }
  t.match(errors[0]!.message, '3 waiting')
  t.equal(it.pool().waiting, 0)
  await release()
  t.equal(await session.writer.count(Author), 0, 'and the session goes on when there is one')
  await it.checkAllBack('after the waits')
})

t.test('a request that waits in vain gets 503 with Retry-After, and the request that holds the connection is named', async (t) => {
  const app = Fastify()
  t.teardown(async () => await app.close())
  const config = configOf(url, 1)
  await app.register(sqlassist, { engines: { writer: { config, limits: { checkoutTimeoutMs: 1500 } } } })
  const [held, free] = [gate(), gate()]
  app.get('/hold', async (request) => await writerOf(request).transactional(async () => {
    held.open()
    await free.opened
    return 'done'
  }))
  app.get('/groups/:id', async (request) => await writerOf(request).count(Author))
  const holding = app.inject('/hold')
  await held.opened
  const refused = await app.inject('/groups/7')
  t.equal(refused.statusCode, 503)
  t.equal(refused.headers['retry-after'], '1')
  t.match(refused.json<object>(), { code: 'SQLASSIST_CHECKOUT_TIMEOUT', message: /held longest by session writer#\d+ of Request req-\w+ \(GET \/hold\), for \d+ ms/ })
  free.open()
  t.equal((await holding).statusCode, 200)
  t.equal((await app.inject('/groups/7')).statusCode, 200)
})

t.test('more than maxWaiting are refused at once', async (t) => {
  const it = await lab(t, url, { limits: { maxWaiting: 2, checkoutTimeoutMs: 60_000 } })
  const release = await exhaust(it)
  await using session = it.open()
  const waiting = [1, 2].map(async () => await session.writer.fork().count(Author))
  await eventually(() => it.pool().waiting === 2)
  const error = await outcomeOf(session.writer.fork().count(Author))
  t.match(error, { code: 'SQLASSIST_POOL_QUEUE_FULL', statusCode: 503, headers: { 'retry-after': '1' } })
  t.match(error.message, /engine 'writer' already \(2 of 2 in use, 2 waiting; held longest by session writer#\d+ of The container, for/)
  await release()
  t.strictSame(await Promise.all(waiting), [0, 0], 'those who waited are served')
  await it.checkAllBack('after the refusal')
})

t.test('maxWaiting: 0 means that nobody waits, not that nobody connects', async (t) => {
  const it = await lab(t, url, { limits: { maxWaiting: 0 } })
  const release = await exhaust(it)
  await using session = it.open()
  t.match(await outcomeOf(session.writer.count(Author)), { code: 'SQLASSIST_POOL_QUEUE_FULL' })
  await release()
  await it.checkAllBack('with maxWaiting: 0')
})

t.test('first come, first served', async (t) => {
  const it = await lab(t, url, { max: 1 })
  const holder = it.open()
  await holder.writer.begin()
  const order: number[] = []
  await using session = it.open()
  const served = Array.from({ length: 20 }, async (_, index) => {
    await session.writer.fork().execute('select 1')
    order.push(index)
  })
  await eventually(() => it.pool().waiting === 20)
  await holder.close({ aborted: true })
  await Promise.all(served)
  t.strictSame(order, Array.from({ length: 20 }, (_, index) => index))
})

t.test('whose session ends while it waits leaves the queue at once, and the connection that comes later goes to the next', async (t) => {
  const it = await lab(t, url, { limits: { checkoutTimeoutMs: 60_000 } })
  const release = await exhaust(it)
  const leaving = it.open()
  const left = [leaving.writer.count(Author), leaving.writer.fork().execute('select 1'), leaving.writer.begin()].map(outcomeOf)
  await eventually(() => it.pool().waiting === 3)
  await using staying = it.open()
  const stayed = staying.writer.count(Author)
  await eventually(() => it.pool().waiting === 4)
  await leaving.close({ aborted: true })
  for (const error of await Promise.all(left)) t.match(error, { code: 'SQLASSIST_SESSION_CLOSED' })
  t.match(it.pool(), { idle: 0, waiting: 1 }, 'while the pool is as full as before')
  await release()
  t.equal(await stayed, 0)
  await it.checkAllBack('after somebody left')
})

t.test('a session that ends while its connection is being made', async (t) => {
  const proxy = await tcpProxy(t, url)
  const it = await lab(t, url, { through: proxy.url })
  proxy.pause()
  const leaving = it.open()
  const left = outcomeOf(leaving.writer.count(Author))
  await eventually(() => proxy.connections === 1)
  await leaving.close({ aborted: true })
  t.match(await left, { code: 'SQLASSIST_SESSION_CLOSED' })
  proxy.resume()
  await eventually(() => it.pool().idle === 1)
  await it.checkAllBack('a connection that nobody wants any more')
})

t.test('a server that does not answer is no full pool', async (t) => {
  const proxy = await tcpProxy(t, url)
  const it = await lab(t, url, { through: proxy.url, limits: { checkoutTimeoutMs: 1500 } })
  proxy.pause()
  await using session = it.open()
  const errors = await Promise.all([1, 2, 3].map(async () => await outcomeOf(session.writer.fork().count(Author))))
  for (const error of errors) t.match(error, { code: 'SQLASSIST_DATABASE_UNAVAILABLE', statusCode: 503, headers: { 'retry-after': '1' }, message: /engine 'writer' cannot be reached/ })
  proxy.cut()
  proxy.resume()
  proxy.refuse(true)
  const refused = await outcomeOf(session.writer.count(Author))
  t.match(refused, { code: 'SQLASSIST_DATABASE_UNAVAILABLE', message: /ECONNREFUSED/, cause: { code: 'ECONNREFUSED' } })
  proxy.refuse(false)
  t.equal(await session.writer.count(Author), 0)
  await it.checkAllBack('after the server was silent')
})

t.test('the limit may stand in the driver options; 0 there is pg\'s word for no limit, which there is not', async (t) => {
  for (const [connectionTimeoutMillis, message] of [[1500, /within 1500 ms/], [0, /within 5000 ms/]] as const) {
    const it = await lab(t, url, { driverOptions: { connectionTimeoutMillis } })
    const release = await exhaust(it)
    await using session = it.open()
    t.match(await outcomeOf(session.writer.count(Author)), { code: 'SQLASSIST_CHECKOUT_TIMEOUT', message })
    await release()
  }
})

t.test('pg\'s own pool works as pg documents it, with promises and with callbacks', async (t) => {
  const it = await lab(t, url, { limits: { checkoutTimeoutMs: 1500 } })
  await using session = it.open()
  const pool = await nativePool(session.writer)
  t.strictSame((await pool.query('select 1 as one')).rows, [{ one: 1 }])
  t.strictSame((await pool.query('select $1::int as one', [1])).rows, [{ one: 1 }])
  await t.rejects(pool.query('select nonsense'), { code: '42703' })
  const answer = await new Promise((resolve, reject) => pool.query('select 2 as two', (error: Error | null, result) => (error ? reject(error) : resolve(result.rows))))
  t.strictSame(answer, [{ two: 2 }])

  const client = await pool.connect()
  t.strictSame((await client.query('select 3 as three')).rows, [{ three: 3 }])
  client.release()
  t.doesNotThrow(() => client.release(), 'a second release does no harm')

  const [called, release] = await new Promise<[PoolClient, () => void]>((resolve, reject) => {
    pool.connect((error, given, done) => (given === undefined ? reject(error!) : resolve([given, done])))
  })
  t.strictSame((await called.query('select 4 as four')).rows, [{ four: 4 }])
  release()
  await it.checkAllBack('after pg\'s own pool')

  const free = await exhaust(it)
  t.match(await outcomeOf(pool.query('select 1')), { code: 'SQLASSIST_CHECKOUT_TIMEOUT' })
  const error = await new Promise<Error | undefined>((resolve) => {
    pool.connect((failed) => resolve(failed))
  })
  t.match(error, { code: 'SQLASSIST_CHECKOUT_TIMEOUT' })
  await free()
  await it.checkAllBack('after pg\'s own pool was full')
})

t.test('connections that somebody takes past the sessions have no name, and nobody is blamed', async (t) => {
  const it = await lab(t, url, { max: 1, limits: { checkoutTimeoutMs: 1500 } })
  await using session = it.open()
  const client = await (await nativePool(session.writer)).connect() as PoolClient & Client
  t.match((await outcomeOf(session.writer.count(Author))).message, /1 of 1 in use, 1 waiting; held longest by code outside of sessions, for \d+ ms/)
  client.release()
})

t.test('a crowd on a small pool: who came first is served, and the rest is refused', async (t) => {
  const it = await lab(t, url, { max: 5, limits: { checkoutTimeoutMs: 60_000 } })
  await it.checkAllBack('before the crowd')
  const outcomes = await Promise.all(Array.from({ length: 3000 }, async () => {
    await using session = it.open()
    return (await outcomeOf(session.writer.execute('select 1'))).code ?? 'served'
  }))
  const expected = Array.from({ length: 3000 }, (_, index) => (index < 5 + 1000 ? 'served' : 'SQLASSIST_POOL_QUEUE_FULL'))
  t.strictSame(outcomes, expected, 'five connections, and a thousand who wait for them')
  await it.checkAllBack('after the crowd')
})
