/** The part of kysely's SQLite connection through which its driver rolls back. */
interface SqliteConnection {
  executeQuery(query: { readonly sql: string }, ...more: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

const ENDED_ALREADY = /no transaction is active/

/** As kysely's driver sends it; a comment of ours may stand before it. */
const ROLLBACK = /^(?:\/\*.*\*\/ )?rollback$/

/**
 * SQLite ends a transaction by itself where the disk is full or a statement says OR ROLLBACK, and raw SQL may end it too. The ROLLBACK that
 * follows is an error then, for which kysely never gives the connection back; and SQLite has no other. PostgreSQL only warns.
 */
export function forgiveRollback(connection: object): void {
  const forgiving = connection as SqliteConnection
  const execute = forgiving.executeQuery.bind(forgiving)
  forgiving.executeQuery = async (query, ...more) => {
    try {
      return await execute(query, ...more)
    } catch (error) {
      if (!ROLLBACK.test(query.sql) || !ENDED_ALREADY.test(String(error))) throw error
      return { rows: [] }
    }
  }
}
