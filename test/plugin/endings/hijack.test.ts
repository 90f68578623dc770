// Handlers that answer past Fastify, well or badly.
import { exchange, RawClient } from '../../support/http-client.ts'
import { type Ending, type Scene, testEndings } from './ending.ts'

const get = async ({ port }: Scene): Promise<string> => await exchange(port, 'GET', '/')

testEndings('hijack', [
  {
    name: 'hijack, then end',
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        reply.hijack()
        await work.open(request)
        reply.raw.end('done')
      }),
    client: get,
    fired: 'onResponse, close',
  },
  {
    name: 'hijack, then destroy',
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        reply.hijack()
        await work.open(request)
        reply.raw.destroy()
      }),
    client: get,
    fired: 'onRequestAbort, close',
  },
  {
    name: 'hijack and forget, client leaves',
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        reply.hijack()
        await work.open(request)
      }),
    client: async ({ port, work }) => {
      const client = await RawClient.connect(port)
      client.request('GET', '/')
      await work.opened()
      return client.leave()
    },
    fired: 'onRequestAbort, close',
  },
  {
    name: 'hijack and forget, client stays; app.close()',
    endedByClose: true,
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        reply.hijack()
        await work.open(request)
      }),
    client: async ({ port }) => await (await RawClient.connect(port)).request('GET', '/').answered(),
    fired: 'onRequestAbort, close',
  },
  {
    name: 'raw.end',
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        await work.open(request)
        reply.raw.end('done')
        return reply
      }),
    client: get,
    fired: 'onResponse, close',
  },
  {
    name: 'raw.write, then throw',
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        await work.open(request)
        reply.raw.write('the beginning')
        throw new Error('broken')
      }),
    client: get,
    fired: 'onSend, onError ×2, onRequestAbort, close',
  },
] satisfies Ending[])
