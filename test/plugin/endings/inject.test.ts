// app.inject(): requests without a socket.
import { type Ending, testEndings } from './ending.ts'

testEndings('inject', [
  {
    name: 'inject',
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), 'done')),
    client: async ({ app }) => String((await app.inject('/')).statusCode),
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'inject, handler throws',
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), Promise.reject(new Error('broken')))),
    client: async ({ app }) => String((await app.inject('/')).statusCode),
    fired: 'onSend, onError, onResponse, close',
  },
  {
    name: 'inject, the answer as a stream',
    routes: (app, work) => app.get('/', async (request) => (await work.open(request), 'done')),
    client: async ({ app }) => {
      const response = await app.inject({ url: '/', payloadAsStream: true })
      for await (const _part of response.stream()) void _part
      return String(response.statusCode)
    },
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'inject, work after the reply',
    routes: (app, work) => app.get('/', async (request, reply) => (await work.open(request), await (reply.send('done'), work.outlive(reply)))),
    client: async ({ app }) => String((await app.inject('/')).statusCode),
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'inject with a signal that is aborted in the handler',
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        await work.open(request)
        await work.outlive(reply)
        return 'nobody hears this'
      }),
    client: async ({ app, work }) => {
      const leaving = new AbortController()
      const answer = app.inject({ url: '/', signal: leaving.signal }).then(
        (response) => String(response.statusCode),
        (error: Error) => error.name,
      )
      await work.opened()
      leaving.abort()
      return await answer
    },
    fired: 'onSend, onResponse, close',
  },
] satisfies Ending[])
