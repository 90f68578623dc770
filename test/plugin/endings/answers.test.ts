// HTTP/1.1 requests that are answered, rightly or wrongly, while the transaction is still open.
import type { FastifyInstance, FastifyReply } from 'fastify'
import { exchange, RawClient } from '../../support/http-client.ts'
import { type Ending, type Scene, testEndings } from './ending.ts'
import type { Work } from './work.ts'

const get = async ({ port }: Scene): Promise<string> => await exchange(port, 'GET', '/')

async function throwUnlessFailed(_request: unknown, reply: FastifyReply): Promise<void> {
  if (reply.statusCode === 200) throw new Error('broken')
}

const body = '{"text":"hello"}'

testEndings('answers', [
  {
    name: 'GET',
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), 'done')),
    client: get,
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'POST',
    routes: (app, work) => app.post('/', async (request) => (await work.open(request), request.body)),
    client: async ({ port }) => await exchange(port, 'POST', '/', { body }),
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'POST with 100-continue',
    routes: (app, work) => app.post('/', async (request) => (await work.open(request), request.body)),
    client: async ({ port }) => {
      const client = await RawClient.connect(port)
      client.request('POST', '/', { headers: `expect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n` })
      await client.answered(/100 Continue\r\n\r\n/)
      return await client.send(body).answered()
    },
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'two requests on one connection',
    requests: 2,
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), 'done')),
    client: async ({ port }) => {
      const client = await RawClient.connect(port)
      await client.request('GET', '/').answered(/done/)
      return await client.request('GET', '/', { headers: 'connection: close\r\n' }).answered()
    },
    fired: 'onSend ×2, onResponse ×2, close ×2',
  },
  {
    name: 'HEAD',
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), 'done')),
    client: async ({ port }) => await exchange(port, 'HEAD', '/'),
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'HTTP/1.0',
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), 'done')),
    client: async ({ port }) => await exchange(port, 'GET', '/', { version: '1.0' }),
    fired: 'onSend, onResponse, close',
  },
  {
    name: '204',
    routes: (app, work) => app.get('/', async (request, reply) => (await work.open(request), reply.code(204).send())),
    client: get,
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'redirect',
    routes: (app, work) => app.get('/', async (request, reply) => (await work.open(request), reply.redirect('/elsewhere'))),
    client: get,
    fired: 'onSend, onResponse, close',
  },
  {
    name: '404 with work in its handler',
    routes: (app, work) => app.setNotFoundHandler(async (request, reply) => (await work.open(request), reply.code(404).send('nothing here'))),
    client: get,
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'handler throws',
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), Promise.reject(new Error('broken')))),
    client: get,
    fired: 'onSend, onError, onResponse, close',
  },
  {
    name: 'handler throws undefined',
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), Promise.reject(undefined))), // oxlint-disable-line prefer-promise-reject-errors
    client: get,
    fired: 'onSend, onError, onResponse, close',
  },
  {
    name: 'error handler answers 200',
    routes: (app, work) => {
      app.setErrorHandler(async (_error, _request, reply) => reply.code(200).send('never mind'))
      app.get('/', async (request) => (await work.open(request), Promise.reject(new Error('broken'))))
    },
    client: get,
    fired: 'onSend, onError, onResponse, close',
  },
  {
    name: 'validation fails',
    routes: (app, work) =>
      app.post('/', { onRequest: async (request) => await work.open(request), schema: { body: { type: 'object', required: ['name'] } } }, async () => 'done'),
    client: async ({ port }) => await exchange(port, 'POST', '/', { body }),
    fired: 'onSend, onError, onResponse, close',
  },
  {
    name: 'body too large',
    routes: (app, work) => app.post('/', { onRequest: async (request) => await work.open(request), bodyLimit: 4 }, async () => 'done'),
    client: async ({ port }) => await exchange(port, 'POST', '/', { body }),
    fired: 'onSend, onError, onResponse, close',
  },
  {
    name: 'serialization error',
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), { huge: 1n })),
    client: get,
    fired: 'onSend, onError, onResponse, close',
  },
  {
    name: 'onSend throws',
    routes: (app, work) => {
      app.get('/', { onSend: throwUnlessFailed }, async (request) => (await work.open(request), 'done'))
    },
    client: get,
    fired: 'onSend ×2, onError, onResponse, close',
  },
  {
    name: 'invalid header value',
    routes: (app, work) => app.get('/', async (request, reply) => (await work.open(request), reply.header('x-name', 'line\nbreak').send('done'))),
    client: get,
    fired: 'onSend ×2, onError ×2, onResponse, close',
  },
  {
    name: 'sent twice',
    routes: (app, work) => {
      app.get('/', async (request, reply) => {
        await work.open(request)
        void reply.send('done')
        void reply.send('done again')
        return reply
      })
    },
    client: get,
    fired: 'onSend ×2, onError, onResponse, close',
  },
  {
    name: 'work after the reply',
    routes: (app, work) => app.get('/', async (request, reply) => (await work.open(request), await (reply.send('done'), work.outlive(reply)))),
    client: async (scene) => {
      const seen = await get(scene)
      await scene.work.unrefused()
      return seen
    },
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'throws after the reply',
    routes: (app, work) => app.get('/', async (request, reply) => (await work.open(request), reply.send('done'), Promise.reject(new Error('broken')))),
    client: get,
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'onResponse hook of another plugin throws',
    before: (app) => void app.addHook('onResponse', async () => Promise.reject(new Error('broken'))),
    routes: (app: FastifyInstance, work: Work) => app.get('/', async (request) => (await work.open(request), 'done')),
    client: get,
    fired: 'onSend, close',
  },
] satisfies Ending[])
