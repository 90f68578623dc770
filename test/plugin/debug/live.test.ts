// The list as it grows: server-sent events over real sockets, readers that are slow or leave, and an application that closes.
import { once } from 'node:events'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { connect as connectHttp2 } from 'node:http2'
import Fastify from 'fastify'
import { sqlassist } from 'fastify-sqlassist'
import { type RequestSummary, sqlassistDebug } from 'fastify-sqlassist/debug'
import t, { type Test } from 'tap'
import { serverSentEvents } from '../../../orm/cli/server-sent-events.ts'
import { asSuperuser } from '../../support/databases.ts'
import { RawClient } from '../../support/http-client.ts'
import { Note } from '../endings/model.ts'
import { configOf, postgres, sqlite, writerOf } from '../endings/service.ts'
import { application, connected, listening, Panel } from './fixtures/panel.ts'

/** Reads what the panel tells, one request at a time. */
async function watch(t: Test, url: string): Promise<() => Promise<RequestSummary>> {
  const leaving = new AbortController()
  t.teardown(() => leaving.abort())
  const { body } = await fetch(`${url}/_sqlassist/api/live`, { signal: leaving.signal })
  const events = serverSentEvents(body!)
  await events.next() // a body that nobody has begun to read ends when its response is collected
  return async () => {
    for (;;) {
      const { value, done } = await events.next()
      if (done === true) throw new Error('The stream has ended')
      if (value.event === 'request') return JSON.parse(value.data) as RequestSummary
    }
  }
}

t.test('a request is told of when it begins and when its sessions are closed', async (t) => {
  const app = await application(t, await postgres(t))
  app.get('/', async (request) => await writerOf(request).count(Note))
  const url = await listening(app)
  const next = await watch(t, url)
  t.equal(await (await fetch(url)).text(), '0')
  t.match(await next(), { id: 1, state: 'running', statusCode: null, durationMs: null, statements: 0 })
  const end = await next()
  t.match(end, { id: 1, state: 'answered', statusCode: 200, statements: 1 })
  t.ok(end.engines.every(({ status }) => status !== 'START'), 'told when all is over')
})

t.test('clients that leave', async (t) => {
  const app = await application(t, await postgres(t))
  const begun = Promise.withResolvers<void>()
  app.get('/slow', async (request) => {
    const slow = writerOf(request).execute('select pg_sleep(60)')
    begun.resolve()
    await slow
  })
  const url = await listening(app)
  const next = await watch(t, url)
  const client = await RawClient.connect((app.server.address() as AddressInfo).port)
  client.request('GET', '/slow')
  await begun.promise
  t.match(await next(), { url: '/slow', state: 'running' })
  client.leave('reset')
  let end = await next()
  t.match(end, { url: '/slow', state: 'left', statusCode: null })
  while (end.failed === 0) end = await next() // the answer to what was cancelled may come later
  const detail = await new Panel(app).last()
  t.match(detail.timeline, [{ kind: 'cancel', engine: 'writer' }])
})

t.test('a session that is not closed is shown as such', async (t) => {
  const database = await postgres(t)
  const app = await application(t, database, { server: { logger: false } })
  const running = async (): Promise<{ pid: number } | undefined> =>
    (await asSuperuser<{ pid: number }>(database.at, `select pid from pg_stat_activity where datname = current_database() and query = 'select pg_sleep(60)' and state = 'active'`))[0]
  app.get('/', async (request) => {
    writerOf(request).execute('select pg_sleep(60)').catch(() => {}) // nobody waits for it
    while ((await running()) === undefined);
    return 'done'
  })
  const panel = new Panel(app)
  await app.inject('/')
  t.match(await panel.requests(), [{ state: 'answered', engines: [{ name: 'writer', status: 'START', notClosed: true }, { name: 'reader', status: 'INIT', notClosed: false }] }])
  await asSuperuser(database.at, 'select pg_cancel_backend($1)', [(await running())!.pid])
  t.match(await panel.last(), { engines: [{ name: 'writer', status: 'END', notClosed: false }, { name: 'reader', status: 'INIT' }] })
})

