import type { MikroORM } from '@mikro-orm/core'

/** The parts of MikroORM's SQLite connection, of kysely and of better-sqlite3 that we touch. */
interface SqliteConnection {
  readonly connected: boolean
  readonly database?: { exec(sql: string): unknown }
  getClient(): SqliteKysely
  createKysely(): unknown
  getConnectionSetupSql(): Promise<string[]>
}
interface SqliteKysely {
  connection(): { execute(fn: () => Promise<void>): Promise<void> }
  destroy(): Promise<void>
}

/**
 * Opens the file anew, as after somebody has put another one in its place. A transaction that is open, and what waits behind it, ends on
 * the old handle, which is then closed.
 */
export async function reopenSqlite(orm: MikroORM): Promise<void> {
  const connection = orm.driver.getConnection() as unknown as SqliteConnection
  if (!connection.connected) return
  const old = connection.getClient()
  const setup = await connection.getConnectionSetupSql()
  // Who holds the only connection knows that no transaction is open on it: two handles with one each would wait for each other.
  await old.connection().execute(async () => {
    connection.createKysely()
    for (const sql of setup) connection.database!.exec(sql)
  })
  await old.connection().execute(async () => {}) // behind everybody who was waiting
  await old.destroy()
}

/** Whether SQLite answers; past kysely, where a long transaction of somebody would have to end first. */
export async function askSqlite(orm: MikroORM): Promise<void> {
  const connection = orm.driver.getConnection() as unknown as { getNativeClient(): Promise<{ prepare(sql: string): { get(): unknown } }> }
  const database = await connection.getNativeClient()
  database.prepare('select 1').get()
}
