// The end of a managed transaction, when several ask for it at once, and when something goes wrong on the way.
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { Author } from '../sessions/fixtures/library.ts'
import { asSuperuser } from '../../support/databases.ts'
import { gate, postgres, sqlite } from '../sessions/fixtures/engines.ts'
import { company, onEachKind } from './fixtures/branches.ts'

const ENDING = { code: 'SQLASSIST_TRANSACTION_ENDING' }

onEachKind(t, 'commit() twice at once: one commits, the other is told so', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris, rome } = session
  await transaction.begin()
  let hooks = 0
  transaction.beforeCommit(() => void hooks++)
  paris.persist(new Author('Ada'))
  rome.persist(new Author('Bruno'))
  const first = transaction.commit()
  await t.rejects(transaction.commit(), ENDING)
  await first
  t.equal(hooks, 1)
  t.strictSame(await saved(), { paris: ['Ada'], rome: ['Bruno'] })
})

onEachKind(t, 'abort() during a commit: all or nothing, and both know it', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris, rome } = session
  await transaction.begin()
  const [reached, release] = [gate(), gate()]
  transaction.beforeCommit(async () => {
    reached.open()
    await release.opened
  })
  const reasons: unknown[] = []
  transaction.afterAbort((_sessions, reason) => void reasons.push(reason))
  paris.persist(new Author('Ada'))
  rome.persist(new Author('Bruno'))
  const committing = transaction.commit()
  await reached.opened
  const why = new Error('changed my mind')
  const aborting = transaction.abort(why)
  await turn()
  release.open()
  await t.rejects(committing, why)
  await aborting
  t.notOk(transaction.isActive)
  t.strictSame(reasons, [why])
  t.strictSame(await saved(), { paris: [], rome: [] })
})

onEachKind(t, 'a hook that aborts does not wait for itself', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  const why = new Error('not today')
  transaction.beforeCommit(async () => await transaction.abort(why))
  paris.persist(new Author('Ada'))
  await t.rejects(transaction.commit(), why)
  t.strictSame(await saved(), { paris: [], rome: [] })
})

onEachKind(t, 'what is used after the decision does not slip outside', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  await paris.persistAndFlush(new Author('Ada'))
  let late: unknown
  transaction.afterCommit(async () => {
    late = await paris.insert(Author, { name: 'late' }).catch((error: unknown) => error)
  })
  await transaction.commit()
  t.match(late, ENDING)
  t.strictSame(await saved(), { paris: ['Ada'], rome: [] })
})

onEachKind(t, 'a job whose signal has fired is no success, though it has noticed nothing', async (t, { db, saved }) => {
  const leaving = new AbortController()
  const job = db.transaction(async ({ paris }) => {
    await paris.persistAndFlush(new Author('Ada'))
    leaving.abort()
    await turn()
  }, { signal: leaving.signal })
  await t.rejects(job, { code: 'SQLASSIST_SESSION_CLOSED' })
  t.strictSame(await saved(), { paris: [], rome: [] })
})

onEachKind(t, 'a job that has committed a part is not done again', async (t, { db, saved }) => {
  const conflict = Object.assign(new Error('could not serialize'), { code: '40001' })
  let attempts = 0
  const job = db.transaction(async ({ paris, transaction }) => {
    attempts++
    paris.persist(new Author('Ada'))
    await transaction.commit()
    throw conflict
  }, { retry: { attempts: 3, backoff: () => 0 } })
  await t.rejects(job, conflict)
  t.equal(attempts, 1)
  t.strictSame(await saved(), { paris: ['Ada'], rome: [] })
})

for (const [dialect, database] of Object.entries({ postgresql: postgres, sqlite })) {
  t.test(`a signal that fires during the commit comes too late: what is decided is carried out on all engines (${dialect})`, async (t) => {
    const [reached, release] = [gate(), gate()]
    const subscriber = {
      async beforeTransactionCommit() {
        reached.open()
        await release.opened
      },
    }
    const { db, lines, saved } = await company(t, await database(t), await database(t), { config: { subscribers: [subscriber] } })
    const leaving = new AbortController()
    const job = db.transaction(({ paris, rome }) => {
      paris.persist(new Author('Ada'))
      rome.persist(new Author('Bruno'))
    }, { signal: leaving.signal })
    job.catch(() => {})
    await reached.opened // the first engine commits, and the second waits
    leaving.abort()
    await turn()
    release.open()
    await job
    t.strictSame(await saved(), { paris: ['Ada'], rome: ['Bruno'] })
    t.strictSame(lines.filter(({ level }) => level !== 'debug'), [])
  })
}

t.test('a statement that nobody has waited for fails during the commit: its error is the cause', async (t) => {
  const { db, saved } = await company(t, await postgres(t), await postgres(t))
  const job = db.transaction(async ({ paris, rome, transaction }) => {
    await rome.insert(Author, { name: 'Bruno' })
    await paris.insert(Author, { name: 'Ada' })
    transaction.join({
      sortKey: 'last',
      vote: async () => void paris.execute('select 1 / 0').catch(() => {}),
      commit: async () => {},
      finish: async () => {},
      abort: async () => {},
    })
  })
  await t.rejects(job, { code: 'SQLASSIST_TRANSACTION_ROLLED_BACK', message: /'paris'/, cause: { code: '22012' } })
  t.strictSame(await saved(), { paris: [], rome: [] })
})

t.test('a connection that is lost just before the commit, where nobody can be asked any more', async (t) => {
  const paris = await postgres(t)
  const { db, saved } = await company(t, paris, await sqlite(t))
  const job = db.transaction(async ({ paris: lost, rome }) => {
    await rome.insert(Author, { name: 'Bruno' })
    const [row] = await lost.execute<{ pid: number }[]>('select pg_backend_pid() as pid')
    await lost.insert(Author, { name: 'Ada' })
    await asSuperuser(paris.config().clientUrl!, 'select pg_terminate_backend($1, 10000)', [row!.pid])
  })
  await t.rejects(job, { code: 'SQLASSIST_CONNECTION_LOST' })
  t.strictSame(await saved(), { paris: [], rome: [] })
})