t.test('many requests at once', async (t) => {
  const app = await application(t, await postgres(t), { debug: { maxRequests: 200 } })
  app.get('/:n', async (request) => {
    const n = Number((request.params as { n: string }).n)
    for (let i = 0; i < n % 5; i++) await writerOf(request).execute(`select ${n}`)
    return 'done'
  })
  const url = await listening(app)
  const next = await watch(t, url)
  await Promise.all(Array.from({ length: 100 }, async (_, n) => await (await fetch(`${url}/${n}`)).text()))
  const ended = new Map<number, RequestSummary>()
  while (ended.size < 100) {
    const request = await next()
    if (request.state === 'answered') ended.set(request.id, request)
  }
  const panel = new Panel(app)
  for (const { id, url: path } of await panel.requests()) {
    const { records } = await panel.request(id)
    t.strictSame(records.map(({ sql }) => sql), Array.from({ length: Number(path.slice(1)) % 5 }, () => `select ${path.slice(1)}`))
  }
})

t.test('a reader that does not read is sent away, and so are too many', async (t) => {
  const app = await application(t, await sqlite(t), { debug: { maxRequests: 2 } })
  app.get('/*', async () => 'done')
  const url = await listening(app)
  const { port } = app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`GET /_sqlassist/api/live HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`)
  await once(socket, 'data')
  socket.pause()
  const long = 'x'.repeat(3500)
  let sent = 0
  for (; sent < 20_000 && !(await isGone()); sent += 50) await Promise.all(Array.from({ length: 50 }, async () => await app.inject(`/${long}`)))
  t.ok(await isGone(), `it was sent away after ${sent} requests`)
  socket.destroy()

  const leaving = new AbortController()
  const readers = await Promise.all(Array.from({ length: 20 }, async () => await fetch(`${url}/_sqlassist/api/live`, { signal: leaving.signal })))
  t.ok(readers.every(({ status }) => status === 200))
  t.equal((await fetch(`${url}/_sqlassist/api/live`)).status, 503)
  leaving.abort()

  /** Whether the server has closed its side. */
  async function isGone(): Promise<boolean> {
    return await new Promise((resolve) => void app.server.getConnections((_error, count) => resolve(count === 0)))
  }
})

t.test('an application that closes does not wait for those who look on', async (t) => {
  const app = await application(t, await sqlite(t), { server: { forceCloseConnections: false } })
  const url = await listening(app)
  const { body } = await fetch(`${url}/_sqlassist/api/live`)
  const read = (async () => {
    let events = 0
    for await (const { event } of serverSentEvents(body!)) events += event === '' ? 1 : 0
    return events
  })()
  await app.close()
  await read
  t.pass('closed, and the stream has ended')
})

t.test('over HTTP/2', async (t) => {
  const app = Fastify({ http2: true }) as unknown as Awaited<ReturnType<typeof application>>
  t.teardown(async () => await app.close())
  await app.register(sqlassist, { engines: { writer: { config: configOf(await sqlite(t)) } } })
  await app.register(sqlassistDebug)
  await connected(app)
  app.get('/', async (request) => await writerOf(request).count(Note))
  const url = await listening(app)
  const client = connectHttp2(url)
  t.teardown(() => client.destroy())
  const get = async (path: string, headers: object = {}): Promise<{ status: number; body: string }> => {
    const stream = client.request({ ':path': path, ...headers })
    let status = 0
    let body = ''
    stream.on('response', (head) => (status = Number(head[':status'])))
    stream.setEncoding('utf8').on('data', (text: string) => (body += text))
    await once(stream, 'close')
    return { status, body }
  }
  t.strictSame(await get('/?token=s3'), { status: 200, body: '0' })
  const live = client.request({ ':path': '/_sqlassist/api/live' }).setEncoding('utf8')
  await once(live, 'data')
  const told = once(live, 'data')
  await get('/')
  t.match((await told)[0], /event: request/)
  const { status, body } = await get('/_sqlassist/api/requests')
  t.equal(status, 200)
  t.match(JSON.parse(body), [{ id: 2 }, { id: 1, url: '/?token=***', statusCode: 200, statements: 1 }])
  t.equal((await get('/_sqlassist/api/requests', { ':authority': 'example.com' })).status, 403)
})
