interface Query {
  readonly sql: string
  readonly parameters: readonly unknown[]
  readonly query: object
}

/** The parts of kysely's dialect, driver and connection that lie in between; declared here so that kysely stays a dependency of the driver. */
interface SqliteConnectionLike {
  executeQuery(query: Query): Promise<{ readonly rows: readonly unknown[] }>
  streamQuery(query: Query, chunkSize?: number): AsyncIterableIterator<unknown>
}
interface SqliteDriverLike {
  acquireConnection(...args: unknown[]): Promise<SqliteConnectionLike>
}
export interface SqliteDialectLike {
  createDriver(): SqliteDriverLike
}

/**
 * A dialect over another one on which nothing can be written.
 *
 * Engines that share one database in memory share its only connection, so `query_only` cannot stay on: it is switched on for each
 * statement. better-sqlite3 executes synchronously, and kysely's connection calls it before its first await, so that no statement of
 * the writer can come in between.
 */
export function queryOnlyDialect<T extends SqliteDialectLike>(dialect: T): T {
  const wrapped = Object.create(dialect) as T
  wrapped.createDriver = () => {
    const driver = dialect.createDriver()
    const acquire = driver.acquireConnection.bind(driver)
    driver.acquireConnection = async (...args) => queryOnly(await acquire(...args))
    return driver
  }
  return wrapped
}

/** Keeps one wrapper per connection: kysely compares connections by identity. */
const guarded = new WeakMap<SqliteConnectionLike, SqliteConnectionLike>()

function queryOnly(connection: SqliteConnectionLike): SqliteConnectionLike {
  let guard = guarded.get(connection)
  if (guard === undefined) {
    const pragma = async (value: 'on' | 'off'): Promise<unknown> =>
      await connection.executeQuery({ sql: `pragma query_only = ${value}`, parameters: [], query: { kind: 'RawNode' } })
    guard = {
      async executeQuery(query) {
        const results = [pragma('on'), connection.executeQuery(query), pragma('off')] as const
        const [, outcome] = await Promise.allSettled(results)
        if (outcome.status === 'rejected') throw outcome.reason
        return outcome.value
      },
      // Not streamed: a statement that is still open would let its last rows be written after `query_only` has been switched off.
      async *streamQuery(query) {
        const { rows } = await this.executeQuery(query)
        for (const row of rows) yield { rows: [row] }
      },
    }
    guarded.set(connection, guard)
  }
  return guard
}
