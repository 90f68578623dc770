// One engine that cannot be prepared, among others that can: its commit is the decision.
import t from 'tap'
import { FULL } from '../../../support/size.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { serverUrl } from '../../../support/databases.ts'
import { statementGate } from '../../../support/statement-gate.ts'
import { assist, sqlite } from '../../sessions/fixtures/engines.ts'
import { Author } from '../../sessions/fixtures/library.ts'
import { DECISION, killAt, noSpare, NOTHING, type Point } from './fixtures/crash.ts'
import { type Sessions, towns } from './fixtures/towns.ts'

t.teardown(noSpare)

async function both({ paris, rome }: Sessions): Promise<void> {
  paris.persist(new Author('Ada'))
  rome.persist(new Author('Ada'))
}

/** As it stands in the protocol: nothing behind it. */
const COMMIT = 'commit\0'

const POINTS: readonly Point[] = [
  { name: 'before the first PREPARE', stop: () => ({ text: 'prepare transaction' }), kept: false, left: () => 0 },
  { name: 'prepared, before the decision', stop: () => ({ text: DECISION }), kept: false, left: (count) => count - 1 },
  { name: 'the decision written, but not committed', stop: () => ({ text: COMMIT }), kept: false, left: (count) => count - 1 },
  { name: 'the decision committed', stop: () => ({ text: COMMIT, answer: true }), kept: true, left: (count) => count - 1 },
  { name: 'after the last COMMIT PREPARED', stop: () => ({ text: 'delete from sqlassist_transactions' }), kept: true, left: () => 0 },
]

/** At part of the size the kills of crashes.test.ts stand for these. */
for (const count of FULL ? [2, 3] : []) {
  t.test(`on PostgreSQL, ${count} databases, killed`, async (t) => {
    const all = await towns(t, count)
    const gate = await statementGate(t, serverUrl())
    const db = await all.assist({}, { [['rome', 'oslo'][count - 2]!]: { twoPhase: false } })
    for (const [index, { name: point, stop, kept, left }] of POINTS.entries()) {
      if (count === 3 && left(3) === left(2)) continue // the torture tries all
      const name = `Ada ${index}`
      await killAt(gate, stop(count), all, { write: name, single: true })
      t.equal((await all.prepared()).length, left(count), `${point}: it was killed there`)
      t.strictSame({ ...(await db.recover()), committed: [], rolledBack: [] }, NOTHING)
      t.strictSame((await all.saved()).map((names) => names.includes(name)), all.urls.map(() => kept), point)
      t.strictSame(await all.prepared(), [])
      t.notOk((await all.records()).some(({ decision }) => decision === 'commit'))
    }
  })
}

t.test('on PostgreSQL, a constraint that its COMMIT looks at', async (t) => {
  const all = await towns(t)
  const db = await all.assist({}, { rome: { twoPhase: false } })
  await all.query(1, 'alter table author add constraint once unique (name) deferrable initially deferred')
  await t.rejects(db.transaction(async (session: Sessions) => {
    await both(session)
    await session.rome.execute(`insert into author (name) values ('Ada')`)
  }), { code: '23505' })
  t.strictSame(await all.saved(), [[], []])
  t.strictSame(await all.prepared(), [])
  await db.transaction(both)
  t.strictSame(await all.saved(), [['Ada'], ['Ada']])
  while ((await all.records()).length > 0) await sleep(10)
})

t.test('on SQLite', async (t) => {
  const all = await towns(t)
  const file = await sqlite(t)
  const db = await all.assist({}, { rome: { config: file.config(), twoPhase: false } })
  const outside = await assist(t, { rome: { config: file.config(), readonly: true } })
  const names = async (): Promise<string[]> => {
    await using session = outside.session()
    return (await session.get('rome').findAll(Author, { orderBy: { name: 'asc' } })).map(({ name }) => name)
  }
  await db.transaction(both, { twoPhase: true })
  t.strictSame([(await all.saved())[0], await names()], [['Ada'], ['Ada']])
  await t.rejects(db.transaction(async ({ paris, rome }: Sessions) => {
    await rome.execute('pragma defer_foreign_keys = on')
    paris.persist(new Author('Bruno'))
    await rome.execute(`insert into book (title, author_id) values ('Nights', 99)`)
  }), { message: /FOREIGN KEY/ })
  t.strictSame([(await all.saved())[0], await names()], [['Ada'], ['Ada']])
  t.strictSame(await all.prepared(), [])
  // The decision cannot be written down any more, and SQLite has committed.
  await all.query(0, `create function refuse() returns trigger language plpgsql as $$ begin if new.decision = 'commit' then raise exception 'no'; end if; return new; end $$`)
  await all.query(0, 'create trigger refuse before insert on sqlassist_transactions for each row execute function refuse()')
  await t.rejects(db.transaction(async ({ paris, rome }: Sessions) => {
    paris.persist(new Author('Clara'))
    rome.persist(new Author('Clara'))
  }), { code: 'SQLASSIST_PARTIAL_COMMIT', committed: ['rome'], rolledBack: ['paris'], unknown: [] })
  t.strictSame([(await all.saved())[0], await names()], [['Ada'], ['Ada', 'Clara']])
  t.strictSame(await all.prepared(), [])
})
