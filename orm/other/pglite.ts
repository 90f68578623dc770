import { watched } from '../events/watch-query.ts'
import { DriverUnsupportedError, TransactionRolledBackError } from '../errors.ts'
import { isServerAnswer } from '../postgres/server-errors.ts'
import { runningSession } from '../sessions/running.ts'
import { type Connection, type Driver, watchConnections } from './kysely-driver.ts'

const BACK_TO_SAVEPOINT = /^\s*(?:\/\*.*\*\/ )?rollback\s+to\b/i

/**
 * PostgreSQL answers the COMMIT of a transaction that has failed by a rollback, without an error, and PGlite passes that on as a success. It also has ways of
 * its own to begin and to end, which are told of here.
 */
export function committingHonestly(driver: Driver, engine: string): Driver {
  const [begin, commit, rollback] = [driver.beginTransaction.bind(driver), driver.commitTransaction.bind(driver), driver.rollbackTransaction.bind(driver)]
  const told = async (sql: 'begin' | 'commit' | 'rollback', fn: () => Promise<void>): Promise<void> =>
    await watched(() => ({ engine, session: runningSession(), sql, parameters: [], kind: sql }), fn, () => ({}))
  let failed: { readonly cause: unknown } | undefined
  watchConnections(driver, (connection) => {
    const execute = connection.executeQuery.bind(connection)
    connection.executeQuery = async (query, ...more) => {
      try {
        const result = await execute(query, ...more)
        if (BACK_TO_SAVEPOINT.test(query.sql)) failed = undefined
        return result
      } catch (error) {
        if (isServerAnswer(error)) failed ??= { cause: error }
        throw error
      }
    }
  })
  return Object.assign(driver, {
    beginTransaction: async (connection: Connection, ...more: unknown[]) => {
      await told('begin', async () => await begin(connection, ...more))
      failed = undefined
    },
    commitTransaction: async (connection: Connection) => {
      if (failed === undefined) return await told('commit', async () => await commit(connection))
      await told('rollback', async () => await rollback(connection))
      throw new TransactionRolledBackError(engine, 'COMMIT', failed)
    },
    rollbackTransaction: async (connection: Connection) => await told('rollback', async () => await rollback(connection)),
  })
}

/** @param connection - kysely's, which has no streams and says so in an error without a code */
export function refuseStreams(connection: object, engine: string): void {
  ;(connection as Connection).streamQuery = () => {
    throw new DriverUnsupportedError(engine, 'PgliteDriver', 'rows cannot be streamed from it: read them as a list')
  }
}
