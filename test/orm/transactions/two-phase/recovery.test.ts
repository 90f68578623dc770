// What recovery does, and what it leaves alone.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import t, { type Test } from 'tap'
import { asSuperuser, serverUrl } from '../../../support/databases.ts'
import { statementGate, type StatementGate } from '../../../support/statement-gate.ts'
import { tcpProxy } from '../../../support/tcp-proxy.ts'
import { type Config, type Database } from '../../sessions/fixtures/engines.ts'
import { Author } from '../../sessions/fixtures/library.ts'
import { DECISION, killAt, noSpare, NOTHING, POINTS } from './fixtures/crash.ts'
import { adaInBoth, NAMES, type Sessions, type Towns, towns, townsOn } from './fixtures/towns.ts'

t.teardown(noSpare)

const DECIDED = 3
const UNDECIDED = 2

/** The same databases, through the gate. */
const behind = (t: Test, gate: StatementGate, all: Towns): Towns =>
  townsOn(t, all.databases.map((database): Database => ({ ...database, config: (more = {}): Config => database.config({ ...more, clientUrl: gate.through(database.config().clientUrl!) }) })))

/** What somebody else has prepared, to be rolled back at the end of the test. */
async function prepare(t: Test, url: string, gid: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('begin')
  await client.query(`insert into shelf values (${Math.floor(Math.random() * 1e9)}, 'by hand')`)
  await client.query(`prepare transaction '${gid}'`)
  await client.end()
  t.teardown(async () => await asSuperuser(url, `rollback prepared '${gid}'`))
}

t.test('beside a live transaction, between its prepare and its decision, nobody recovers', async (t) => {
  const all = await towns(t)
  const gate = await statementGate(t, serverUrl())
  const [other, db] = [await all.assist(), await behind(t, gate, all).assist()]
  await db.recover()
  const held = gate.stopAt({ text: DECISION })
  const done = db.transaction(adaInBoth)
  await held
  t.equal((await all.prepared()).length, 2)
  for (const recoverer of [other, db, other]) {
    const { leftAlone, rolledBack, committed } = await recoverer.recover()
    t.strictSame({ rolledBack, committed }, { rolledBack: [], committed: [] })
    t.strictSame(leftAlone.map(({ why }) => why), Array(2).fill('whoever has prepared it is still at work'))
  }
  gate.open()
  await done
  t.strictSame(await all.saved(), [['Ada'], ['Ada']])
})

t.test('one that has lost its connections after the prepare is recovered by somebody else, and finds that out', async (t) => {
  const all = await towns(t)
  const gate = await statementGate(t, serverUrl())
  const [other, db] = [await all.assist(), await behind(t, gate, all).assist()]
  await db.recover()
  const held = gate.stopAt({ text: DECISION })
  const done = db.transaction(adaInBoth)
  done.catch(() => {})
  await held
  // The one that writes the decision last: before that its process knows of nothing.
  for (const town of [1, 0]) await all.query(town, `select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and application_name like 'fastify-sqlassist/%'`)
  const report = await other.recover()
  t.equal(report.rolledBack.length, 2)
  t.strictSame({ ...report, rolledBack: [] }, NOTHING)
  gate.open()
  await t.rejects(done)
  t.strictSame(await all.saved(), [[], []])
  t.strictSame(await all.prepared(), [])
})

t.test('a decision that comes too late finds its key taken', async (t) => {
  const all = await towns(t)
  const db = await all.assist()
  await db.recover()
  let attempts = 0
  // The trigger does what a recovery would do at this moment.
  await all.query(0, `create function recovered() returns trigger language plpgsql as $$ begin
    if new.decision = 'commit' and not exists (select from shelf) then raise unique_violation; end if; return new; end $$`)
  await all.query(0, 'create trigger recovered before insert on sqlassist_transactions for each row execute function recovered()')
  const work = async ({ paris, rome }: Sessions): Promise<void> => {
    if (++attempts === 2) await all.query(0, `insert into shelf values (1, 'the second attempt')`)
    paris.persist(new Author('Ada'))
    rome.persist(new Author('Ada'))
  }
  await t.rejects(db.transaction(work), { code: 'SQLASSIST_TRANSACTION_RECOVERED', statusCode: 503 })
  t.strictSame(await all.saved(), [[], []])
  t.strictSame(await all.prepared(), [])
  attempts = 0
  await db.transaction(work, { retry: { attempts: 3 } })
  t.equal(attempts, 2)
  t.strictSame(await all.saved(), [['Ada'], ['Ada']])
})

