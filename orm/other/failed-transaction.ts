import { TransactionRolledBackError } from '../errors.ts'
import { kindOf } from '../postgres/statement-kind.ts'
import type { Connection } from './kysely-driver.ts'

/** MariaDB's number for a deadlock. It ends the transaction by itself, and what is sent after that would be durable at once. */
const DEADLOCK = 1213

/** Refuses everything but a rollback in a transaction that MariaDB has ended: half of the work would be kept. */
export function refuseAfterDeadlock(connection: object, engine: string): void {
  const watched = connection as Connection
  const execute = watched.executeQuery.bind(watched)
  let open = false
  let cause: unknown
  watched.executeQuery = async (query, ...more) => {
    const kind = kindOf(query.sql)
    if (kind === 'begin' || kind === 'rollback') cause = undefined
    if (cause !== undefined) throw new TransactionRolledBackError(engine, 'a deadlock', { cause })
    try {
      const result = await execute(query, ...more)
      if (kind !== 'other') open = kind === 'begin'
      return result
    } catch (error) {
      if (open && (error as { errno?: unknown }).errno === DEADLOCK) cause = error
      throw error
    }
  }
}
