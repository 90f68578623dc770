// Backends that die, a server that is silent, connections that are made anew, the end: under load, and no read fails that could be answered.
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { tcpProxy } from '../../../support/tcp-proxy.ts'
import { postgres } from '../../sessions/fixtures/engines.ts'
import { eventually, outcomeOf } from '../fixtures/pool.ts'
import { type SharedLab, sharedLab } from './fixtures/shared.ts'

const url = (await postgres(t)).config().clientUrl!

/** Reads all the time, many at once, until it is told to stop. */
class Readers {
  answered = 0
  readonly wrong: unknown[] = []
  readonly #lanes: Promise<void>[]
  going = true

  constructor(it: SharedLab, lanes = 24) {
    this.#lanes = Array.from({ length: lanes }, async (_, lane) => {
      for (let n = lane; this.going; n += lanes) {
        await using session = it.open()
        const answer = await it.read<{ n: number }>(session.writer, 'select $1::int as n', n).catch((error: unknown) => error)
        if (Array.isArray(answer) && (answer[0] as { n: number }).n === n) this.answered++
        else this.wrong.push(answer)
      }
    })
  }

  /** Resolves when so many more have been answered. */
  async more(count: number): Promise<void> {
    const until = this.answered + count
    await eventually(() => this.answered >= until || this.wrong.length > 0)
  }

  async stop(): Promise<void> {
    this.going = false
    await Promise.all(this.#lanes)
  }
}

t.test('the backends of shared connections are killed again and again', async (t) => {
  const it = await sharedLab(t, url, 4, { max: 4 })
  const readers = new Readers(it)
  for (let kills = 0; kills < 10; kills++) {
    await readers.more(200)
    // Those of the pool are spared: what they run fails as it does without a pipeline.
    await it.admin.query('select pg_terminate_backend($1)', [it.sharedNow()[kills % it.sharedNow().length]])
  }
  await readers.more(200)
  await readers.stop()
  t.strictSame(readers.wrong, [], `${readers.answered} reads`)
  await it.checkAllBack('after the kills')
})

t.test('all connections break at once', async (t) => {
  const proxy = await tcpProxy(t, url)
  const it = await sharedLab(t, url, 2, { through: proxy.url })
  await using session = it.open()
  proxy.freeze('answers')
  const reads: Promise<unknown>[] = []
  for (const n of [1, 2, 3, 4]) {
    reads.push(it.read(session.writer, 'select $1::int as n', n))
    await turn() // what is asked for in one turn shares a connection
  }
  t.equal(it.pool().total - it.pool().idle, 2, 'both have something on their way')
  proxy.cut()
  t.strictSame(await Promise.all(reads), [[{ n: 1 }], [{ n: 2 }], [{ n: 3 }], [{ n: 4 }]], 'they are asked again, of the pool')
  await it.checkAllBack('after all connections have broken')
})

t.test('connections that have vanished are given up, as soon as the server says that it knows nothing of the statement', async (t) => {
  const proxy = await tcpProxy(t, url)
  const it = await sharedLab(t, url, 1, { through: proxy.url, limits: { statementTimeoutMs: 10 * 60_000 } })
  await using session = it.open()
  proxy.freeze()
  t.strictSame(await it.read(session.writer, 'select 1 as n'), [{ n: 1 }], 'by a new connection')
  proxy.cut()
  await it.checkAllBack('after connections have vanished')
})

t.test('a server that is frozen', async (t) => {
  const proxy = await tcpProxy(t, url)
  const it = await sharedLab(t, url, 1, { through: proxy.url, limits: { statementTimeoutMs: 300, checkoutTimeoutMs: 500 } })
  await using session = it.open()
  proxy.pause()
  const [first, behind] = await Promise.all([outcomeOf(it.read(session.writer, 'select 1')), outcomeOf(it.read(session.writer, 'select 2'))])
  t.match([first, behind], [{ code: /SQLASSIST_CONNECTION_LOST|SQLASSIST_DATABASE_UNAVAILABLE/ }, { code: /SQLASSIST_CONNECTION_LOST|SQLASSIST_DATABASE_UNAVAILABLE/ }])
  proxy.resume()
  await eventually(async () => (await outcomeOf(it.read(session.writer, 'select 1'))).message === 'there was no error')
  proxy.cut()
  await it.checkAllBack('after the server was frozen')
})

t.test('reinitEngine() under load', async (t) => {
  const it = await sharedLab(t, url, 4, { max: 4 })
  const readers = new Readers(it)
  for (let times = 0; times < 5; times++) {
    await readers.more(200)
    const before = it.sharedNow()
    await it.db.reinitEngine('writer')
    const after = it.sharedNow()
    t.notOk(before.some((pid) => after.includes(pid)), 'none of the old connections is left')
  }
  await readers.more(200)
  await readers.stop()
  t.strictSame(readers.wrong, [], `${readers.answered} reads`)
  t.strictSame(it.warnings(), [])
  await it.checkAllBack('after reinitEngine()')
})

t.test('dispose() waits for what is on its way', async (t) => {
  const it = await sharedLab(t, url, 2)
  const session = it.open()
  const reads = Array.from({ length: 20 }, async (_, n) => await it.read(session.writer, 'select $1::int as n from pg_sleep(0.002)', n))
  const [answers] = await Promise.all([Promise.all(reads), (async () => {
    await Promise.all(reads)
    await session.close()
  })(), it.db.dispose()])
  t.strictSame(answers.flat().map((row) => (row as { n: number }).n), Array.from({ length: 20 }, (_, n) => n))
  await eventually(async () => (await it.backends()).length === 0)
})