t.test('the answer to the decision is lost: it is read again', async (t) => {
  for (const reached of [true, false]) {
    const all = await towns(t)
    const gate = await statementGate(t, serverUrl())
    const db = await behind(t, gate, all).assist()
    await db.recover()
    const held = gate.stopAt({ text: DECISION, answer: reached })
    const done = db.transaction(adaInBoth)
    done.catch(() => {})
    await held
    gate.cut()
    if (reached) await done
    else await t.rejects(done, { code: 'SQLASSIST_CONNECTION_LOST' })
    while ((await all.prepared()).length > 0) await db.recover()
    t.strictSame(await all.saved(), reached ? [['Ada'], ['Ada']] : [[], []])
    t.notOk((await db.recover()).broken.length)
    t.notOk((await all.records()).some(({ decision }) => decision === 'commit'))
  }
})

t.test('the decision can neither be written nor read: the outcome is unknown, and recovery finds out', async (t) => {
  const all = await towns(t)
  const proxy = await tcpProxy(t, all.urls[0]!)
  const gate = await statementGate(t, proxy.url)
  const [paris, rome] = all.databases
  const apart = townsOn(t, [{ ...paris!, config: (more = {}): Config => paris!.config({ ...more, clientUrl: gate.through(all.urls[0]!) }) }, rome!])
  const db = await apart.assist({}, { paris: { limits: { commitTimeoutMs: 1000 } } })
  await db.recover()
  const held = gate.stopAt({ text: DECISION, answer: true })
  const done = db.transaction(adaInBoth)
  done.catch(() => {})
  await held
  proxy.refuse(true)
  gate.cut()
  proxy.cut()
  await t.rejects(done, { code: 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN', statusCode: 503 })
  proxy.refuse(false)
  while ((await all.prepared()).length > 0) await db.recover()
  t.strictSame(await all.saved(), [['Ada'], ['Ada']])
})

t.test('a COMMIT PREPARED that fails is no failure: recovery does it in the background', async (t) => {
  const all = await towns(t)
  const gate = await statementGate(t, serverUrl())
  const db = await behind(t, gate, all).assist({ recoveryIntervalMs: 200 })
  await db.recover()
  const held = gate.stopAt({ text: 'commit prepared', after: 1 })
  const done = db.transaction(adaInBoth)
  await held
  t.equal((await all.prepared()).length, 1)
  gate.cut()
  await done
  while ((await all.prepared()).length > 0 || (await all.records()).length > 0);
  t.strictSame(await all.saved(), [['Ada'], ['Ada']])
  t.ok(db.lines.some(({ level, message }) => level === 'warn' && message.includes('recovery does it')))
})

t.test('several recoverers at once do each piece of work once', async (t) => {
  const all = await towns(t)
  const gate = await statementGate(t, serverUrl())
  const recoverers = await Promise.all([1, 2, 3, 4].map(async () => await all.assist()))
  await recoverers[0]!.recover()
  for (const [index, point] of [DECIDED, UNDECIDED, DECIDED].entries()) await killAt(gate, POINTS[point]!.stop(2), all, { write: `Ada ${index}` })
  const reports = await Promise.all(recoverers.map(async (db) => await db.recover()))
  const gids = reports.flatMap(({ committed, rolledBack }) => [...committed, ...rolledBack]).map(({ gid }) => gid)
  t.equal(gids.length, 6)
  t.equal(new Set(gids).size, 6)
  t.strictSame(await all.prepared(), [])
  t.strictSame(await all.saved(), [['Ada 0', 'Ada 2'], ['Ada 0', 'Ada 2']])
  for (const { broken, failed } of reports) t.strictSame({ broken, failed }, { broken: [], failed: [] })
})

t.test('at start-up, by itself', async (t) => {
  const all = await towns(t)
  const gate = await statementGate(t, serverUrl())
  await (await all.assist()).recover()
  await killAt(gate, POINTS[DECIDED]!.stop(2), all, { write: 'Ada' })
  await killAt(gate, POINTS[UNDECIDED]!.stop(2), all, { write: 'Bruno' })
  const db = await all.assist({ recoveryIntervalMs: 60_000 })
  while ((await all.prepared()).length > 0);
  t.strictSame(await all.saved(), [['Ada'], ['Ada']])
  await db.dispose()
  await t.rejects(db.recover(), { code: 'SQLASSIST_DISPOSED' })
  t.ok(db.lines.some(({ message }) => message.startsWith('Recovered')))
})

t.test(`other people's prepared transactions are not touched`, async (t) => {
  const all = await towns(t)
  const db = await all.assist()
  await db.recover()
  const own = randomUUID().slice(0, 8)
  const strange = [`by hand ${own}`, `sqlassist:${own}`, `sqlassist:0123456789ab:0123456789abcdef0123456789abcdef:99999-1:paris-${own}`]
  for (const gid of strange) await prepare(t, all.urls[0]!, gid)
  const report = await db.recover()
  t.strictSame({ ...report, leftAlone: [] }, NOTHING)
  t.strictSame(report.leftAlone.map(({ gid }) => gid), [strange[2]], `one that looks like ours is reported`)
  t.match(report.leftAlone[0]!.why, /another application's/)
  t.strictSame((await all.prepared()).toSorted(), strange.toSorted())
})

t.test('one of a database that is no engine any more is reported', async (t) => {
  const all = await towns(t)
  const gate = await statementGate(t, serverUrl())
  const db = await all.assist()
  await db.recover()
  await killAt(gate, POINTS[DECIDED]!.stop(2), all, { write: 'Ada' })
  const fewer = await townsOn(t, all.databases.slice(0, 1)).assist()
  const report = await fewer.recover()
  t.equal(report.committed.length, 1)
  t.equal(report.leftAlone.length, 1)
  t.match(report.leftAlone[0], { engine: NAMES[0], why: new RegExp(`of another database, '${new URL(all.urls[1]!).pathname.slice(1)}'`) })
  t.equal((await all.records()).length, 1, 'the decision is kept for it')
  await db.recover()
  t.strictSame(await all.saved(), [['Ada'], ['Ada']])
  t.strictSame(await all.records(), [])
})

t.test('what somebody has rolled back by hand after the decision is for a human', async (t) => {
  const all = await towns(t)
  const gate = await statementGate(t, serverUrl())
  const db = await all.assist()
  await db.recover()
  await killAt(gate, POINTS[DECIDED]!.stop(2), all, { write: 'Ada' })
  const gid = (await all.prepared()).find((name) => name.endsWith(':rome'))!
  await all.query(1, `rollback prepared '${gid}'`)
  for (let again = 0; again < 2; again++) {
    const { broken } = await db.recover()
    t.strictSame(broken, (await all.records()).map(({ id }) => ({ id, recordedBy: 'paris', committed: ['paris'], rolledBack: ['rome'], unknown: [] })))
    t.equal(broken.length, 1)
  }
  t.equal(db.lines.filter(({ level }) => level === 'error').length, 1, 'said once')
  await all.query(0, `delete from sqlassist_transactions where id <> 'home'`)
  t.strictSame((await db.recover()).broken, [])
})

t.test('a database that cannot be reached is named, and the others are recovered', async (t) => {
  const all = await towns(t)
  const gate = await statementGate(t, serverUrl())
  const proxy = await tcpProxy(t, all.urls[1]!)
  await (await all.assist()).recover()
  const [paris, rome] = all.databases
  const apart = townsOn(t, [paris!, { ...rome!, config: (more = {}): Config => rome!.config({ ...more, clientUrl: proxy.url }) }])
  const db = await apart.assist()
  await killAt(gate, POINTS[UNDECIDED]!.stop(2), all, { write: 'Ada' })
  proxy.refuse(true)
  proxy.cut()
  const report = await db.recover()
  t.match(report.failed, [{ engine: 'rome' }])
  t.equal(report.rolledBack.length, 1)
  proxy.refuse(false)
  t.equal((await db.recover()).rolledBack.length, 1)
})
