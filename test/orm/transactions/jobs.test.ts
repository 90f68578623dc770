// db.transaction(): a job's counterpart of a request that is a transaction.
import t from 'tap'
import { postgres, sqlite } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { company, onEachKind } from './fixtures/branches.ts'

const AGAIN = `do $$ begin raise exception 'again' using errcode = '40001'; end $$`
const quickly = { backoff: () => 0 }

onEachKind(t, 'committed when the work is done, and what it returns comes out', async (t, { db, saved }) => {
  const id = await db.transaction(async (session) => {
    const ada = new Author('Ada')
    await session.paris.persistAndFlush(ada)
    session.rome.persist(new Author('Bruno'))
    t.strictSame(session.paris.info, { job: 'nightly' })
    return ada.id
  }, { info: { job: 'nightly' } as object })
  t.ok(id > 0)
  t.strictSame(await saved(), { paris: ['Ada'], rome: ['Bruno'] })
  t.equal(db.stats()['paris']!.sessions.open, 0)
})

onEachKind(t, 'aborted when it throws, or is doomed, or its signal has fired', async (t, { db, saved }) => {
  await t.rejects(db.transaction(async ({ paris }) => {
    await paris.persistAndFlush(new Author('Ada'))
    throw new RangeError('no')
  }), { name: 'RangeError', message: 'no' })
  t.equal(await db.transaction(async ({ transaction, paris }) => {
    await paris.persistAndFlush(new Author('Ada'))
    transaction.doom()
    return 'for its own reasons'
  }), 'for its own reasons')
  const controller = new AbortController()
  await t.rejects(db.transaction(async ({ paris }) => {
    await paris.persistAndFlush(new Author('Ada'))
    controller.abort()
  }, { signal: controller.signal }), { code: 'SQLASSIST_SESSION_CLOSED' })
  t.strictSame(await saved(), { paris: [], rome: [] })
  t.equal(db.stats()['paris']!.sessions.open, 0)
})

t.test('the isolation level is the one that was asked for', async (t) => {
  const { db } = await company(t, await postgres(t), await postgres(t))
  for (const isolationLevel of [undefined, 'repeatable read', 'serializable'] as const) {
    const shown = await db.transaction(async ({ paris }) => await paris.execute('show transaction isolation level'), isolationLevel && { isolationLevel })
    t.strictSame(shown, [{ transaction_isolation: isolationLevel ?? 'read committed' }])
  }
})

t.test('wrong options are refused before anything happens', async (t) => {
  const { db } = await company(t, await sqlite(t), await sqlite(t))
  const invalid = { code: 'SQLASSIST_INVALID_OPTIONS' }
  await t.rejects(db.transaction('work' as never), invalid)
  for (const options of [null, 3, { isolation: 'serializable' }, { retry: 3 }, { retry: { attempts: 1.5 } }, { signal: {} }, { info: 7 }, { twoPhase: 'yes' }]) {
    await t.rejects(db.transaction(() => t.fail('nothing is called'), options as never), invalid, JSON.stringify(options))
  }
  t.equal(db.stats()['paris']!.sessions.opened, 0)
})

t.test('retry: sessions of its own for each attempt, and the hooks of the last one', async (t) => {
  const { db, saved } = await company(t, await postgres(t), await postgres(t))
  const [seen, calls] = [new Set<unknown>(), [] as unknown[]]
  const result = await db.transaction(async ({ transaction, paris, rome }) => {
    const { attempt } = transaction
    seen.add(paris)
    transaction.afterCommit(() => void calls.push(`committed ${attempt}`))
    transaction.afterAbort(() => void calls.push(`aborted ${attempt}`))
    await rome.persistAndFlush(new Author(`attempt ${attempt}`))
    if (attempt === 1) await paris.execute(AGAIN)
    if (attempt === 2) await paris.execute('select pg_terminate_backend(pg_backend_pid())')
    return attempt
  }, { retry: { attempts: 5, ...quickly } })
  t.equal(result, 3)
  t.equal(seen.size, 3)
  t.strictSame(calls, ['committed 3'])
  t.strictSame(await saved(), { paris: [], rome: ['attempt 3'] })
})

t.test('retry comes to an end, is told how often it has failed, and is for what may not happen again', async (t) => {
  const { db, saved } = await company(t, await postgres(t), await postgres(t))
  const failed: number[] = []
  let reasons = 0
  await t.rejects(db.transaction(async ({ transaction, paris }) => {
    transaction.afterAbort(() => void reasons++)
    await paris.execute(AGAIN)
  }, { retry: { attempts: 4, backoff: (times) => (failed.push(times), 0) } }), { code: '40001' })
  t.strictSame(failed, [1, 2, 3])
  t.equal(reasons, 1, 'the hooks of the last attempt')
  let calls = 0
  await t.rejects(db.transaction(async ({ paris }) => {
    calls++
    await paris.execute('select * from nowhere')
  }, { retry: { attempts: 4, ...quickly } }), { name: 'TableNotFoundException' })
  t.equal(calls, 1)
  t.strictSame(await saved(), { paris: [], rome: [] })
})

t.test('a deadlock is one that another attempt may not meet', async (t) => {
  const { db, saved } = await company(t, await postgres(t), await postgres(t))
  await using session = db.session()
  const [ada, bruno] = [new Author('Ada'), new Author('Bruno')]
  await session.paris.persistAndFlush([ada, bruno])
  const both = Promise.withResolvers<void>()
  let [waiting, attempts] = [0, 0]
  const mark = async (first: Author, second: Author): Promise<void> => await db.transaction(async ({ paris }) => {
    attempts++
    await paris.execute(`update author set name = name || '!' where id = ${first.id}`)
    if (++waiting === 2) both.resolve()
    await both.promise
    await paris.execute(`update author set name = name || '!' where id = ${second.id}`)
  }, { retry: { attempts: 3 } })
  await Promise.all([mark(ada, bruno), mark(bruno, ada)])
  t.equal(attempts, 3)
  t.strictSame((await saved()).paris, ['Ada!!', 'Bruno!!'])
})
