// Requests that are under way when the application closes.
import { exchange, RawClient } from '../../support/http-client.ts'
import { type Ending, testEndings } from './ending.ts'

testEndings('closing', [
  {
    name: 'app.close() while the handler works: it is waited for',
    routes: (app, work) => {
      app.addHook('preClose', async () => work.step('closing').resolve())
      app.get('/', async (request) => {
        await work.open(request)
        await work.step('closing').promise
        return 'done'
      })
    },
    client: async ({ app, port, work }) => {
      const answer = exchange(port, 'GET', '/')
      await work.opened()
      await app.close()
      return await answer
    },
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'app.close() with forceCloseConnections',
    server: { forceCloseConnections: true },
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        await work.open(request)
        await work.outlive(reply)
        return 'nobody hears this'
      }),
    client: async ({ app, port, work }) => {
      const answer = exchange(port, 'GET', '/')
      await work.opened()
      await app.close()
      return await answer
    },
    fired: 'onSend, onRequestAbort, close',
  },
  {
    name: 'app.close(), then the client vanishes',
    routes: (app, work) => {
      app.addHook('preClose', async () => work.step('closing').resolve())
      app.get('/', async (request, reply) => {
        await work.open(request)
        await work.outlive(reply)
        return 'nobody hears this'
      })
    },
    client: async ({ app, port, work }) => {
      const client = (await RawClient.connect(port)).request('GET', '/')
      await work.opened()
      const closing = app.close()
      await work.step('closing').promise
      client.leave('reset')
      await closing
      return 'left'
    },
    fired: 'onSend, onRequestAbort, close',
  },
] satisfies Ending[])
