// Replies that are streams, of Node.js and of the web, with the transaction open while they flow.
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { exchange, RawClient } from '../../support/http-client.ts'
import { type Ending, type Scene, testEndings } from './ending.ts'
import { Note } from './model.ts'
import { writerOf } from './service.ts'
import type { Work } from './work.ts'

async function* three(): AsyncGenerator<string> {
  for (const part of ['one', 'two', 'three']) yield part
}

async function* endless(): AsyncGenerator<string> {
  for (;;) {
    yield 'and so on, '
    await turn()
  }
}

async function* failsAtOnce(): AsyncGenerator<string> {
  yield await turn().then(() => Promise.reject(new Error('the source is broken')))
}

async function* failsLater(): AsyncGenerator<string> {
  yield 'one'
  await turn()
  throw new Error('the source is broken')
}

/** The two kinds of stream that a handler may return. */
const kinds = {
  node: (source: AsyncGenerator<string>) => Readable.from(source),
  web: (source: AsyncGenerator<string>) => Readable.toWeb(Readable.from(source).map((part: string) => Buffer.from(part))),
} as const

const streaming = (kind: keyof typeof kinds, source: () => AsyncGenerator<string>) => (app: FastifyInstance, work: Work) =>
  app.get('/', async (request, reply) => {
    await work.open(request)
    return reply.type('text/plain').send(kinds[kind](source()))
  })

const leaveWhileItFlows = async ({ port }: Scene): Promise<string> => {
  const client = await RawClient.connect(port)
  const seen = await client.request('GET', '/').answered(/and so on/)
  client.leave()
  return `${seen}, left`
}

const get = async ({ port }: Scene): Promise<string> => await exchange(port, 'GET', '/')

testEndings('streams', [
  { name: 'Node.js stream, to its end', routes: streaming('node', three), client: get, fired: 'onSend, onResponse, close' },
  { name: 'web stream, to its end', routes: streaming('web', three), client: get, fired: 'onSend, onResponse, close' },
  { name: 'Node.js stream, client leaves', routes: streaming('node', endless), client: leaveWhileItFlows, fired: 'onSend, onRequestAbort, close' },
  { name: 'web stream, client leaves', routes: streaming('web', endless), client: leaveWhileItFlows, fired: 'onSend, onRequestAbort, close' },
  { name: 'Node.js stream, source fails before the headers', routes: streaming('node', failsAtOnce), client: get, fired: 'onSend ×2, onError, onResponse, close' },
  { name: 'Node.js stream, source fails after the headers', routes: streaming('node', failsLater), client: get, fired: 'onSend, onRequestAbort, close' },
  { name: 'web stream, source fails after the headers', routes: streaming('web', failsLater), client: get, fired: 'onSend, onRequestAbort, close' },
  {
    name: 'rows of the session itself as a stream, client leaves',
    routes: (app, work) =>
      app.get('/', async (request, reply) => {
        await work.open(request)
        const rows = writerOf(request).stream(Note, {})
        return reply.type('text/plain').send(
          Readable.from(
            (async function* () {
              for await (const { text } of rows) yield text
              yield* endless()
            })(),
          ),
        )
      }),
    client: leaveWhileItFlows,
    fired: 'onSend, onRequestAbort, close',
  },
] satisfies Ending[])
