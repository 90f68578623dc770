// A transaction that is open at the end is a mistake where the request was answered, and no surprise where the client has left.
import { once } from 'node:events'
import { connect, constants } from 'node:http2'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { sqliteFile } from '../../support/databases.ts'
import { exchange, RawClient } from '../../support/http-client.ts'
import { until } from './ending.ts'
import { LogLines } from './log-lines.ts'
import { type Database, makeService, portOf, prepare, statsOf, writerOf } from './service.ts'

const MESSAGE = /^session writer#\d+ ended inside a transaction: it is rolled back$/

async function warnings(t: Test, server: object, client: (app: FastifyInstance, inHandler: Promise<void>) => Promise<unknown>): Promise<object[]> {
  const database: Database = { dialect: 'sqlite', at: sqliteFile(t) }
  await prepare(database)
  const log = new LogLines()
  const app = await makeService({ database, server: { ...server, logger: { level: 'warn', stream: log } } })
  t.teardown(async () => await app.close())
  const inHandler = Promise.withResolvers<void>()
  app.get('/', async (request, reply) => {
    await writerOf(request).begin()
    inHandler.resolve()
    if (request.headers['wait'] !== undefined) await once(reply.raw, 'close')
    return 'done'
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  await client(app, inHandler.promise)
  t.ok(await until(() => statsOf(app).sessions.closed === 1))
  return log.lines
}

const http2 = async (app: FastifyInstance, headers: object, then: (stream: ReturnType<ReturnType<typeof connect>['request']>) => Promise<unknown>): Promise<void> => {
  const session = connect(`http://127.0.0.1:${portOf(app)}`)
  await then(session.request({ ':path': '/', ...headers }).on('error', () => {}))
  session.close()
}

t.test('answered: a warning that names session and request', async (t) => {
  const expected = [{ msg: MESSAGE, engine: 'writer', session: Number, reqId: 'req-1' }]
  t.match(await warnings(t, {}, async (app) => await exchange(portOf(app), 'GET', '/')), expected, 'HTTP/1.1')
  t.match(await warnings(t, { http2: true }, async (app) => await http2(app, {}, async (stream) => await once(stream.resume(), 'end'))), expected, 'HTTP/2')
  t.match(await warnings(t, {}, async (app) => await app.inject('/')), expected, 'inject')
})

async function leave(app: FastifyInstance, inHandler: Promise<void>): Promise<void> {
  const client = (await RawClient.connect(portOf(app))).request('GET', '/', { headers: 'wait: yes\r\n' })
  await inHandler
  client.leave()
}

async function reset(app: FastifyInstance, inHandler: Promise<void>): Promise<void> {
  await http2(app, { wait: 'yes' }, async (stream) => {
    await inHandler
    stream.close(constants.NGHTTP2_CANCEL)
    await once(stream, 'close')
  })
}

t.test('the client has left: no warning', async (t) => {
  t.strictSame(await warnings(t, {}, leave), [], 'HTTP/1.1')
  t.strictSame(await warnings(t, { http2: true }, reset), [], 'HTTP/2')
})
