// Two uses of one session at once are right, or a clear error; and never does one of them reach into somebody else's transaction.
import type { SqlAssist } from 'fastify-sqlassist/orm'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { until } from '../endings/ending.ts'
import { Administrator } from './administrator.ts'
import { Book, Tag } from './model.ts'
import { allBack, enginesOn, library, type Writer, writerIn } from './service.ts'
import { kyselyOf } from './statements.ts'

interface Bench {
  readonly db: SqlAssist
  readonly admin: Administrator
  /** A new session, which ends with the test, or with the signal. */
  open(signal?: AbortSignal): Writer
}

async function bench(t: Test, max?: number): Promise<Bench> {
  const url = await library(t)
  const admin = await Administrator.of(t, url)
  const engines = enginesOn(url)
  const config = max === undefined ? engines.writer.config : { ...engines.writer.config, pool: { max } }
  const db = (await createSqlAssist({ engines: { writer: { config: config! } } })) as unknown as SqlAssist
  t.teardown(async () => await db.dispose())
  const open = (signal?: AbortSignal): Writer => {
    const container = db.session(signal === undefined ? {} : { signal })
    t.teardown(async () => await container.close())
    return writerIn(container)
  }
  return { db, admin, open }
}

/** 'ok', or the code of the error. */
const outcomesOf = async (work: readonly Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(work)).map((each) => (each.status === 'fulfilled' ? 'ok' : ((each.reason as { code?: string }).code ?? String(each.reason))))

const insert = (title: string): string => `insert into book (title, author_id) values ('${title}', 1)`

const hundred = async (em: Writer): Promise<string[]> => await outcomesOf(Array.from({ length: 100 }, async () => await em.execute(insert('unwanted'))))

/** The books that were added, and in how many transactions. */
async function added({ admin }: Bench): Promise<{ titles: string[]; transactions: number }> {
  const rows = await admin.query<{ title: string; xmin: string }>(`select title, xmin::text from book where id > 2 order by title`)
  return { titles: rows.map(({ title }) => title), transactions: new Set(rows.map(({ xmin }) => xmin)).size }
}

/** Has the first of several statements wait for the gate, until all have been asked for. */
async function together(t: Test, { admin }: Bench, start: () => Promise<unknown>[]): Promise<string[]> {
  await admin.putGateIntoBooks()
  await admin.shutGate()
  const outcomes = outcomesOf(start())
  t.ok(await until(async () => (await admin.waiting()).length > 0), 'the first one runs')
  await admin.openGate()
  return await outcomes
}

t.test('several first uses with begin(): one transaction, and errors', async (t) => {
  const { admin, open } = await bench(t)
  for (let round = 0; round < 20; round++) {
    const writer = open()
    const outcomes = await outcomesOf([writer.begin(), writer.begin(), writer.begin()])
    t.strictSame(outcomes.toSorted(), ['SQLASSIST_TRANSACTION_OPEN', 'SQLASSIST_TRANSACTION_OPEN', 'ok'])
    t.equal((await admin.idleInTransaction()).length, 1, 'one transaction')
    await writer.rollback()
    t.equal((await admin.idleInTransaction()).length, 0)
  }
})

t.test('several transactional() on one session are transactions of their own', async (t) => {
  const bench1 = await bench(t)
  const writer = bench1.open()
  const titles = ['a', 'b', 'c', 'd', 'e']
  await Promise.all(titles.map(async (title) => await writer.transactional(async (em) => await em.insert(Book, { title, author: 1 }))))
  t.strictSame(await added(bench1), { titles, transactions: 5 })
})

t.test('a hundred statements at once', async (t) => {
  const { open, db } = await bench(t)
  const numbers = Array.from({ length: 100 }, (_, n) => n)
  const answers = async (writer: Writer): Promise<number[]> =>
    await Promise.all(numbers.map(async (n) => (await writer.execute<[{ n: number }]>('select ?::int n, pg_sleep(random() / 500)', [n]))[0].n))
  const writer = open()
  t.strictSame(await answers(writer), numbers, 'outside a transaction each has its own answer')
  await writer.begin()
  t.strictSame(await answers(writer), numbers, 'and inside')
  await writer.commit()
  await writer[Symbol.asyncDispose]()
  const { total, idle } = db.stats()['writer']!.pool!
  t.equal(total, idle)
})

for (const where of ['outside a transaction', 'after begin()', 'in transactional()'] as const) {
  t.test(`the client leaves while a hundred statements are asked for, ${where}`, async (t) => {
    const { db, admin, open } = await bench(t)
    const leaving = new AbortController()
    const writer = open(leaving.signal)
    if (where === 'after begin()') await writer.begin()
    await admin.holdTables()
    const outcomes = where === 'in transactional()' ? writer.transactional(hundred).catch(() => []) : hundred(writer)
    t.ok(await until(async () => (await admin.waiting()).length > 0))
    const backends = await admin.backends()
    leaving.abort()
    t.ok(await until(async () => (await admin.waiting()).length === 0), 'what runs is stopped')
    const expected = where === 'in transactional()' ? [] : Array.from({ length: 100 }, () => 'SQLASSIST_SESSION_CLOSED')
    t.strictSame(await outcomes, expected, 'and none of the others is sent')
    t.ok(await until(() => db.stats()['writer']!.sessions.open === 0 && allBack(db)))
    t.strictSame(await admin.backends(), backends, 'on the same connections')
    await admin.letGo()
    t.equal(await admin.unwanted(), 0)
  })
}

