// Recovery among others who recover, and on connections that break or are silent.
import { setImmediate as turn } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import { serverUrl } from '../../../support/databases.ts'
import { statementGate, type StatementGate } from '../../../support/statement-gate.ts'
import { type Config, type Database } from '../../sessions/fixtures/engines.ts'
import { killAt, noSpare, NOTHING, POINTS } from './fixtures/crash.ts'
import { adaInBoth, type Towns, towns, townsOn } from './fixtures/towns.ts'

t.teardown(noSpare)

const DECIDED = 3

/** The same databases, the first one through the gate. */
const parisBehind = (t: Test, gate: StatementGate, all: Towns): Towns =>
  townsOn(t, all.databases.map((database, town): Database => (town > 0 ? database : { ...database, config: (more = {}): Config => database.config({ ...more, clientUrl: gate.through(all.urls[0]!) }) })))

t.test('what somebody else is finishing is left to him, and what he has finished is not missed', async (t) => {
  const all = await towns(t)
  const gate = await statementGate(t, serverUrl())
  const [other, db] = [await all.assist(), await parisBehind(t, gate, all).assist()]
  await db.recover()
  await killAt(gate, POINTS[DECIDED]!.stop(2), all, { write: 'Ada' })
  const gid = (await all.prepared()).find((name) => name.endsWith(':paris'))!
  const busy = new pg.Client({ connectionString: all.urls[0]! })
  await busy.connect()
  await busy.query('select pg_advisory_lock(hashtextextended($1, 0))', [gid])
  const first = await other.recover()
  t.strictSame(first.leftAlone, [{ engine: 'paris', gid, why: 'somebody else is recovering it at this moment' }])
  t.equal(first.committed.length, 1)
  await busy.end()
  const held = gate.stopAt({ text: 'pg_try_advisory_lock' })
  const late = db.recover()
  await held
  t.strictSame((await other.recover()).committed.map((found) => found.gid), [gid])
  gate.open()
  t.strictSame(await late, NOTHING)
  t.strictSame(await all.saved(), [['Ada'], ['Ada']])
})

t.test('a connection that is lost in the middle of it: it says what it has left, and the next one does it', async (t) => {
  const all = await towns(t)
  const gate = await statementGate(t, serverUrl())
  const db = await parisBehind(t, gate, all).assist()
  await db.recover()
  await killAt(gate, POINTS[DECIDED]!.stop(2), all, { write: 'Ada' })
  const gid = (await all.prepared()).find((name) => name.endsWith(':paris'))!
  const held = gate.stopAt({ text: 'commit prepared' })
  const cut = db.recover()
  await held
  gate.cut()
  const { leftAlone, failed } = await cut
  t.match(leftAlone.find((left) => left.gid === gid), { engine: 'paris', why: /Connection terminated/ })
  t.strictSame(failed.map(({ engine }) => engine), ['paris'], 'nor could it be asked for its decisions')
  while ((await all.prepared()).length > 0) await db.recover()
  t.strictSame(await all.saved(), [['Ada'], ['Ada']])
})

t.test('a database that has become silent is not waited for, and its connection is not used again', async (t) => {
  const all = await towns(t)
  const gate = await statementGate(t, serverUrl())
  const db = await parisBehind(t, gate, all).assist({}, { paris: { limits: { commitTimeoutMs: 500 } } })
  await db.recover()
  for (const [text, whys] of [
    ['set lock_timeout', [/no answer within 250 ms/]],
    ['from pg_prepared_xacts', [/no answer within 250 ms/, /not queryable|Connection terminated/]],
  ] as const) {
    const held = gate.stopAt({ text, answer: true })
    const recovering = db.recover()
    await held
    const { failed } = await recovering
    t.match(failed, whys.map((why) => ({ engine: 'paris', why })), text)
    t.equal(failed.length, whys.length)
    gate.cut()
  }
  t.strictSame((await db.recover()).failed, [])
})

t.test('a record that could not be deleted is deleted by recovery', async (t) => {
  const all = await towns(t)
  const gate = await statementGate(t, serverUrl())
  const db = await parisBehind(t, gate, all).assist()
  await db.recover()
  const held = gate.stopAt({ text: 'delete from sqlassist_transactions' })
  await db.transaction(adaInBoth)
  await held
  gate.cut()
  while (!db.lines.some(({ level, message }) => level === 'warn' && message === 'The records of 1 committed transactions could not be deleted: recovery does it later')) await turn()
  t.equal((await all.records()).length, 1)
  await db.recover()
  t.strictSame(await all.records(), [])
  await db.transaction(adaInBoth)
  while ((await all.records()).length > 0);
  t.strictSame(await all.saved(), [['Ada', 'Ada'], ['Ada', 'Ada']])
})

t.test('two that make the table of decisions at the same moment', async (t) => {
  const all = await towns(t)
  const db = await all.assist()
  const other = new pg.Client({ connectionString: all.urls[0]! })
  await other.connect()
  await other.query('begin')
  await other.query(`create table sqlassist_transactions (id text primary key, decision text not null, parts text not null default '[]', decided_at timestamptz not null default now())`)
  const done = db.transaction(adaInBoth)
  done.catch(() => {})
  while ((await all.query(0, `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like 'create table%'`)).length === 0);
  await other.query('commit')
  await other.end()
  await done
  t.strictSame(await all.saved(), [['Ada'], ['Ada']])
})

