import { isMemory } from './database-name.ts'

/**
 * How long SQLite waits for a lock that another connection holds, in ms. better-sqlite3 waits in the event loop, where nothing else
 * can run meanwhile, and its own default is 5,000.
 */
const BUSY_TIMEOUT_MS = 200

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
