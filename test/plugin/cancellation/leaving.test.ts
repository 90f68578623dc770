// Every way in which a client leaves stops the statement that runs for it.
import { Readable } from 'node:stream'
import t from 'tap'
import { type Client, destroySession, http1, inTheAnswer, injected, pipelined, resetStream } from './clients.ts'
import { leaveWhile, scene, type SceneOptions } from './scene.ts'
import { statements } from './statements.ts'

interface Way {
  readonly client: Client
  readonly options?: SceneOptions
  readonly requests?: number
}

const http2: SceneOptions = { server: { http2: true } }

/** The statement runs when a part of the answer has been sent. */
const streaming: SceneOptions = {
  answer: (handle) =>
    Readable.from((async function* () {
      yield 'a part'
      await handle()
    })()),
}

const ways: Readonly<Record<string, Way>> = {
  'GET, closed': { client: http1('fin') },
  'GET, reset': { client: http1('reset') },
  'GET, half-closed': { client: http1('half-close') },
  'POST, body read, closed': { client: http1('fin', 'POST') },
  'POST, body read, reset': { client: http1('reset', 'POST') },
  'two pipelined requests, closed': { client: pipelined, requests: 2 },
  'in the answer, which is a stream': { client: inTheAnswer, options: streaming },
  'HTTP/2, RST_STREAM': { client: resetStream(), options: http2 },
  'HTTP/2, POST, body read, RST_STREAM': { client: resetStream('POST'), options: http2 },
  'HTTP/2, session destroyed': { client: destroySession, options: http2 },
  'inject() with a signal': { client: injected },
}

for (const [name, { client, options, requests = 1 }] of Object.entries(ways)) {
  t.test(name, async (t) => {
    const stage = await scene(t, options)
    await t.test('a find', async (t) => await leaveWhile(t, stage, client, statements['find']!, { requests }))
    await t.test('a flush', async (t) => await leaveWhile(t, stage, client, statements['flush']!, { requests }))
    await t.test('in a transaction', async (t) => {
      await leaveWhile(t, stage, client, async (writer, loot) => await writer.transactional(async (em) => await statements['execute()']!(em, loot)), { requests })
    })
  })
}
