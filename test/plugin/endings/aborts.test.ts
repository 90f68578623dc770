// HTTP/1.1 clients that leave: before the handler, in it, while the reply is on its way, and after it.
import { RawClient } from '../../support/http-client.ts'
import { type Ending, type Scene, testEndings, until } from './ending.ts'
import type { Work } from './work.ts'
import type { FastifyInstance } from 'fastify'

const body = '{"text":"hello"}'

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

const leaveInside = (how: 'fin' | 'reset' | 'half-close', method = 'GET') =>
  async ({ port, work }: Scene): Promise<string> => {
    const client = await RawClient.connect(port, { allowHalfOpen: how === 'half-close' })
    client.request(method, '/', method === 'POST' ? { body } : {})
    await work.opened()
    return client.leave(how)
  }

testEndings('aborts', [
  {
    name: 'left before the handler, in an asynchronous hook',
    routes: (app, work) =>
      app.get(
        '/',
        {
          preHandler: async (request, reply) => {
            await work.open(request)
            await work.outlive(reply)
          },
        },
        async () => 'the handler is not reached',
      ),
    client: leaveInside('fin'),
    fired: 'onSend, onRequestAbort, close',
  },
  { name: 'GET, connection closed in the handler', routes: busy, client: leaveInside('fin'), fired: 'onSend, onRequestAbort, close' },
  { name: 'GET, connection reset in the handler', routes: busy, client: leaveInside('reset'), fired: 'onSend, onRequestAbort, close' },
  { name: 'GET, half-closed in the handler', routes: busy, client: leaveInside('half-close'), fired: 'onSend, onRequestAbort, close' },
  {
    name: 'GET, closed in the handler, which throws then',
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        await work.open(request)
        await work.outlive(reply)
        throw new Error('broken')
      }),
    client: leaveInside('fin'),
    fired: 'onSend, onError, onRequestAbort, close',
  },
  { name: 'POST, body read, closed in the handler', routes: busy, client: leaveInside('fin', 'POST'), fired: 'onSend, close' },
  { name: 'POST, body read, reset in the handler', routes: busy, client: leaveInside('reset', 'POST'), fired: 'onSend, close' },
  {
    name: 'POST, closed in the middle of the body',
    routes: (app, work) => app.post('/', { onRequest: async (request) => await work.open(request) }, async () => 'the handler is not reached'),
    client: async ({ port, work }) => {
      const client = await RawClient.connect(port)
      client.request('POST', '/', { headers: 'content-type: application/json\r\ncontent-length: 1000\r\n', body: '{"text":' })
      await work.opened()
      return client.leave()
    },
    fired: 'onSend, onError, onRequestAbort, close',
  },
  {
    name: 'closed during an asynchronous onSend hook',
    routes: (app, work) =>
      app.get('/', { onSend: async (_request, reply) => await work.outlive(reply) }, async (request) => (await work.open(request), 'nobody hears this')),
    client: leaveInside('fin'),
    fired: 'onSend, onRequestAbort, close',
  },
  {
    name: 'closed after the reply',
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), 'done')),
    client: async ({ port }) => {
      const client = await RawClient.connect(port)
      const seen = await client.request('GET', '/').answered(/done/)
      client.leave()
      return `${seen}, left`
    },
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'two pipelined requests, closed in both handlers',
    requests: 2,
    routes: busy,
    client: async ({ port, work }) => {
      const client = await RawClient.connect(port)
      client.request('GET', '/').request('GET', '/')
      await work.opened()
      return client.leave()
    },
    fired: 'onSend ×2, onRequestAbort ×2, close ×2',
  },
  {
    name: 'two pipelined requests, the second is answered first',
    requests: 2,
    routes: (app, work) =>
      app.get<{ Querystring: { n: string } }>('/', async (request) => {
        await work.open(request)
        if (request.query.n === '1') await work.step('second is done').promise
        else work.step('second is done').resolve()
        return 'done'
      }),
    client: async ({ port }) => {
      const client = await RawClient.connect(port)
      return await client.request('GET', '/?n=1').request('GET', '/?n=2', { headers: 'connection: close\r\n' }).answered()
    },
    fired: 'onSend ×2, onResponse ×2, close ×2',
  },
  {
    name: 'two pipelined requests, closed when only the second has been answered',
    requests: 2,
    routes: (app, work) =>
      app.get<{ Querystring: { n: string } }>('/', async (request, reply) => {
        await work.open(request)
        if (request.query.n === '1') await work.outlive(reply)
        else void until(() => reply.raw.writableEnded).then(() => work.step('second is answered').resolve())
        return 'done'
      }),
    client: async ({ port, work }) => {
      const client = await RawClient.connect(port)
      client.request('GET', '/?n=1').request('GET', '/?n=2')
      await work.opened()
      await work.step('second is answered').promise
      return client.leave()
    },
    fired: 'onSend ×2, onRequestAbort ×2, close ×2',
  },
  {
    name: 'never replies, client leaves',
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), new Promise(() => {}))),
    client: leaveInside('fin'),
    fired: 'onRequestAbort, close',
  },
  {
    name: 'never replies, client stays; app.close()',
    endedByClose: true,
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), new Promise(() => {}))),
    client: async ({ port }) => await (await RawClient.connect(port)).request('GET', '/').answered(),
    fired: 'onRequestAbort, close',
  },
  {
    name: 'slow reader leaves',
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), Buffer.alloc(30_000_000))),
    client: async ({ port, work }) => {
      const client = (await RawClient.connect(port)).stopReading()
      client.request('GET', '/')
      await work.opened()
      return client.leave('reset')
    },
    fired: 'onSend, onRequestAbort, close',
  },
  {
    name: 'slow reader stays; app.close()',
    endedByClose: true,
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), Buffer.alloc(30_000_000))),
    client: async ({ port, work }) => {
      const client = (await RawClient.connect(port)).stopReading().request('GET', '/')
      await work.step('closed').promise
      return await client.readOn().answered()
    },
    fired: 'onSend, onRequestAbort, close',
  },
] satisfies Ending[])
