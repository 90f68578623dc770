import type { EntityManager } from '@mikro-orm/core'

/** The parts of MikroORM's SQLite connection, of kysely and of better-sqlite3 that we look at. */
interface SqliteConnection {
  readonly database?: { readonly inTransaction?: boolean; exec(sql: string): unknown }
  getClient(): { connection(): { execute(fn: () => Promise<void>): Promise<void> } }
}

/**
 * Rolls back a transaction that raw SQL has left open on SQLite's only connection, where the next request would be inside it.
 *
 * A transaction that kysely has begun holds the connection until it ends. So whoever holds the connection and finds it in a
 * transaction has found one that nobody will end.
 *
 * @returns whether there was one
 */
export async function rollBackStrayTransaction(em: EntityManager): Promise<boolean> {
  const connection = em.config.getDriver().getConnection('write') as unknown as SqliteConnection // not the session's: that is over
  const { database } = connection
  if (database?.inTransaction !== true) return false
  let found = false
  await connection.getClient().connection().execute(async () => {
    found = database.inTransaction === true
    if (found) database.exec('rollback')
  })
  return found
}
