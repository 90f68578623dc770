import { setTimeout as sleep } from 'node:timers/promises'
import { ownStatement } from '../events/watch-query.ts'
import { settlesWithin } from '../bounded.ts'
import type { PgClient, PgResult } from './pg.ts'

/** A standby has no timeline of its own to ask for. */
const TIMELINE = 'case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end'

/**
 * Asked just before COMMIT, in the same packet: the id of the transaction, if it has written anything, and what tells whether the id is
 * still its own later. After a failover there is another timeline; after a crash there is another checkpoint.
 */
export const WHO_AM_I: string = ownStatement(
  `select txid_current_if_assigned()::text as xid, ${TIMELINE} as timeline, checkpoint_lsn::text as checkpoint from pg_control_checkpoint()`,
)

/** A transaction as the server knows it. */
export interface TransactionId {
  readonly xid: string
  readonly timeline: string
  readonly checkpoint: string
  /** The process id of its backend. */
  readonly pid: number
}

export type CommitOutcome = 'committed' | 'aborted' | 'unknown'

/** What the server has said to {@link WHO_AM_I}; undefined where it has said nothing, null where the transaction has written nothing. */
export function transactionIdOf(answer: PgResult | undefined, pid: number | null): TransactionId | null | undefined {
  const row = answer?.rows[0] as { xid: string | null; timeline: string | null; checkpoint: string } | undefined
  if (row === undefined) return undefined
  const { xid, timeline, checkpoint } = row
  if (xid === null) return null
  return timeline === null || pid === null ? undefined : { xid, timeline, checkpoint, pid }
}

/** How long to wait between two questions, in ms. */
const POLL_MS = 100

/**
 * Asks the server what became of a COMMIT whose answer was lost. A backend that is still at it is ended, so that there is an answer.
 *
 * @param connect - makes a connection of its own, outside the pool
 * @param timeoutMs - when to give up
 */
export async function askOutcome(id: TransactionId, connect: () => Promise<PgClient>, timeoutMs: number): Promise<CommitOutcome> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const left = deadline - performance.now()
    if (left <= 0) return 'unknown'
    const asked = askOnce(id, connect)
    asked.catch(() => {}) // it may be given up and fail later
    const outcome = await settlesWithin(asked, left).then(async (inTime) => (inTime ? await asked : 'unknown'), () => 'in progress' as const)
    if (outcome !== 'in progress') return outcome
    await sleep(POLL_MS)
  }
}

/**
 * A server that has crashed gives the ids anew that it had not written down yet. The checkpoint that it makes then says which: a later one
 * than that before the COMMIT knows the id of the transaction, or it is lost. txid_status() is PostgreSQL's pg_xact_status(), under the
 * name that older versions know as well.
 */
const STATUS = `select case
    when timeline is distinct from $2 then null
    when checkpoint <> $3 and next <= $1::bigint then 'aborted'
    else txid_status($1::bigint) end as status
  from (select ${TIMELINE} as timeline, checkpoint_lsn::text as checkpoint,
    split_part(next_xid, ':', 1)::bigint * 4294967296 + split_part(next_xid, ':', 2)::bigint as next from pg_control_checkpoint()) server`

async function askOnce({ xid, timeline, checkpoint, pid }: TransactionId, connect: () => Promise<PgClient>): Promise<CommitOutcome | 'in progress'> {
  const client = await connect()
  try {
    const { rows } = (await client.query(STATUS, [xid, timeline, checkpoint])) as PgResult
    const status = rows[0]?.['status']
    if (status === 'committed' || status === 'aborted') return status
    if (status !== 'in progress') return 'unknown'
    await client.query('select pg_terminate_backend($1)', [pid])
    return 'in progress'
  } finally {
    client.connection.stream.destroy()
  }
}
