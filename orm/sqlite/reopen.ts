import type { MikroORM } from '@mikro-orm/core'

/** The parts of MikroORM's SQLite connection, of kysely and of better-sqlite3 that we touch. */
interface SqliteConnection {
  readonly connected: boolean
  /** Undefined where the application has made the kysely. */
  readonly database?: { exec(sql: string): unknown; prepare(sql: string): { get(): unknown } }
  ensureConnection(): Promise<void>
  execute(sql: string): Promise<unknown>
  getClient(): SqliteKysely
  createKysely(): unknown
  getConnectionSetupSql(): Promise<string[]>
}
interface SqliteKysely {
  connection(): { execute<T>(fn: () => Promise<T>): Promise<T> }
  destroy(): Promise<void>
}

const connectionOf = (orm: MikroORM): SqliteConnection => orm.driver.getConnection() as unknown as SqliteConnection

/**
 * Opens the file anew, as after somebody has put another one in its place. A transaction that is open, and what waits behind it, ends on
 * the old handle, which is then closed; whoever comes later waits for that: with a transaction on each handle one would get SQLITE_BUSY.
 */
export async function reopenSqlite(orm: MikroORM): Promise<void> {
  const connection = connectionOf(orm)
  if (!connection.connected) return
  const old = connection.getClient()
  const setup = await connection.getConnectionSetupSql()
  const [acquired, drained] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  // Who holds the only connection of a handle knows that no transaction is open on it. Here both are held for a moment.
  const held = await old.connection().execute(async () => {
    connection.createKysely()
    for (const sql of setup) connection.database!.exec(sql)
    const holding = connection.getClient().connection().execute(async () => (acquired.resolve(), await drained.promise))
    await Promise.race([acquired.promise, holding])
    return { until: holding }
  })
  await old.connection().execute(async () => {}) // behind everybody who was waiting
  await old.destroy()
  drained.resolve()
  await held.until
}

/** Whether SQLite answers, and the file is a database; past kysely, where a long transaction of somebody would have to end first. */
export async function askSqlite(orm: MikroORM): Promise<void> {
  const connection = connectionOf(orm)
  await connection.ensureConnection()
  if (connection.database === undefined) await connection.execute('select 1')
  else connection.database.prepare('pragma schema_version').get()
}
