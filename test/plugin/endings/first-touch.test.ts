// When the end of an exchange comes before the first touch of request.dbSession: a container that is born then would never be closed.
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import { sqliteFile } from '../../support/databases.ts'
import { exchange, RawClient } from '../../support/http-client.ts'
import { until } from './ending.ts'
import { Note } from './model.ts'
import { type Database, makeService, portOf, prepare, statsOf, writerOf } from './service.ts'

/** Ways over which a request can come, each up to its end: answered, or left by the client while the handler is at work. */
interface Protocol {
  readonly server?: object
  readonly websocket?: boolean
  answered(app: FastifyInstance): Promise<void>
  left(app: FastifyInstance, inHandler: Promise<void>): Promise<void>
}

const protocols: Record<string, Protocol> = {
  'HTTP/1.1': {
    async answered(app) {
      await exchange(portOf(app), 'GET', '/')
    },
    async left(app, inHandler) {
      const client = (await RawClient.connect(portOf(app))).request('GET', '/')
      await inHandler
      client.leave()
    },
  },
  'HTTP/1.1, the second of two pipelined requests': {
    async answered(app) {
      await (await RawClient.connect(portOf(app))).request('GET', '/other').request('GET', '/', { headers: 'connection: close\r\n' }).answered()
    },
    async left(app, inHandler) {
      const client = (await RawClient.connect(portOf(app))).request('GET', '/other').request('GET', '/')
      await inHandler
      client.leave()
    },
  },
  'HTTP/2': {
    server: { http2: true },
    async answered(app) {
      const session = connectHttp2(`http://127.0.0.1:${portOf(app)}`)
      await once(session.request({ ':path': '/' }).resume(), 'end')
      session.close()
    },
    async left(app, inHandler) {
      const session = connectHttp2(`http://127.0.0.1:${portOf(app)}`).on('error', () => {})
      const stream = session.request({ ':path': '/' }).on('error', () => {})
      await inHandler
      stream.close(8)
      await once(stream, 'close')
      session.close()
    },
  },
  inject: {
    async answered(app) {
      await app.inject('/')
    },
    async left(app, inHandler) {
      const leaving = new AbortController()
      const answer = app.inject({ url: '/', signal: leaving.signal }).catch(() => {})
      await inHandler
      leaving.abort()
      await answer
    },
  },
  WebSocket: {
    websocket: true,
    async answered(app) {
      const socket = new WebSocket(`ws://127.0.0.1:${portOf(app)}/`)
      await once(socket, 'open')
      socket.close()
    },
    async left(app, inHandler) {
      const socket = new WebSocket(`ws://127.0.0.1:${portOf(app)}/`)
      await once(socket, 'open')
      await inHandler
      socket.terminate()
    },
  },
}

/** When the container is touched for the first time. */
const moments: Record<string, (reply: FastifyReply, go: () => void) => void> = {
  "in the response's 'finish' event": ({ raw }, go) => void raw.once('finish', go),
  "in the response's 'close' event": ({ raw }, go) => void raw.once('close', go),
  "after the response's 'close' event": ({ raw }, go) => void raw.once('close', () => setImmediate(go)),
  "in the connection's 'close' event": ({ raw }, go) => void (raw.socket ?? raw).once('close', go),
}

for (const [name, protocol] of Object.entries(protocols)) {
  for (const [moment, arrange] of Object.entries(moments)) {
    for (const end of ['answered', 'left'] as const) {
      t.test(`${name}, ${end}: first touch ${moment}`, async (t) => {
        const database: Database = { dialect: 'sqlite', at: sqliteFile(t) }
        await prepare(database)
        const app = await makeService({
          database,
          ...(protocol.server === undefined ? {} : { server: protocol.server }),
          before: async (made) => void (protocol.websocket && (await made.register(websocket))),
        })
        t.teardown(async () => await app.close())
        const inHandler = Promise.withResolvers<void>()
        const over = Promise.withResolvers<void>()
        const outcomes: string[] = []
        const arrangeTouch = (request: FastifyRequest, reply: FastifyReply): void => {
          arrange(reply, () => void outcomes.push(touch(request)))
          reply.raw.once('close', () => setImmediate(() => setImmediate(over.resolve)))
        }
        app.get('/other', async () => 'done')
        app.get('/', { websocket: protocol.websocket === true, onRequest: async (request: FastifyRequest, reply: FastifyReply) => arrangeTouch(request, reply) } as object, async (_request: FastifyRequest, reply: FastifyReply) => {
          inHandler.resolve()
          if (end === 'left') await Promise.race([over.promise, once(reply.raw ?? reply, 'close')])
          return protocol.websocket ? undefined : 'done'
        })
        await app.listen({ port: 0, host: '127.0.0.1' })
        await protocol[end](app, inHandler.promise)
        await over.promise

        const { opened } = statsOf(app).sessions
        t.ok(await until(() => statsOf(app).sessions.closed === opened), `what was opened is closed: ${JSON.stringify(statsOf(app).sessions)}, ${outcomes.join(', ')}`)
        if (moment.includes("response's 'close'")) t.strictSame([outcomes, opened], [['SQLASSIST_SESSION_CLOSED'], 0], 'too late: nothing is opened')
        await app.close()
      })
    }
  }
}

function touch(request: FastifyRequest): string {
  try {
    writerOf(request).count(Note).catch(() => {})
    return 'opened'
  } catch (error) {
    return (error as { code: string }).code
  }
}

t.test('requests that Fastify answers without hooks have no container', async (t) => {
  const database: Database = { dialect: 'sqlite', at: sqliteFile(t) }
  await prepare(database)
  const app = await makeService({ database })
  t.teardown(async () => await app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.equal(await exchange(portOf(app), 'GET', '/%'), '400', 'a bad URL')
  t.equal(await (await RawClient.connect(portOf(app))).send('NONSENSE\r\n\r\n').answered(), '400', 'no HTTP at all')
  t.equal(statsOf(app).sessions.opened, 0)
})
