// HTTP/2: streams that end, are reset, or go down with their session.
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { type Ending, type Scene, testEndings } from './ending.ts'
import type { Work } from './work.ts'

interface Exchange {
  readonly session: ClientHttp2Session
  readonly stream: ClientHttp2Stream
}

function send({ port }: Scene, headers: Record<string, string> = {}, body?: string): Exchange {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  const stream = session.request({ ':path': '/', ...headers }, { endStream: body === undefined })
  stream.on('error', () => {})
  if (body !== undefined) stream.end(body)
  return { session, stream }
}

/** The whole answer. */
async function answer({ session, stream }: Exchange): Promise<string> {
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  for await (const _part of stream) void _part
  session.close()
  return String(headers[':status'])
}

const server = { http2: true }

/** A handler that is still at work when the client leaves, and goes on. */
const busy = (app: FastifyInstance, work: Work): unknown =>
  app.route({
    method: ['GET', 'POST'],
    url: '/',
    handler: async (request, reply) => {
      await work.open(request)
      await work.outlive(reply)
      return 'nobody hears this'
    },
  })

const endless = (app: FastifyInstance, work: Work): unknown =>
  app.get('/', async (request, reply) => {
    await work.open(request)
    return reply.type('text/plain').send(Readable.from(andSoOn()))
  })

async function* andSoOn(): AsyncGenerator<string> {
  for (;;) {
    yield 'and so on, '
    await turn()
  }
}

const post = { ':method': 'POST', 'content-type': 'application/json' }
const body = '{"text":"hello"}'

testEndings('HTTP/2', [
  {
    name: 'GET',
    server,
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), 'done')),
    client: async (scene) => await answer(send(scene)),
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'POST',
    server,
    routes: (app, work) => app.post('/', async (request) => (await work.open(request), request.body)),
    client: async (scene) => await answer(send(scene, post, body)),
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'handler throws',
    server,
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), Promise.reject(new Error('broken')))),
    client: async (scene) => await answer(send(scene)),
    fired: 'onSend, onError, onResponse, close',
  },
  {
    name: 'work after the reply',
    server,
    routes: (app, work) => app.get('/', async (request, reply) => (await work.open(request), await (reply.send('done'), work.outlive(reply)))),
    client: async (scene) => await answer(send(scene)),
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'RST_STREAM in the handler',
    server,
    routes: busy,
    client: async (scene) => {
      const { session, stream } = send(scene)
      await scene.work.opened()
      stream.close(constants.NGHTTP2_CANCEL)
      await once(stream, 'close')
      session.close()
      return 'left'
    },
    fired: 'onSend, onRequestAbort, onResponse, close',
  },
  {
    name: 'POST, body read, RST_STREAM in the handler',
    server,
    routes: busy,
    client: async (scene) => {
      const { session, stream } = send(scene, post, body)
      await scene.work.opened()
      stream.close(constants.NGHTTP2_CANCEL)
      await once(stream, 'close')
      session.close()
      return 'left'
    },
    fired: 'onSend, onRequestAbort, onResponse, close',
  },
  {
    name: 'stream reply, RST_STREAM',
    server,
    routes: endless,
    client: async (scene) => {
      const { session, stream } = send(scene)
      await once(stream, 'data')
      stream.close(constants.NGHTTP2_CANCEL)
      await once(stream, 'close')
      session.close()
      return '200, left'
    },
    fired: 'onSend, onRequestAbort, onResponse, close',
  },
  {
    name: 'session destroyed in the handler',
    server,
    routes: busy,
    client: async (scene) => {
      const { session } = send(scene)
      await scene.work.opened()
      session.destroy()
      return 'left'
    },
    fired: 'onSend, onRequestAbort, onResponse, close',
  },
  {
    name: 'session destroyed with two requests in their handlers',
    server,
    requests: 2,
    routes: busy,
    client: async (scene) => {
      const { session } = send(scene)
      session.request({ ':path': '/' }).on('error', () => {})
      await scene.work.opened()
      session.destroy()
      return 'left'
    },
    fired: 'onSend ×2, onRequestAbort ×2, onResponse ×2, close ×2',
  },
  {
    name: 'never replies, client stays; app.close()',
    server,
    endedByClose: true,
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), new Promise(() => {}))),
    client: async (scene) => {
      const { stream } = send(scene)
      await once(stream, 'close')
      return `stream closed with ${stream.rstCode}`
    },
    fired: 'onRequestAbort, onResponse, close',
  },
] satisfies Ending[])
