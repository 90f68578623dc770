// WebSockets: the request lasts as long as the socket.
import { once } from 'node:events'
import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import { WebSocket } from 'ws'
import { type Ending, type Scene, testEndings } from './ending.ts'
import type { Work } from './work.ts'

async function open({ port }: Scene, path = '/'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  socket.on('error', () => {})
  await once(socket, 'open')
  return socket
}

const closed = async (socket: WebSocket): Promise<string> => `101, closed with ${((await once(socket, 'close')) as [number])[0]}`

const before = async (app: FastifyInstance): Promise<void> => {
  await app.register(websocket, { errorHandler: (_error, socket) => socket.terminate() })
}

/** Works when the socket says so, and goes on until long after its end. */
const onMessage = (app: FastifyInstance, work: Work): unknown =>
  app.get('/', { websocket: true }, (socket, request) => {
    socket.on('message', () => {
      void work.open(request)
    })
  })

testEndings('WebSocket', [
  {
    name: 'client closes',
    before,
    routes: onMessage,
    client: async (scene) => {
      const socket = await open(scene)
      socket.send('work')
      await scene.work.opened()
      socket.close(1000)
      return await closed(socket)
    },
    fired: 'close',
  },
  {
    name: 'client vanishes',
    before,
    routes: onMessage,
    client: async (scene) => {
      const socket = await open(scene)
      socket.send('work')
      await scene.work.opened()
      socket.terminate()
      return 'left'
    },
    fired: 'close',
  },
  {
    name: 'server closes',
    before,
    routes: (app, work) =>
      app.get('/', { websocket: true }, async (socket, request) => {
        await work.open(request)
        socket.close(4000)
      }),
    client: async (scene) => await closed(await open(scene)),
    fired: 'close',
  },
  {
    name: 'handler throws',
    before,
    routes: (app, work) =>
      app.get('/', { websocket: true }, async (_socket, request) => {
        await work.open(request)
        throw new Error('broken')
      }),
    client: async (scene) => await closed(await open(scene)),
    fired: 'close',
  },
  {
    name: 'refused with 401 by a hook',
    before,
    routes: (app, work) =>
      app.get(
        '/',
        {
          websocket: true,
          preValidation: async (request, reply) => {
            await work.open(request)
            return reply.code(401).send('who are you?')
          },
        },
        () => {},
      ),
    client: async ({ port }) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
      socket.on('error', () => {})
      const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
      return String(response.statusCode)
    },
    fired: 'onSend, onResponse, close',
  },
  {
    name: 'stays open; app.close() says goodbye',
    before,
    endedByClose: true,
    routes: onMessage,
    client: async (scene) => {
      const socket = await open(scene)
      socket.send('work')
      return await closed(socket)
    },
    fired: 'close',
  },
  {
    name: 'stays open and does not answer; app.close() cuts it off',
    before,
    endedByClose: true,
    routes: onMessage,
    client: async (scene) => {
      const socket = await open(scene)
      socket.send('work')
      await scene.work.opened()
      socket.pause()
      const end = closed(socket)
      await scene.work.step('closed').promise
      socket.resume()
      return await end
    },
    fired: 'close',
  },
] satisfies Ending[])
