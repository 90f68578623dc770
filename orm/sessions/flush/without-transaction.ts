import type { EntityManager } from '@mikro-orm/core'
import { asOwnTransaction } from '../../postgres/own-transaction.ts'
import { runInSession } from '../running.ts'
import type { SessionState } from '../state.ts'
import { isOneStatement } from './one-statement.ts'

/** What MikroORM gives to the `transactional()` of a connection when a flush has found something to do. */
interface FlushTransaction {
  readonly ctx?: object
  readonly isolationLevel?: string
  readonly readOnly?: boolean
  readonly sessionContext?: object
  readonly eventBroadcaster?: { readonly em?: EntityManager }
}

/**
 * Sends the one statement of a flush, where it is no more than that, instead of BEGIN, the statement and COMMIT.
 *
 * @param args - of the `transactional()` of a connection
 * @returns undefined where a transaction is needed
 */
export function withoutTransaction(args: readonly unknown[], state: SessionState): Promise<unknown> | undefined {
  const [write, options] = args as [(transaction: undefined) => Promise<unknown>, FlushTransaction | undefined]
  const em = options?.eventBroadcaster?.em
  if (em === undefined || state.engine.shortWay === undefined) return undefined
  if (options!.ctx !== undefined || options!.isolationLevel !== undefined || options!.readOnly !== undefined || options!.sessionContext !== undefined) return undefined
  const uow = em.getUnitOfWork(false) // of a transaction that somebody begins it is empty
  return isOneStatement(em, uow) ? arriving(state, async () => await runInSession(state, async () => await asOwnTransaction(async () => await write(undefined)))) : undefined
}

/** The end of the session lets the statement arrive, as it does with a COMMIT, or stops it, which the server answers too. */
export function arriving<T>(state: SessionState, write: () => Promise<T>): Promise<T> {
  const arrival: Promise<T> = write().finally(() => state.writing.delete(arrival))
  state.writing.add(arrival)
  return arrival
}
