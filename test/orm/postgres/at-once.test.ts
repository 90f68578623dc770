// Much at once on one session: one first use, no statement lost, and an end in the middle of it that leaves nothing behind.
import { CompiledQuery } from 'kysely'
import t from 'tap'
import { postgres } from '../sessions/fixtures/engines.ts'
import { Author, Book } from '../sessions/fixtures/library.ts'
import { backendOf, eventually, lab, outcomeOf } from './fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!

const times = <T>(count: number, fn: (index: number) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: count }, async (_, index) => await fn(index)))

t.test('a hundred queries as the first use of a pool', async (t) => {
  const it = await lab(t, url, { max: 5 })
  await using session = it.open()
  const rows = await times(100, async (n) => await session.writer.execute<[{ n: number }]>('select ?::int as n', [n]))
  t.strictSame(rows.map(([row]) => row.n), Array.from({ length: 100 }, (_, n) => n))
  await it.checkAllBack('afterwards')
})

t.test('a hundred queries in one transaction run on its connection, one after the other', async (t) => {
  const it = await lab(t, url, { max: 5 })
  await using session = it.open()
  await session.writer.transactional(async (em) => {
    const pids = await times(100, async () => await backendOf(em))
    t.equal(new Set(pids).size, 1)
    t.equal(it.pool().total, 1)
  })
})

t.test('one of them fails: the others say so, and the transaction is not half saved', async (t) => {
  const it = await lab(t, url)
  await using session = it.open()
  const error = await outcomeOf(session.writer.transactional(async (em) => {
    await times(10, async (n) => await (n === 5 ? em.execute('select 1/0') : em.insert(Author, { name: `author ${n}` })))
  }))
  t.match(error, { code: '22012' })
  t.equal(await session.writer.fork().count(Author), 0)
  await it.checkAllBack('afterwards')
})

t.test('the session ends while a hundred queries are on their way', async (t) => {
  for (const how of ['beside each other', 'in a transaction'] as const) {
    const it = await lab(t, url, { max: 3 })
    const session = it.open()
    const { writer } = session
    if (how === 'in a transaction') await writer.begin()
    const asked = times(100, async () => (await outcomeOf(writer.execute('select pg_sleep(0.02)'))).code ?? 'done')
    await it.running('pg_sleep')
    await session.close({ aborted: true, stop: true })
    const outcomes = await asked
    t.notOk(outcomes.some((outcome) => outcome !== 'done' && outcome !== 'SQLASSIST_SESSION_CLOSED'), [...new Set(outcomes)].join(', '))
    t.ok(outcomes.includes('SQLASSIST_SESSION_CLOSED'))
    await it.checkAllBack(how)
  }
})

t.test('transactions begun at once: each has a connection of its own, and all of them end', async (t) => {
  const it = await lab(t, url, { max: 4 })
  const started: string[] = []
  await it.db.engine('writer').orm.em.fork().getConnection().execute('select 1')
  await times(200, async (n) => {
    await using session = it.open()
    const outcome = await outcomeOf(session.writer.transactional(async (em) => {
      started.push(`${n}`)
      await em.insert(Author, { name: `author ${n}` })
      if (n % 3 === 0) throw new Error('no')
    }))
    t.equal(outcome.message, n % 3 === 0 ? 'no' : 'there was no error')
  })
  t.equal(started.length, 200)
  const [{ n }] = (await it.admin.query<{ n: number }>('select count(*)::int n from author')).rows as [{ n: number }]
  t.equal(n, 133)
  await it.admin.query('truncate author cascade')
  await it.checkAllBack('afterwards')
})

t.test('two flushes at once: all is saved, or an error says what was not', async (t) => {
  const it = await lab(t, url)
  await using session = it.open()
  const { writer } = session
  const ada = writer.create(Author, { name: 'Ada', books: [] })
  const flushes = [writer.flush(), writer.flush()].map(outcomeOf)
  writer.create(Book, { title: 'Engines', author: ada })
  flushes.push(outcomeOf(writer.flush()))
  const outcomes = await Promise.all(flushes)
  await writer.flush()
  t.strictSame(outcomes.map(({ code = 'done' }) => code), ['done', 'done', 'done'])
  const { rows } = await it.admin.query('select name, title from author join book on author_id = author.id')
  t.strictSame(rows, [{ name: 'Ada', title: 'Engines' }])
  await it.admin.query('truncate author cascade')
})

t.test('statements of kysely that are sent after the commit of their transaction are refused', async (t) => {
  const it = await lab(t, url, { max: 1 })
  await using session = it.open()
  const trx = await session.writer.getKysely().startTransaction().execute()
  const committing = trx.commit().execute()
  const late = await Promise.all([1, 2].map(async () => await outcomeOf(trx.executeQuery(CompiledQuery.raw(`insert into author (name) values ('too late')`)))))
  await committing
  for (const error of late) t.not(error.message, 'there was no error')
  t.strictSame((await it.admin.query('select * from author')).rows, [])
  await eventually(() => it.pool().idle === it.pool().total)
  await it.checkAllBack('afterwards')
})
