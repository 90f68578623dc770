// A pool that waits for itself: everybody holds a connection and wants one more. Found, named, and ended with the last one to come.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { gate, postgres } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { configOf, type Container, eventually, type Lab, lab, outcomeOf, type Writer } from './fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!

/** So long that a test would time out before it helps. */
const limits = { checkoutTimeoutMs: 500_000 }

/** Resolves when all have come. */
function meeting(count: number): () => Promise<void> {
  const all = gate()
  let here = 0
  return async () => {
    if (++here === count) all.open()
    await all.opened
  }
}

/** One connection inside of which another one is needed. */
async function nested({ writer }: Container, meet: () => Promise<void>): Promise<string> {
  return await writer.transactional(async (em) => {
    await em.execute('select 1')
    await meet()
    await em.fork().execute('select 1')
    return 'done'
  })
}

const deadlocks = ({ lines }: Lab): string[] => lines.filter(({ level, message }) => level === 'warn' && message.includes('waits for itself')).map(({ message }) => message)

for (const max of [1, 2, 5]) {
  t.test(`nested work in every request, on a pool of ${max}: one gives up, the others go on`, async (t) => {
    const it = await lab(t, url, { max, limits })
    const meet = meeting(max)
    const outcomes = await Promise.all(Array.from({ length: max }, async () => {
      await using container = it.open()
      return await outcomeOf(nested(container, meet))
    }))
    const failed = outcomes.filter(({ code }) => code !== undefined)
    t.equal(failed.length, 1)
    t.match(failed[0], { code: 'SQLASSIST_POOL_DEADLOCK', statusCode: 503, headers: { 'retry-after': '1' } })
    t.match(failed[0]!.message, new RegExp(`engine 'writer' waits for one more \\(${max} of ${max} in use, \\d waiting; held longest by session writer#\\d+ of The container`))
    t.equal(deadlocks(it).length, 1)
    t.equal([...deadlocks(it)[0]!.matchAll(/session writer#\d+ of The container, for \d+ ms/g)].length, max, 'all holders are named')
    await it.checkAllBack('afterwards')
  })
}

t.test('more requests than connections, all of them nested: everybody gets an answer', async (t) => {
  const it = await lab(t, url, { max: 2, limits })
  const outcomes = await Promise.all(Array.from({ length: 10 }, async () => {
    await using container = it.open()
    return (await outcomeOf(nested(container, async () => await sleep(5)))).code ?? 'done'
  }))
  t.equal(outcomes.filter((outcome) => outcome === 'done' || outcome === 'SQLASSIST_POOL_DEADLOCK').length, 10)
  t.ok(outcomes.includes('done'))
  await it.checkAllBack('afterwards')
})

t.test('a request with itself, by begin() and by kysely', async (t) => {
  const it = await lab(t, url, { max: 1, limits })
  const ways: Record<string, (writer: Writer) => Promise<unknown>> = {
    'begin() and a fork': async (writer) => {
      await writer.begin()
      await writer.fork().count(Author)
    },
    'a transaction of kysely and a find': async (writer) => await writer.getKysely().transaction().execute(async () => await writer.count(Author)),
    'a stream and a find': async (writer) => {
      for await (const row of writer.getConnection().stream('select 1 as one', [])) await writer.count(Author, { id: (row as { one: number }).one })
    },
    'a transaction and one that is new': async (writer) => await writer.transactional(async (em) => {
      await em.execute('select 1')
      await em.transactional(async (inner) => await inner.count(Author), { propagation: 'requires_new' as never })
    }),
  }
  for (const [way, work] of Object.entries(ways)) {
    await using container = it.open()
    t.match(await outcomeOf(work(container.writer)), { code: 'SQLASSIST_POOL_DEADLOCK' }, way)
    await container.close({ aborted: true })
  }
  await it.checkAllBack('afterwards')
})

t.test('two engines that wait for each other', async (t) => {
  const it = await lab(t, url, { max: 1, limits, other: { config: configOf(url, 1), limits } })
  const meet = meeting(2)
  const across = async (first: 'writer' | 'other', second: 'writer' | 'other'): Promise<string> => {
    await using container = it.open()
    return await container[first].transactional(async (em) => {
      await em.execute('select 1')
      await meet()
      await container[second].execute('select 1')
      return 'done'
    })
  }
  const outcomes = await Promise.all([outcomeOf(across('writer', 'other')), outcomeOf(across('other', 'writer'))])
  t.strictSame(outcomes.map(({ code = 'done' }) => code).toSorted(), ['SQLASSIST_POOL_DEADLOCK', 'done'])
  await it.checkAllBack('afterwards')
})

t.test('three pools in a circle, with somebody beside it who only waits', async (t) => {
  const other = { config: configOf(url, 1), limits }
  const it = await lab(t, url, { max: 1, limits, other, third: other })
  const meet = meeting(3)
  const names = ['writer', 'other', 'third'] as const
  const around = async (index: number): Promise<string> => {
    await using container = it.open() as Container & { third: Writer }
    return await container[names[index]!].transactional(async (em) => {
      await em.execute('select 1')
      await meet()
      await container[names[(index + 1) % 3]!].execute('select 1')
      return 'done'
    })
  }
  const circle = [0, 1, 2].map(async (index) => await outcomeOf(around(index)))
  await eventually(() => names.every((name) => it.pool(name).waiting === 1))
  await using onlooker = it.open()
  const looking = onlooker.writer.execute('select 1 as one')
  const outcomes = (await Promise.all(circle)).map(({ code = 'done' }) => code)
  t.strictSame(outcomes.toSorted(), ['SQLASSIST_POOL_DEADLOCK', 'done', 'done'])
  t.match(await looking, [{ one: 1 }], 'who holds nothing is not the one to give up')
})

t.test('no alarm while something moves', async (t) => {
  const it = await lab(t, url, { max: 1, limits, other: { config: configOf(url, 1), limits } })

  await t.test('a statement of a holder runs', async (t) => {
    await using container = it.open()
    const working = container.writer.transactional(async (em) => await em.execute('select pg_sleep(0.6)'))
    await it.running('pg_sleep(0.6)')
    t.equal(await container.writer.fork().count(Author), 0)
    await working
  })

  await t.test('a holder waits for something else, and others for the connection', async (t) => {
    await using holder = it.open()
    await using waiter = it.open()
    const [held, free] = [gate(), gate()]
    const working = holder.writer.transactional(async (em) => {
      await em.execute('select 1')
      held.open()
      await free.opened
    })
    await held.opened
    const waiting = waiter.writer.count(Author)
    await sleep(400) // four times as long as a deadlock would need
    t.equal(it.pool().waiting, 1)
    free.open()
    await working
    t.equal(await waiting, 0)
  })

  await t.test('the connection that a holder waits for is another engine\'s, whose holder moves', async (t) => {
    await using first = it.open()
    await using second = it.open()
    const free = gate()
    await second.other.begin()
    await second.other.execute('select 1')
    const working = first.writer.transactional(async (em) => {
      await em.execute('select 1')
      return await first.other.execute('select 2 as two')
    })
    await eventually(() => it.pool('other').waiting === 1)
    const waiting = second.other.fork().getConnection() && outcomeOf(free.opened)
    await sleep(400)
    await second.other.rollback()
    free.open()
    t.match(await working, [{ two: 2 }])
    t.match(await waiting, { message: 'there was no error' })
  })

  await t.test('code outside of sessions holds the connection', async (t) => {
    const held = gate()
    const free = gate()
    const { em } = it.db.engine('writer').orm
    const working = em.fork().transactional(async (inner) => {
      await inner.getConnection().execute('select 1', [], 'all', inner.getTransactionContext())
      held.open()
      await free.opened
    })
    await held.opened
    await using waiter = it.open()
    const waiting = waiter.writer.count(Author)
    await sleep(400)
    free.open()
    await working
    t.equal(await waiting, 0)
  })

  t.strictSame(deadlocks(it), [])
  await it.checkAllBack('afterwards')
})
