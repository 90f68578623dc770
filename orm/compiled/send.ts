import type { EntityManager } from '@mikro-orm/core'
import type { SessionState } from '../sessions/state.ts'

/** What the server answers. */
export interface Answer {
  readonly rows: readonly Record<string, unknown>[]
}

/** kysely's transaction, which is what MikroORM's transactions are. */
interface Transaction {
  executeQuery(query: object): Promise<Answer>
}

/** kysely asks for nothing else of a statement that was compiled by somebody else. */
const RAW = Object.freeze({ kind: 'RawNode' })

/**
 * Sends a statement that was made once, for a session: in the transaction of the EntityManager, if it is in one.
 *
 * @throws what MikroORM would throw
 */
export async function send(em: EntityManager, state: SessionState, text: string, values: readonly unknown[]): Promise<Answer> {
  const transaction = em.getTransactionContext<Transaction>()
  try {
    if (transaction === undefined) return await state.engine.shortWay!.read(state, text, values)
    return await transaction.executeQuery({ sql: text, parameters: values, query: RAW, queryId: RAW })
  } catch (error) {
    throw state.explain(convert(em, error))
  }
}

const convert = (em: EntityManager, error: unknown): unknown => (em as unknown as { driver: { convertException(error: unknown): unknown } }).driver.convertException(error)
