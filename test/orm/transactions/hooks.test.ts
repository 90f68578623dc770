// Hooks before and after the commit, and after an abort.
import t from 'tap'
import { Author, Book } from '../sessions/fixtures/library.ts'
import { onEachKind } from './fixtures/branches.ts'

const never = async (): Promise<void> => await new Promise<void>(() => {})

onEachKind(t, 'before the commit: in the transaction, in order, and one may add another', async (t, { db, saved }) => {
  const calls: string[] = []
  await db.transaction(async ({ transaction, paris }) => {
    transaction.beforeCommit(async (sessions) => {
      calls.push('first')
      sessions.rome.persist(new Author('by a hook'))
      transaction.beforeCommit(() => void calls.push('added'))
      t.strictSame(await saved(), { paris: [], rome: [] })
    })
    transaction.beforeCommit(() => void calls.push('second'))
    paris.persist(new Author('Ada'))
  })
  t.strictSame(calls, ['first', 'second', 'added'])
  t.strictSame(await saved(), { paris: ['Ada'], rome: ['by a hook'] })
})

onEachKind(t, 'a hook before the commit that throws aborts everything', async (t, { db, saved }) => {
  const reasons: unknown[] = []
  await t.rejects(db.transaction(async ({ transaction, paris }) => {
    transaction.beforeCommit(async () => await Promise.reject(new Error('no')))
    transaction.afterAbort((_sessions, reason) => void reasons.push((reason as Error).message))
    transaction.afterCommit(() => t.fail('there was no commit'))
    await paris.persistAndFlush(new Author('Ada'))
  }), { message: 'no' })
  t.strictSame(reasons, ['no'])
  t.strictSame(await saved(), { paris: [], rome: [] })
})

onEachKind(t, 'after the commit: with sessions of their own, which see what was saved and end afterwards', async (t, { db, saved, lines }) => {
  let kept: { count(entity: typeof Author): Promise<number> } | undefined
  await db.transaction(async ({ transaction, paris, rome }) => {
    transaction.afterCommit(async (sessions) => {
      t.not(sessions.paris, paris)
      t.equal(await sessions.paris.count(Author), 1)
      t.equal(await sessions.rome.count(Author), 1)
      await sessions.rome.persistAndFlush(new Author('welcomed'))
      kept = sessions.paris
    })
    transaction.afterCommit(async () => await Promise.reject(new Error('the mailer is down')))
    transaction.afterCommit(() => void lines.push({ level: 'test', message: 'the next one runs all the same' }))
    transaction.afterAbort(() => t.fail('nothing was aborted'))
    paris.persist(new Author('Ada'))
    rome.persist(new Author('Bruno'))
  })
  await t.rejects(kept!.count(Author), { code: 'SQLASSIST_SESSION_CLOSED' })
  t.match(lines.filter(({ level }) => level !== 'debug'), [{ level: 'error', message: /a hook of afterCommit has failed/ }, { level: 'test' }])
  t.strictSame(await saved(), { paris: ['Ada'], rome: ['Bruno', 'welcomed'] })
})

onEachKind(t, 'after the commit means: of all engines', async (t, { db, saved }) => {
  const author = new Author('Bruno')
  author.books.add(new Book('Nights'), new Book('Nights'))
  let reason: unknown
  await t.rejects(db.transaction(async ({ transaction, paris, rome }) => {
    transaction.afterCommit(() => t.fail('one of them was not committed'))
    transaction.afterAbort(async (sessions, why) => {
      reason = why
      await sessions.paris.persistAndFlush(new Author('the hook has written'))
    })
    paris.persist(new Author('Ada'))
    rome.persist(author)
  }), { name: 'UniqueConstraintViolationException' })
  t.match(reason, { name: 'UniqueConstraintViolationException' })
  t.strictSame(await saved(), { paris: ['the hook has written'], rome: [] })
})

onEachKind(t, 'a hook has its time', async (t, { db, saved, lines }) => {
  await t.rejects(db.transaction(async ({ transaction, paris }) => {
    transaction.beforeCommit(async function asksForever() {
      await never()
    })
    await paris.persistAndFlush(new Author('Ada'))
  }, { hookTimeoutMs: 20 }), { code: 'SQLASSIST_HOOK_TIMEOUT', message: /beforeCommit \(asksForever\) did not end within 20 ms/ })
  t.strictSame(await saved(), { paris: [], rome: [] })
  await db.transaction(async ({ transaction, paris }) => {
    transaction.afterCommit(never)
    await paris.persistAndFlush(new Author('Bruno'))
  }, { hookTimeoutMs: 20 })
  t.strictSame(await saved(), { paris: ['Bruno'], rome: [] })
  t.match(lines.filter(({ level }) => level === 'error'), [{ message: /a hook of afterCommit has failed/ }])
})

onEachKind(t, 'by hand: abort() tells its reason, and hooks are those of one transaction', async (t, { db }) => {
  await using session = db.session()
  const { transaction, paris } = session
  const calls: unknown[] = []
  await transaction.begin()
  transaction.afterAbort((_sessions, reason) => void calls.push(reason))
  transaction.afterCommit(() => void calls.push('committed'))
  await paris.persistAndFlush(new Author('Ada'))
  await transaction.abort('changed my mind')
  await transaction.begin()
  await paris.persistAndFlush(new Author('Bruno'))
  await transaction.commit()
  t.strictSame(calls, ['changed my mind'])
})

onEachKind(t, 'one that fails after the commit is logged; what it leaves is not the next one\'s', async (t, { db, saved, lines }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  paris.persist(new Author('Ada'))
  transaction.afterCommit(({ rome }) => {
    rome.persist(new Author('left over'))
    throw new Error('the mail server is away')
  })
  transaction.afterCommit(async ({ rome }) => await rome.persistAndFlush(new Author('Bruno')))
  await transaction.commit()
  t.match(lines.filter(({ level }) => level === 'error'), [{ message: /a hook of afterCommit has failed/ }])
  t.strictSame(await saved(), { paris: ['Ada'], rome: ['Bruno'] })
})
