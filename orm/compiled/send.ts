import type { EntityManager } from '@mikro-orm/core'
import { markAsLiterals } from '../binding/sqlite-literals.ts'
import { isPostgres } from '../models/queries/values.ts'
import { runningSession, startInSession } from '../sessions/running.ts'
import type { Answer, SessionState } from '../sessions/state.ts'
import { rawQuery } from './raw-query.ts'
import type { ShortWay } from './short-way.ts'

/** kysely's transaction, which is what MikroORM's transactions are. */
interface Transaction {
  executeQuery(query: object): Promise<Answer>
}

/**
 * Sends a statement that was made once, for a session: in the transaction of the EntityManager, if it is in one.
 *
 * @throws what MikroORM would throw
 */
export async function send({ em, state, reads }: ShortWay, text: string, values: readonly unknown[]): Promise<Answer> {
  const transaction = em.getTransactionContext<Transaction>()
  try {
    if (transaction === undefined) return await reads.read(state, text, values)
    return await inTransaction(transaction, state, rawQuery(text, isPostgres(em.getPlatform()) ? values : markAsLiterals(values)))
  } catch (error) {
    throw state.explain(convert(em, error))
  }
}

/** SQLite's connection knows of no session but the one that runs. */
function inTransaction(transaction: Transaction, state: SessionState, query: object): Promise<Answer> {
  return runningSession() === state ? transaction.executeQuery(query) : startInSession(state, async () => await transaction.executeQuery(query))
}

const convert = (em: EntityManager, error: unknown): unknown => (em as unknown as { driver: { convertException(error: unknown): unknown } }).driver.convertException(error)
