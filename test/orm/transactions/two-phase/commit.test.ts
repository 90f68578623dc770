// Engines with `twoPhase: true`: a transaction over several is prepared on all before it is committed on any.
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { statementGate } from '../../../support/statement-gate.ts'
import { serverUrl } from '../../../support/databases.ts'
import type { Config, Database } from '../../sessions/fixtures/engines.ts'
import { Author } from '../../sessions/fixtures/library.ts'
import { NAMES, type Sessions, type Towns, towns, townsOn } from './fixtures/towns.ts'

/** The record of what is committed is deleted when the reply is on its way already. */
async function untilForgotten(records: () => Promise<unknown[]>): Promise<void> {
  while ((await records()).length > 0) await sleep(10)
}

for (const count of [2, 3]) {
  t.test(`${count} databases are committed together`, async (t) => {
    const all = await towns(t, count)
    const db = await all.assist()
    const names = NAMES.slice(0, count)
    await db.transaction(async (session: Sessions) => {
      for (const name of names) session[name].persist(new Author('Ada'))
    })
    t.strictSame(await all.saved(), names.map(() => ['Ada']))
    t.strictSame(await all.prepared(), [])
    await untilForgotten(all.records)
    t.strictSame(db.lines.filter(({ level }) => level !== 'debug'), [])
  })
}

const both = async ({ paris, rome }: Sessions): Promise<void> => {
  paris.persist(new Author('Ada'))
  rome.persist(new Author('Ada'))
}

t.test('nothing is prepared where it is of no use', async (t) => {
  const all = await towns(t, 3)
  const db = await all.assist()
  await db.recover()
  // Whoever prepared anything would fail.
  for (const [town] of all.urls.entries()) await all.query(town, `create function refuse() returns trigger language plpgsql as $$ begin if new.decision = 'commit' then raise exception 'prepared'; end if; return new; end $$`)
  for (const [town] of all.urls.entries()) await all.query(town, 'create trigger refuse before insert on sqlassist_transactions for each row execute function refuse()')
  await db.transaction(async ({ paris }: Sessions) => void paris.persist(new Author('alone')))
  await db.transaction(async ({ paris, rome, oslo }: Sessions) => {
    await rome.count(Author)
    await oslo.execute('select 1')
    paris.persist(new Author('with readers'))
  })
  await db.transaction(both, { twoPhase: false })
  t.strictSame(await all.saved(), [['Ada', 'alone', 'with readers'], ['Ada'], []])
  await t.rejects(db.transaction(both), { message: /prepared/ }, 'and where it is of use it is')
  t.strictSame(await all.prepared(), [])
})

t.test('by hand, with hooks and events, and again in the same session', async (t) => {
  const all = await towns(t)
  const heard: string[] = []
  const subscriber = {
    beforeTransactionCommit: () => void heard.push('before'),
    afterTransactionCommit: () => void heard.push('after'),
  }
  const databases = all.databases.map((database): Database => ({ ...database, config: (more = {}): Config => database.config({ ...more, subscribers: [subscriber], pool: { max: 1 } }) }))
  const db = await townsOn(t, databases).assist()
  await using session: Sessions = db.session()
  for (const round of [1, 2]) {
    const { transaction, paris, rome } = session
    await transaction.begin()
    transaction.afterCommit(() => void heard.push('hook'))
    await both(session)
    await transaction.commit()
    t.strictSame(heard.splice(0), ['before', 'before', 'after', 'after', 'hook'], `round ${round}`)
    t.notOk(paris.isInTransaction())
    t.equal(await rome.count(Author), round, 'on a pool of one, so that the connection came back')
  }
  t.strictSame(await all.saved(), [['Ada', 'Ada'], ['Ada', 'Ada']])
  t.strictSame(db.engine('paris').stats().pool?.total, 1)
})

t.test('after a transaction that could not be prepared the sessions can be used, and write it again', async (t) => {
  const all = await towns(t)
  const db = await all.assist()
  await using session = db.session()
  const { transaction, paris, rome } = session
  const ada = new Author('Ada')
  await transaction.begin()
  paris.persist(ada)
  rome.persist(new Author('Ada'))
  await rome.execute('notify news')
  await t.rejects(transaction.commit(), { code: 'SQLASSIST_PREPARE_FAILED' })
  t.equal(ada.id, undefined)
  await transaction.begin()
  await paris.persist(ada).flush()
  await transaction.commit()
  t.strictSame(await all.saved(), [['Ada'], []])
})

t.test('an answer to PREPARE that is lost: all is undone, at the latest by recovery', async (t) => {
  const all = await towns(t)
  const gate = await statementGate(t, serverUrl())
  const db = await through(t, all, (url) => gate.through(url)).assist({ recoveryIntervalMs: 60_000 })
  while (!(await db.recover()).leftAlone.every(() => false));
  const held = gate.stopAt({ text: 'prepare transaction', after: 1, answer: true })
  const done = db.transaction(both)
  done.catch(() => {})
  await held
  gate.cut()
  await t.rejects(done, { code: 'SQLASSIST_CONNECTION_LOST' })
  while ((await all.prepared()).length > 0) await sleep(10)
  t.strictSame(await all.saved(), [[], []])
})

const through = (t: Test, all: Towns, url: (url: string) => string): Towns =>
  townsOn(t, all.databases.map((database): Database => ({ ...database, config: (more = {}): Config => database.config({ ...more, clientUrl: url(database.config().clientUrl!) }) })))

t.test('somebody drops the table of decisions: one transaction fails, and the next ones do not', async (t) => {
  const all = await towns(t)
  const db = await all.assist()
  await db.transaction(both)
  while ((await all.records()).length > 0) await sleep(10)
  await all.query(0, 'drop table sqlassist_transactions')
  await t.rejects(db.transaction(both), { code: '42P01' })
  t.strictSame(await all.prepared(), [])
  await db.transaction(both)
  t.strictSame(await all.saved(), [['Ada', 'Ada'], ['Ada', 'Ada']])
})

t.test('a pool of one, and others who wait for the same rows', async (t) => {
  const all = await towns(t)
  const databases = all.databases.map((database): Database => ({ ...database, config: (more = {}): Config => database.config({ ...more, pool: { max: 1 } }) }))
  const db = await townsOn(t, databases).assist()
  for (const [town] of all.urls.entries()) await all.query(town, `insert into author (name) values ('0')`)
  await Promise.all(Array.from({ length: 20 }, async () => {
    await db.transaction(async ({ paris, rome }: Sessions) => {
      await paris.execute('update author set name = name::int + 1')
      await rome.execute('update author set name = name::int + 1')
    })
  }))
  t.strictSame(await all.saved(), [['20'], ['20']])
})
