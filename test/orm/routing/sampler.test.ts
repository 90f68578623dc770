// How far servers are: who asks, whose answers count, and what is made of them.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { Horizon, type Source } from '../../../orm/routing/horizon.ts'
import { LogWait } from '../../../orm/routing/log-wait.ts'
import type { Position } from '../../../orm/routing/position.ts'
import { Primary } from '../../../orm/routing/primary.ts'
import type { Sample } from '../../../orm/routing/sample.ts'
import { Sampler } from '../../../orm/routing/sampler.ts'
import { Waiting } from '../../../orm/routing/waiting.ts'
import { asSuperuser, serverUrl } from '../../support/databases.ts'
import { TcpProxy } from '../../support/tcp-proxy.ts'

type Connect = ConstructorParameters<typeof Sampler>[0]

/** A way to a real server, which counts the questions and can hold them back. */
class Way {
  readonly questions: string[] = []
  readonly clients: pg.Client[] = []
  /** What a question waits for before it is sent. */
  gate: Promise<void> = Promise.resolve()
  readonly #url: string

  constructor(url: string = serverUrl()) {
    this.#url = url
  }

  readonly connect: Connect = async (timeoutMs) => {
    const client = new pg.Client({ connectionString: this.#url, connectionTimeoutMillis: timeoutMs })
    client.on('error', () => {})
    await client.connect()
    const query = client.query.bind(client) as (text: string) => Promise<pg.QueryResult>
    const held = async (text: string): Promise<pg.QueryResult> => {
      this.questions.push(text)
      await this.gate
      return await query(text)
    }
    Object.assign(client, { query: held })
    this.clients.push(client)
    return client as unknown as Awaited<ReturnType<Connect>>
  }
}

const advance = async (): Promise<void> => void (await asSuperuser(serverUrl(), `select pg_logical_emit_message(true, '', 'x')`))

t.test('one question is on its way, and one more for all who came after it', async (t) => {
  const way = new Way()
  const sampler = new Sampler(way.connect)
  t.teardown(() => sampler.close())
  await sampler.sample()
  t.equal(way.questions.length, 1)
  const { promise, resolve } = Promise.withResolvers<void>()
  way.gate = promise
  const first = sampler.sample()
  while (way.questions.length === 1) await sleep(1)
  const later = Array.from({ length: 100 }, async () => await sampler.sample())
  await advance()
  resolve()
  const before = await first
  const answers = await Promise.all(later)
  t.equal(way.questions.length, 3)
  t.equal(new Set(answers).size, 1, 'all of them are given one answer')
  t.not(answers[0], before, 'which is not the one that was asked for before they came')
  t.ok(answers[0]!.askedAt > before.askedAt)
  t.ok(answers[0]!.lsn > 0n)
  t.match(before, { primary: true, timeline: 1, system: /^\d+$/ })
  t.equal(sampler.latest, answers[0])
  t.ok(way.questions[0]!.length > way.questions[2]!.length, 'who the server is, is asked once')
})

t.test('what was committed before the call is in the answer', async (t) => {
  const sampler = new Sampler(new Way().connect)
  t.teardown(() => sampler.close())
  for (let round = 0; round < 50; round++) {
    void sampler.sample() // somebody else's, on its way already
    const [{ lsn }] = await asSuperuser<{ lsn: string }>(serverUrl(), `select (pg_logical_emit_message(true, '', 'x') - '0/0')::text lsn`) as [{ lsn: string }]
    const sample = await sampler.sample()
    if (sample.lsn < BigInt(lsn)) t.fail(`${sample.lsn} is before ${lsn}`)
  }
  t.ok(sampler.latest)
})

t.test('a connection that was lost is made again; nothing is known meanwhile', async (t) => {
  const way = new Way()
  const sampler = new Sampler(way.connect)
  t.teardown(() => sampler.close())
  await sampler.sample()
  await asSuperuser(serverUrl(), 'select pg_terminate_backend($1)', [(way.clients[0] as unknown as { processID: number }).processID])
  while (sampler.latest !== undefined) await sleep(1)
  t.ok((await sampler.sample()).lsn)
  t.equal(way.clients.length, 2)
  way.clients[1]!.connection.stream.destroy() // and nobody has noticed yet
  t.ok((await sampler.sample()).lsn)
  t.equal(way.clients.length, 3)
  sampler.close()
  await t.rejects(sampler.sample(), /closed/)
})

t.test('a server that does not answer is an error, and asked anew when it does', async (t) => {
  const proxy = await TcpProxy.start(serverUrl())
  t.teardown(() => proxy.stop())
  const way = new Way(proxy.url)
  const sampler = new Sampler(way.connect)
  t.teardown(() => sampler.close())
  const waiting = new Waiting(sampler, new LogWait(way.connect))
  const { system, timeline, lsn } = await sampler.sample()
  const far = { system, timeline, lsn: lsn + 2n ** 40n }
  proxy.pause()
  await t.rejects(sampler.sample(), 'where the network stands still')
  t.equal(sampler.latest, undefined)
  t.equal(await waiting.reached(far, 600_000), false, 'nor does anybody wait for it to the end of his time')
  proxy.resume()
  t.ok((await sampler.sample()).lsn >= lsn)
  t.equal(await waiting.reached({ system, timeline, lsn }, 0), true)
  await t.rejects(new Sampler(new Way('postgresql://postgres@127.0.0.1:1/postgres').connect).sample(), { code: 'ECONNREFUSED' })
})

t.test('waiting: one question at a time for all who wait, each until his own position is there', async (t) => {
  const way = new Way()
  const sampler = new Sampler(way.connect)
  t.teardown(() => sampler.close())
  const waiting = new Waiting(sampler, new LogWait(way.connect))
  const { system, timeline, lsn } = await sampler.sample()
  const asked = way.questions.length
  t.equal(await waiting.reached({ system, timeline, lsn }, 1000), true)
  t.equal(await waiting.reached({ system, timeline, lsn: lsn + 2n ** 40n }, 0), false)
  t.equal(way.questions.length, asked, 'what is known, and what may take no time, is not asked')
  const done: string[] = []
  const wait = async (name: string, position: Position, timeoutMs: number): Promise<void> => void done.push(`${name} ${String(await waiting.reached(position, timeoutMs))}`)
  const near = wait('near', { system, timeline, lsn: lsn + 1n }, 600_000)
  const never = [wait('other system', { system: '1', timeline, lsn: 1n }, 60), wait('other timeline', { system, timeline: timeline + 1, lsn: 1n }, 60), wait('far', { system, timeline, lsn: lsn + 2n ** 40n }, 60)]
  while (way.questions.length < asked + 2) await sleep(1)
  await advance()
  await near
  await Promise.all(never)
  t.strictSame(done.toSorted(), ['far false', 'near true', 'other system false', 'other timeline false'])
  t.ok(way.clients.length === 1)
  const settled = way.questions.length
  await sleep(50)
  t.ok(way.questions.length <= settled + 1, 'when nobody waits any more, nobody asks')
})

const askedAt = (position: Position): number => (position as Sample).askedAt

t.test('a primary on which nothing happens makes nothing older', async (t) => {
  const primary = new Primary(new Way().connect)
  t.teardown(() => primary.close())
  const position = await primary.positionWithin(10)
  await sleep(30)
  const later = await primary.positionWithin(10)
  t.equal(later.system, position.system)
  t.ok(later.lsn >= position.lsn)
  t.ok(askedAt(later) > askedAt(position), 'a position of now is taken, although it may be the same')
  t.equal(await primary.positionWithin(600_000), position, 'the earliest that is new enough: replicas have that sooner')
  t.equal(primary.positionBefore(600_000), undefined, 'nobody has asked by then')
  t.ok(primary.positionBefore(0))
})

t.test('what a position was some time ago is known after many questions, too', async (t) => {
  const primary = new Primary(new Way().connect)
  t.teardown(() => primary.close())
  const first = await primary.position()
  await sleep(10)
  const after = performance.now()
  for (let questions = 0; questions < 1000; questions++) await primary.position()
  t.equal(primary.positionBefore(performance.now() - after), first)
  const half = (performance.now() - after) / 2
  const since = performance.now() - half
  const within = await primary.positionWithin(half)
  t.ok(askedAt(within) >= since)
  t.not(within, first)
})

// ---- horizons ----

/** A server that answers when it is told to. */
class Asked implements Source {
  readonly answers: PromiseWithResolvers<Position>[] = []

  position(): Promise<Position> {
    const answer = Promise.withResolvers<Position>()
    this.answers.push(answer)
    return answer.promise
  }
}

const at = (lsn: bigint, timeline = 1): Position => ({ system: '1', timeline, lsn })

t.test('a horizon: what was used is asked once, when somebody wants to know', async (t) => {
  const horizon = new Horizon('session', [at(5n)])
  const source = new Asked()
  t.notOk(horizon.isEmpty)
  await horizon.settle()
  t.equal(source.answers.length, 0)
  horizon.took(source, false)
  horizon.gaveBack(source)
  const settled = horizon.settle()
  source.answers[0]!.resolve(at(9n))
  await settled
  t.same(horizon.of('1'), at(9n))
  t.equal(horizon.of('2'), undefined)
  await horizon.settle()
  t.equal(source.answers.length, 1, 'nothing has been used since')
})

t.test('a horizon: while a connection is out, its server is asked each time', async (t) => {
  const horizon = new Horizon('session', [])
  const source = new Asked()
  t.ok(horizon.isEmpty)
  horizon.took(source, false)
  for (const lsn of [3n, 4n]) {
    const settled = horizon.settle()
    source.answers.at(-1)!.resolve(at(lsn))
    await settled
    t.same(horizon.of('1'), at(lsn))
  }
  horizon.gaveBack(source)
  const settled = horizon.settle()
  source.answers[2]!.resolve(at(2n))
  await settled
  t.same(horizon.of('1'), at(4n), 'and never goes back')
})

t.test('a horizon: who comes while an answer is on its way needs it, too', async (t) => {
  const horizon = new Horizon('session', [])
  const source = new Asked()
  horizon.took(source, false)
  horizon.gaveBack(source)
  const first = horizon.settle()
  t.notOk(horizon.isEmpty, 'there will be something')
  const second = horizon.settle().then(() => horizon.of('1'))
  t.equal(source.answers.length, 1)
  source.answers[0]!.resolve(at(7n))
  await first
  t.same(await second, at(7n))
})

t.test('a horizon: a server that does not say leaves everybody in the dark, until the primaries have said all', async (t) => {
  const horizon = new Horizon('session', [])
  const [source, primary] = [new Asked(), new Asked()]
  horizon.took(source, true)
  const settled = horizon.settle()
  source.answers[0]!.reject(new Error('gone'))
  await settled
  t.equal(horizon.unknown, true)
  t.notOk(horizon.isEmpty)
  const failed = horizon.learnAll([primary])
  primary.answers[0]!.reject(new Error('gone as well'))
  await failed
  t.equal(horizon.unknown, true)
  const learned = horizon.learnAll([primary])
  primary.answers[1]!.resolve(at(8n))
  await learned
  t.equal(horizon.unknown, false)
  t.same(horizon.positions, [at(8n)])
})

t.test('a horizon: what is read where anything will do need not be seen again; what is written must be', async (t) => {
  const horizon = new Horizon('eventual', [])
  const source = new Asked()
  horizon.took(source, true)
  horizon.gaveBack(source)
  t.ok(horizon.isEmpty)
  horizon.took(source, false)
  t.notOk(horizon.isEmpty)
  t.equal(new Horizon('session', undefined).unknown, true, 'a token that nobody can read')
})
