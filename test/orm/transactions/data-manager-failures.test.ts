// Data managers that come too late, and those that cannot go back to where they said they could.
import type { DataManager } from 'fastify-sqlassist/orm'
import t from 'tap'
import { Author } from '../sessions/fixtures/library.ts'
import { onEachKind } from './fixtures/branches.ts'

type Phase = 'begin' | 'commit' | 'vote' | 'finish' | 'abort'
const PHASES: readonly Phase[] = ['begin', 'commit', 'vote', 'finish', 'abort']

/** A data manager that writes down what it is asked, and fails in some phases. */
function resource(sortKey: string, calls: string[], failing: readonly Phase[] = []): Required<Omit<DataManager, 'savepoint'>> {
  const phases = PHASES.map((phase) => [phase, () => {
    calls.push(`${phase} ${sortKey}`)
    if (failing.includes(phase)) throw new Error(`${sortKey} fails in ${phase}`)
  }])
  return { sortKey, ...(Object.fromEntries(phases) as Record<Phase, () => void>) }
}

onEachKind(t, 'who joins too late, or is none, is refused', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  for (const wrong of [undefined, 'mailer', {}, { sortKey: 'a' }, { sortKey: 1, commit() {}, finish() {}, abort() {} }, { ...resource('a', []), vote: 'yes' }]) {
    t.throws(() => transaction.join(wrong as unknown as DataManager), { code: 'SQLASSIST_DATA_MANAGER_INVALID' })
  }
  paris.persist(new Author('Ada'))
  const calls: string[] = []
  transaction.join({ ...resource('a', calls), commit: () => transaction.join(resource('late', calls)) })
  await t.rejects(transaction.commit(), { code: 'SQLASSIST_TRANSACTION_ENDING' }, 'it would neither commit nor abort')
  t.strictSame(calls, ['begin a', 'abort a'])
  t.strictSame(await saved(), { paris: [], rome: [] })
})

onEachKind(t, 'going back that fails half way leaves nothing to commit', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  const calls: string[] = []
  const broken = new Error('cannot go back')
  await transaction.begin()
  transaction.join({ ...resource('a', calls), savepoint: () => ({ rollback: () => { throw broken } }) })
  paris.persist(new Author('Ada'))
  const savepoint = await transaction.savepoint()
  await t.rejects(savepoint.rollback(), broken)
  await t.rejects(transaction.commit(), broken)
  t.strictSame(calls, ['abort a'])
  t.strictSame(await saved(), { paris: [], rome: [] })
})
