import { reasonOf } from '../../postgres/server-errors.ts'
import type { SqlConnection, TwoPhaseDatabase } from './database.ts'
import { type Gid, parseGid, PREFIX } from './gid.ts'
import { codeOf, type DecisionRecord, committing, decisionOn, forget, forgetOldAborts, readHome } from './records.ts'
import type { BrokenTransaction, FoundTransaction, LeftTransaction, RecoveryReport } from './report.ts'
import type { TwoPhase } from './two-phase.ts'

/** A database while it is looked through. */
interface Open {
  readonly database: TwoPhaseDatabase
  readonly connection: SqlConnection
  /** The mark of the database, where it keeps decisions. */
  readonly home: string | undefined
}

/** What is prepared, on all databases of the server, and whether the server's process that has prepared it is still connected. */
const FOUND = `select gid, database = current_database() as here, database,
    exists (select from pg_stat_activity where pid = split_part(split_part(gid, ':', 4), '-', 1)::int
      and (backend_start is null or (extract(epoch from backend_start) * 1000000)::bigint::text = split_part(split_part(gid, ':', 4), '-', 2))) as alive
  from pg_prepared_xacts where gid ~ '^${PREFIX}[0-9a-f]+:[0-9a-f]+:[0-9]{1,9}-[0-9]+:'`

/** A report while it is made. */
type Draft = { readonly [K in keyof RecoveryReport]: RecoveryReport[K][number][] }

/**
 * Finishes what processes have left that died in the middle of a two-phase commit, or were cut off: commits what was decided, and rolls back what
 * was not. It goes only by what is in the databases, so that any process that has them among its engines can do it, several at once as well.
 *
 * Somebody else's are known by the mark of the database where their decision is. What somebody is at work on is left alone: the connection that has
 * prepared it is kept until it is finished, and as long as the server shows it, so does this. Should that ever be wrong, the key of the
 * decision sees to it that both come to the same one.
 */
export async function recover(twoPhase: TwoPhase): Promise<RecoveryReport> {
  const draft: Draft = { committed: [], rolledBack: [], leftAlone: [], broken: [], failed: [] }
  const open: Open[] = []
  await using connections = new AsyncDisposableStack()
  for (const database of twoPhase.databases) {
    try {
      const connection = connections.use(await database.connect())
      open.push({ database, connection, home: await readHome(connection) })
    } catch (error) {
      draft.failed.push({ engine: database.name, why: reasonOf(error) })
    }
  }
  const all = new Map<string, { readonly found: FoundTransaction; readonly database: string; looked: boolean }>()
  for (const one of open) await trying(one, draft, async () => await lookThrough(one, open, all, { draft, twoPhase }))
  for (const { found, database, looked } of all.values()) {
    if (!looked) draft.leftAlone.push({ ...found, why: `it is of another database, '${database}', which none of these engines is in, or could look into` })
  }
  for (const one of open) if (one.home !== undefined) await trying(one, draft, async () => await lookAfterRecords(one, open, { draft, twoPhase }))
  return draft
}

interface Context {
  readonly draft: Draft
  readonly twoPhase: TwoPhase
}

async function trying({ database }: Open, draft: Draft, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    draft.failed.push({ engine: database.name, why: reasonOf(error) })
  }
}

async function lookThrough(one: Open, open: readonly Open[], all: Map<string, { readonly found: FoundTransaction; readonly database: string; looked: boolean }>, { draft, twoPhase }: Context): Promise<void> {
  for (const row of await one.connection.query(FOUND)) {
    const { gid: name, here, database, alive } = row as { gid: string; here: boolean; database: string; alive: boolean }
    const gid = parseGid(name)
    const home = open.find((other) => other.home !== undefined && other.home === gid?.home)
    const found = { engine: one.database.name, gid: name }
    if (!here) {
      if (home !== undefined && !all.has(name)) all.set(name, { found, database, looked: false })
      continue
    }
    if (all.get(name)?.looked === true) continue // by another engine of the same database
    all.set(name, { found, database, looked: true })
    if (gid === undefined || home === undefined) draft.leftAlone.push({ ...found, why: `it is another application's: none of these engines' databases has its decision, or the one that has cannot be reached` })
    else if (alive || twoPhase.isLive(gid.id)) draft.leftAlone.push({ ...found, why: AT_WORK })
    else await finish(gid, found, one.connection, home.connection, draft)
  }
}

async function finish(gid: Gid, found: FoundTransaction, connection: SqlConnection, home: SqlConnection, draft: Draft): Promise<void> {
  try {
    const [row] = await connection.query(`select pg_try_advisory_lock(hashtextextended($1, 0)) as mine`, [found.gid])
    if (row?.['mine'] !== true) {
      draft.leftAlone.push({ ...found, why: 'somebody else is recovering it at this moment' } satisfies LeftTransaction)
      return
    }
    const decision = await decisionOn(gid.id, home)
    await connection.query(decision === 'commit' ? `commit prepared '${found.gid}'` : `rollback prepared '${found.gid}'`)
    draft[decision === 'commit' ? 'committed' : 'rolledBack'].push(found)
  } catch (error) {
    if (codeOf(error) !== GONE) draft.leftAlone.push({ ...found, why: reasonOf(error) }) // else somebody else was quicker
  } finally {
    await connection.query(`select pg_advisory_unlock(hashtextextended($1, 0))`, [found.gid]).catch(() => {}) // it goes with the connection as well
  }
}

/** What is said of a transaction that is no concern of recovery. */
export const AT_WORK = 'whoever has prepared it is still at work'

/** PostgreSQL's word for a prepared transaction that is not there. */
const GONE = '42704'

/** Deletes the records of what is committed everywhere, and finds what is not and never will be. */
async function lookAfterRecords({ database, connection }: Open, open: readonly Open[], { draft, twoPhase }: Context): Promise<void> {
  for (const record of await committing(connection)) {
    if (twoPhase.isLive(record.id)) continue
    const fates = await fatesOf(record, open)
    if (fates === undefined) continue // not all of its databases can be asked, or not all have finished
    const { committed, rolledBack, unknown } = fates
    if (rolledBack.length + unknown.length === 0) await forget([record.id], connection)
    else draft.broken.push({ id: record.id, recordedBy: database.name, committed, rolledBack, unknown })
  }
  await forgetOldAborts(connection)
}

type Fates = Pick<BrokenTransaction, 'committed' | 'rolledBack' | 'unknown'>

async function fatesOf({ parts }: DecisionRecord, open: readonly Open[]): Promise<Fates | undefined> {
  const fates = { committed: [] as string[], rolledBack: [] as string[], unknown: [] as string[] }
  for (const { engine, home, xid } of parts) {
    const asked = open.find((other) => other.home === home)
    if (asked === undefined) return undefined
    const [row] = await asked.connection.query('select txid_status($1::bigint) as status', [xid])
    const status = row?.['status']
    if (status === 'in progress') return undefined
    fates[status === 'committed' ? 'committed' : status === 'aborted' ? 'rolledBack' : 'unknown'].push(engine)
  }
  return fates
}
