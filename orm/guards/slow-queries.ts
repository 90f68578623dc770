import { findCaller, placeOf } from '../caller.ts'
import type { QueryEvent } from '../events/events.ts'
import { fingerprintOf } from '../sql/fingerprint.ts'
import { contextOf, type Guarded } from './guarded.ts'

/** More of a statement is not looked at: it may be a list of a million values. */
const LONGEST = 10_000
/** More of it is not logged. */
const LONGEST_LOGGED = 2000

/** Names a statement that took long, without its values: MikroORM writes them into the SQL. */
export function tellSlowQuery({ owner, logger }: Guarded, { engine, sql, durationMs, rows, internal }: QueryEvent): void {
  if (internal) return
  const caller = findCaller()
  const ms = Math.round(durationMs)
  const context = { ...contextOf(owner), engine, durationMs: ms, rows, sql: fingerprintOf(sql.slice(0, LONGEST)).slice(0, LONGEST_LOGGED), ...(caller && { caller: placeOf(caller) }) }
  logger.warn(context, `${owner.label}: a statement on engine '${engine}' took ${ms} ms; the limit is 'slowQueryMs'`)
}
