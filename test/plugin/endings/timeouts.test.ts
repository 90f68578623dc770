// Requests that are cut off by one of the timeouts of the server.
import { PassThrough } from 'node:stream'
import { exchange, RawClient } from '../../support/http-client.ts'
import { type Ending, type Scene, testEndings } from './ending.ts'

const TIMEOUT_MS = 1000
const body = '{"text":"hello"}'
const get = async ({ port }: Scene): Promise<string> => await exchange(port, 'GET', '/')

testEndings('timeouts', [
  {
    name: 'connectionTimeout',
    server: { connectionTimeout: TIMEOUT_MS },
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        await work.open(request)
        await work.outlive(reply)
        return 'nobody hears this'
      }),
    client: get,
    fired: 'onTimeout, onSend, onRequestAbort, close',
  },
  {
    name: 'requestTimeout, in the middle of the body',
    server: { requestTimeout: TIMEOUT_MS, http: { requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS, connectionsCheckingInterval: 50 } },
    routes: (app, work) => app.post('/', { onRequest: async (request) => await work.open(request) }, async () => 'the handler is not reached'),
    client: async ({ port }) => {
      const client = await RawClient.connect(port)
      return await client.request('POST', '/', { headers: 'content-type: application/json\r\ncontent-length: 1000\r\n', body: '{"text":' }).answered()
    },
    fired: 'onSend, onError, onRequestAbort, close',
  },
  {
    name: 'handlerTimeout, GET',
    server: { handlerTimeout: TIMEOUT_MS },
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        await work.open(request)
        await work.outlive(reply)
        return 'nobody hears this'
      }),
    client: get,
    fired: 'onSend, onError, onResponse, close',
  },
  {
    name: 'handlerTimeout, POST with a body (Fastify does not time it out)',
    server: { handlerTimeout: TIMEOUT_MS },
    routes: (app, work) => app.post('/', async (request) => (await work.open(request), 'done')),
    client: async ({ port }) => await exchange(port, 'POST', '/', { body }),
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'handlerTimeout, after headers written past Fastify',
    server: { handlerTimeout: TIMEOUT_MS },
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        await work.open(request)
        reply.raw.writeHead(200, { 'content-type': 'text/plain' })
        reply.raw.write('the beginning')
        await work.outlive(reply)
        return reply
      }),
    client: get,
    fired: 'onRequestAbort, close',
  },
  {
    name: 'handlerTimeout, while a stream flows',
    server: { handlerTimeout: TIMEOUT_MS },
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        await work.open(request)
        const flowing = new PassThrough()
        flowing.write('the beginning')
        void reply.type('text/plain').send(flowing)
        await work.outlive(reply)
        return reply
      }),
    client: get,
    fired: 'onSend, onRequestAbort, close',
  },
] satisfies Ending[])
