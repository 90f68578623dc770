import { DriverUnsupportedError } from '../errors.ts'
import { kindOf } from '../postgres/statement-kind.ts'
import { type Connection, type Driver, watchConnections } from './kysely-driver.ts'

/** MariaDB's other ways to leave something open behind. */
const CLINGING = /^\s*(?:set\b[^;]*\bautocommit\b|lock\s+tables\b)/i

/**
 * Refuses raw SQL that begins or ends a transaction: nothing tells when a connection comes back inside one, and the next session would be in it.
 *
 * @param name - the driver's
 */
export function refuseRawTransactions(driver: Driver, engine: string, name: string): Driver {
  const ours = new WeakSet<Connection>()
  for (const method of ['beginTransaction', 'commitTransaction', 'rollbackTransaction'] as const) {
    const send = driver[method].bind(driver)
    driver[method] = async (connection, ...more) => {
      ours.add(connection)
      try {
        await send(connection, ...more)
      } finally {
        ours.delete(connection)
      }
    }
  }
  watchConnections(driver, (connection) => {
    const execute = connection.executeQuery.bind(connection)
    connection.executeQuery = async (query, ...more) => {
      if (!ours.has(connection) && (kindOf(query.sql) !== 'other' || CLINGING.test(query.sql))) {
        throw new DriverUnsupportedError(engine, name, `raw SQL that begins or ends a transaction, or changes how, is refused, because the next session on that connection would meet it: use session.transactional(), or begin() and commit() of the session`)
      }
      return await execute(query, ...more)
    }
  })
  return driver
}
