import { isMemory } from '../sqlite/database-name.ts'
import { sqliteSetup } from '../sqlite/driver-options.ts'
import { isRemote, type OtherDriver } from './driver.ts'

/** libSQL waits for a lock as better-sqlite3 does: in the event loop. */
const BUSY_TIMEOUT_MS = 200

/** The options of a driver for an engine. */
export function otherDriverOptions(driver: OtherDriver | undefined, user: Record<string, unknown>): Record<string, unknown> {
  return driver === 'libsql' ? { timeout: BUSY_TIMEOUT_MS, ...user } : user
}

/** A statement that each new connection starts with, if any. */
export function otherSetup(driver: OtherDriver | undefined, dbName: unknown, readonly: boolean): string | undefined {
  if (driver === 'mariadb') return readonly ? 'set session transaction read only' : undefined
  if (driver !== 'libsql' || isRemote(dbName)) return undefined
  // libSQL takes better-sqlite3's option `readonly`, and goes on writing.
  return readonly ? 'pragma query_only = on' : isMemory(dbName) ? undefined : sqliteSetup(dbName, false)
}

/** Why the connections of a readonly engine cannot be made so; undefined where they can. */
export function whyNotReadonly(driver: OtherDriver | undefined, dbName: unknown): string | undefined {
  if (driver === 'mariadb' || (driver === 'libsql' && !isRemote(dbName))) return undefined
  if (driver === 'pglite') return `a PGlite is one connection, on which the others could not write either: leave out 'readonly'`
  if (driver === 'libsql') return `how to make the connections of a remote database read-only is not known: leave out 'readonly', and give it a token that may only read`
  return `how to make its connections read-only is not known: leave out 'readonly', and connect as a role that may only SELECT`
}