t.test('commit() while statements run that were asked for before: it waits for them', async (t) => {
  const bench1 = await bench(t)
  const writer = bench1.open()
  await writer.begin()
  const outcomes = await together(t, bench1, () => [...['a', 'b', 'c'].map(async (title) => await writer.execute(insert(title))), writer.commit()])
  t.strictSame(outcomes, ['ok', 'ok', 'ok', 'ok'])
  t.strictSame(await added(bench1), { titles: ['a', 'b', 'c'], transactions: 1 })
})

t.test('commit(), and statements that are asked for after it: in the transaction, or refused', async (t) => {
  for (const late of [0, 1, 2, 4, 8, 16, 32]) {
    const bench1 = await bench(t)
    const writer = bench1.open()
    await writer.begin()
    await writer.execute(insert('a'))
    const committed = writer.commit()
    for (let turns = 0; turns < late; turns++) await Promise.resolve() // so that COMMIT gets further and further
    const titles = ['b', 'c', 'd']
    const outcomes = await outcomesOf(titles.map(async (title) => await writer.execute(insert(title))))
    await committed
    const beside = outcomes.filter((outcome) => outcome === 'ok').length
    for (const outcome of outcomes) t.ok(['ok', 'SQLASSIST_SESSION_CLOSED'].includes(outcome), outcome)
    const saved = await added(bench1)
    t.strictSame(saved.titles, ['a', ...titles.filter((_, n) => outcomes[n] === 'ok')], `what was not refused is saved: ${beside}`)
  }
})

t.test('rollback() while statements run: nothing of them stays', async (t) => {
  const bench1 = await bench(t)
  const writer = bench1.open()
  await writer.begin()
  await together(t, bench1, () => [...['a', 'b', 'c'].map(async (title) => await writer.execute(insert(title))), writer.rollback()])
  t.strictSame(await added(bench1), { titles: [], transactions: 0 })
})

t.test('a transaction of kysely that is committed by hand while statements wait: what is not in it is refused', async (t) => {
  const bench1 = await bench(t)
  const trx = await kyselyOf(bench1.open()).startTransaction().execute()
  const titles = ['a', 'b', 'c']
  const outcomes = await together(t, bench1, () => [
    ...titles.map(async (title) => await trx.insertInto('book').values({ title, author_id: 1 }).execute()),
    trx.commit().execute(),
  ])
  t.strictSame(outcomes, ['ok', 'SQLASSIST_SESSION_CLOSED', 'SQLASSIST_SESSION_CLOSED', 'ok'])
  t.strictSame(await added(bench1), { titles: ['a'], transactions: 1 })
})

t.test('a flush while a flush runs', async (t) => {
  const bench1 = await bench(t)
  const writer = bench1.open()
  const note = (title: string): Writer => writer.persist(writer.create(Book, { title, author: 1 }))
  const outcomes = await together(t, bench1, () => {
    note('a')
    const first = writer.flush()
    note('b')
    const second = writer.flush()
    return [first, second, note('c').flush()]
  })
  t.strictSame(outcomes, ['ok', 'ok', 'ok'])
  t.strictSame((await added(bench1)).titles, ['a', 'b', 'c'], 'each is saved, once')
})

t.test('a flush while a transaction of the same session runs', async (t) => {
  const bench1 = await bench(t)
  const writer = bench1.open()
  const outcomes = await together(t, bench1, () => [
    writer.transactional(async (em) => await em.insert(Book, { title: 'a', author: 1 })),
    writer.persist(writer.create(Tag, { label: 'b' })).flush(),
  ])
  t.strictSame(outcomes, ['ok', 'ok'])
  t.strictSame((await added(bench1)).titles, ['a'])
  t.strictSame(await bench1.admin.tags(), ['classic', 'b'])
})

t.test('what was kept from a transaction that is over does not reach into the next one on the same connection', async (t) => {
  const bench1 = await bench(t, 1)
  const [one, other] = [bench1.open(), bench1.open()]
  await one.begin()
  const kysely = kyselyOf(one)
  const copies = [kysely, kysely.withSchema('public'), kysely.withoutPlugins(), one.getKysely({ columnNamingStrategy: 'property' }) as unknown as typeof kysely]
  const builder = one.qb(Book).insert({ title: 'stray', author: 1 })
  const trx = one.getTransactionContext() as never
  await one.execute(insert('a'))
  await one.commit()
  await other.begin() // there is one connection: it is the same
  await other.execute(insert('b'))
  const outcomes = await outcomesOf([
    ...copies.map(async (copy) => await copy.insertInto('book').values({ title: 'stray', author_id: 1 }).execute()),
    ...copies.map(async (copy) => await copy.selectFrom('book').selectAll().stream().next()),
  ])
  t.strictSame(outcomes, outcomes.map(() => 'SQLASSIST_SESSION_CLOSED'))
  await t.rejects(builder.execute(), 'a query builder')
  await t.rejects(one.insert(Book, { title: 'stray', author: 1 }, { ctx: trx }), 'the transaction by itself')
  await other.commit()
  t.strictSame(await added(bench1), { titles: ['a', 'b'], transactions: 2 })
})
