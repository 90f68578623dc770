import { AsyncLocalStorage } from 'node:async_hooks'
import type { EntityManager } from '@mikro-orm/core'

/**
 * Identifies one line of EntityManagers: a session and the transactions inside it. A fork that somebody makes by hand starts a scope
 * of its own, as MikroORM documents: it works beside the transaction, not in it. Nothing is in it: the state of a session will do as its own.
 */
export type TransactionScope = object

/** A transaction that is running, seen from inside its callback. */
export interface JoinedTransaction {
  readonly em: EntityManager
  /** How many transactions lie around it. An EntityManager is never redirected to one further out than itself. */
  readonly depth: number
  /** False once the callback has settled: code that goes on after that is no longer in the transaction. */
  live: boolean
  /** The transaction of the same scope that was joined around it. */
  outer?: JoinedTransaction | undefined
}

/**
 * MikroORM's own TransactionContext holds one EntityManager and finds it by `contextName`. With several engines that is wrong twice:
 * an inner transaction of another engine hides the outer one, and the outer EntityManager of a fork is not in the transaction at all.
 * This one holds a transaction per scope.
 */
const joined = new AsyncLocalStorage<ReadonlyMap<TransactionScope, JoinedTransaction>>()

/** The transaction that `scope` runs in here and now, if it lies deeper than `depth`. */
export function joinedTransaction(scope: TransactionScope, depth: number): EntityManager | undefined {
  let entry = joined.getStore()?.get(scope)
  while (entry !== undefined && !entry.live) entry = entry.outer
  return entry !== undefined && entry.depth > depth ? entry.em : undefined
}

/** Runs `fn` so that every EntityManager of `scope` used in it is in the transaction. */
export function joinTransaction<T>(scope: TransactionScope, entry: JoinedTransaction, fn: () => T): T {
  const around = joined.getStore()
  entry.outer = around?.get(scope)
  return joined.run(new Map(around).set(scope, entry), fn)
}
