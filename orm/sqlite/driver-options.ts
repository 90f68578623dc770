import { DriverUnsupportedError } from '../errors.ts'
import { queryOnlyDialect, type SqliteDialectLike } from './query-only-dialect.ts'

/**
 * How long SQLite waits for a lock that another connection holds, in ms. better-sqlite3 waits in the event loop, where nothing else
 * can run meanwhile, and its own default is 5,000.
 */
const BUSY_TIMEOUT_MS = 200

/** Whether a database name means a database that no second connection can open: in memory, or an unnamed temporary file. */
export const isMemory = (dbName: unknown): boolean => dbName === ':memory:' || dbName === ''

/**
 * better-sqlite3's options for an engine. A readonly engine opens the file read-only, so that nothing can write through it, and only
 * if it is there: it is the writer that makes the file.
 */
export function sqliteDriverOptions(user: Record<string, unknown>, dbName: unknown, readonly: boolean): Record<string, unknown> {
  const options = { timeout: BUSY_TIMEOUT_MS, ...user }
  return readonly && !isMemory(dbName) ? { ...options, readonly: true, fileMustExist: true } : options
}

/**
 * What is set on the connection when it is made. WAL lets readers read while the writer writes; a database in memory cannot be opened
 * read-only, so `query_only` refuses the writes there.
 */
export function sqliteSetup(dbName: unknown, readonly: boolean): string | undefined {
  if (isMemory(dbName)) return readonly ? 'pragma query_only = on' : undefined
  return readonly ? undefined : 'pragma journal_mode = wal'
}

/** A ready-made kysely dialect for a readonly engine: several engines on one `:memory:` database are set up like that. */
export function sqliteReadonlyReadyMade(engine: string, readyMade: object): object {
  if ('createDriver' in readyMade) return queryOnlyDialect(readyMade as SqliteDialectLike)
  throw new DriverUnsupportedError(engine, 'a ready-made Kysely instance', `a readonly engine cannot make it read-only: pass its dialect as 'driverOptions' instead`)
}
