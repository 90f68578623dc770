import { exactValues } from '../binding/sqlite-literals.ts'
import { Recent } from '../recent.ts'

/** The parts of better-sqlite3's statement that kysely uses. */
interface Statement {
  readonly reader: boolean
  /** It is in the middle of an answer. */
  readonly busy?: boolean
  all(parameters: readonly unknown[]): unknown[]
  run(parameters: readonly unknown[]): unknown
  iterate(parameters: readonly unknown[]): IterableIterator<unknown>
}

/** The parts of better-sqlite3's database that kysely uses. */
export interface SqliteDatabase {
  prepare(sql: string): Statement
  close(): void
}

/** How many statements are kept. */
const MOST_STATEMENTS = 500

/** A PRAGMA may do what it does while it is prepared, and nothing when it is run again. A comment of ours may stand before it. */
const KEPT = /^(?:\/\*[^*]*\*\/ )?(?:select|insert|update|delete|with|begin|commit|rollback)\b/i

/** Longer texts are seldom the same twice; in characters. */
const LONGEST = 20_000

/**
 * A database, as kysely uses it, whose statements are prepared once. SQLite itself prepares them anew where the schema has changed.
 *
 * Only kysely gets it: an application's own statements have modes of their own.
 *
 * @param keeps - false prepares them each time
 */
export function cachedStatements(database: SqliteDatabase, keeps = true): SqliteDatabase {
  const statements = new Recent<string, Statement>(MOST_STATEMENTS)
  const prepared = (sql: string): Statement => {
    const known = statements.get(sql)
    if (known !== undefined && known.busy !== true) return known
    const statement = database.prepare(sql)
    if (keeps && sql.length <= LONGEST && KEPT.test(sql)) statements.set(sql, statement)
    return statement
  }
  return {
    prepare(sql) {
      const statement = prepared(sql)
      return {
        reader: statement.reader,
        all: (parameters) => statement.all(exactValues(parameters)),
        run: (parameters) => statement.run(exactValues(parameters)),
        // Of its own: whoever reads it may stop in the middle, and come back.
        iterate: (parameters) => database.prepare(sql).iterate(exactValues(parameters)),
      }
    },
    close: () => database.close(),
  }
}
