// A pool that waits for itself is found, named, and goes on.
import t from 'tap'
import { gate, postgres } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { configOf, type Container, eventually, type Lab, lab, outcomeOf } from './fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!

const stuck = ({ lines }: Lab): string[] => lines.filter(({ message }) => message.includes('waits for itself')).map(({ message }) => message)
const finished = (outcomes: readonly Error[]): number => outcomes.filter(({ message }) => message === 'there was no error').length

/** Holds a connection, waits for all others to hold theirs, and then wants one more. */
async function wantsTwo({ open }: Lab, together: Together): Promise<unknown> {
  await using session = open()
  return await session.writer.transactional(async (em) => {
    await em.count(Author)
    await together.all()
    return await session.writer.fork().count(Author)
  })
}

class Together {
  readonly #gate = gate()
  #missing: number

  constructor(count: number) {
    this.#missing = count
  }

  async all(): Promise<void> {
    if (--this.#missing === 0) this.#gate.open()
    await this.#gate.opened
  }
}

t.test('each request needs two connections, and there are two in all', async (t) => {
  const it = await lab(t, url, { max: 2, limits: { checkoutTimeoutMs: 60_000 } })
  const together = new Together(2)
  const outcomes = await Promise.all([1, 2].map(async () => await outcomeOf(wantsTwo(it, together))))
  t.equal(finished(outcomes), 1, 'one gives up, and the other goes on')
  t.match(outcomes.find((error) => 'code' in error), { code: 'SQLASSIST_POOL_DEADLOCK', statusCode: 503, message: /2 of 2 in use, 2 waiting/ })
  t.match(stuck(it), [/engine 'writer' waits for itself\. Its connections are held by session writer#\d+ of The container, for \d+ ms; session writer#\d+ of The container/])
  await it.checkAllBack('after a deadlock')
})

t.test('of many at once as many give up as have to', async (t) => {
  const it = await lab(t, url, { max: 3, limits: { checkoutTimeoutMs: 60_000 } })
  const together = new Together(3)
  const outcomes = await Promise.all([1, 2, 3].map(async () => await outcomeOf(wantsTwo(it, together))))
  t.ok(finished(outcomes) >= 1)
  t.ok(outcomes.every((error) => error.message === 'there was no error' || (error as { code?: string }).code === 'SQLASSIST_POOL_DEADLOCK'))
  await it.checkAllBack('after another deadlock')
})

t.test('two pools that wait for each other', async (t) => {
  const it = await lab(t, url, { max: 1, limits: { checkoutTimeoutMs: 60_000 }, other: { config: configOf(url, 1), limits: { checkoutTimeoutMs: 60_000 } } })
  const together = new Together(2)
  const crossed = async (own: 'writer' | 'other', wanted: 'writer' | 'other'): Promise<unknown> => {
    await using session: Container = it.open()
    return await session[own].transactional(async (em) => {
      await em.count(Author)
      await together.all()
      return await session[wanted].count(Author)
    })
  }
  const outcomes = await Promise.all([outcomeOf(crossed('writer', 'other')), outcomeOf(crossed('other', 'writer'))])
  t.equal(finished(outcomes), 1)
  t.match(outcomes.find((error) => 'code' in error), { code: 'SQLASSIST_POOL_DEADLOCK' })
  await it.checkAllBack('after a deadlock of two pools')
})

t.test('a holder that works, or that waits for something else, is no deadlock', async (t) => {
  const it = await lab(t, url, { max: 1, limits: { checkoutTimeoutMs: 60_000 } })
  const free = gate()
  await using holder = it.open()
  const holding = holder.writer.transactional(async (em) => {
    await em.execute('select pg_sleep(0.5)')
    await free.opened
  })
  await using other = it.open()
  await eventually(() => it.pool().total === 1 && it.pool().idle === 0)
  const waiting = other.writer.count(Author)
  await eventually(async () => (await it.backends('idle in transaction')).length === 1)
  await eventually(async () => await new Promise((resolve) => setTimeout(resolve, 400, true))) // longer than it takes to find one
  t.strictSame(stuck(it), [])
  free.open()
  await holding
  t.equal(await waiting, 0)
})
