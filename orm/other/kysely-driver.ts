/** The parts of kysely's dialects, drivers and connections that are watched; declared here so that kysely stays a dependency of the driver. */
export interface KyselyDialect {
  createDriver(): Driver
}

export interface Driver {
  acquireConnection(...args: unknown[]): Promise<Connection>
  releaseConnection(...args: unknown[]): Promise<void>
  beginTransaction(connection: Connection, ...more: unknown[]): Promise<void>
  commitTransaction(connection: Connection): Promise<void>
  rollbackTransaction(connection: Connection): Promise<void>
}

export interface Connection {
  executeQuery(query: { readonly sql: string }, ...more: unknown[]): Promise<unknown>
  streamQuery(...args: unknown[]): AsyncIterableIterator<unknown>
}

/** Has each connection watched once, when it is given out for the first time. */
export function watchConnections(driver: Driver, watch: (connection: Connection) => void): void {
  const watched = new WeakSet<Connection>()
  const acquire = driver.acquireConnection.bind(driver)
  driver.acquireConnection = async (...args) => {
    const connection = await acquire(...args)
    if (!watched.has(connection)) {
      watched.add(connection)
      watch(connection)
    }
    return connection
  }
}
