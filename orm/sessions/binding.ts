import type { EntityManager } from '@mikro-orm/core'
import type { SessionState } from './state.ts'
import { joinedTransaction, type TransactionScope } from './transaction-scope.ts'

/** Ties an EntityManager to a session. */
export interface Binding {
  readonly state: SessionState
  readonly scope: TransactionScope
  /** 0 for the session itself and for forks made by hand; one more for each transaction around it. */
  readonly depth: number
  /** Whether it is the session itself: only that ends the session when it is disposed of. */
  readonly root: boolean
  /** Whether it works outside all transactions, because it was made so. */
  readonly outside?: boolean
  /** The flushes of the EntityManager that run. */
  flushing: Flushing | undefined
}

/** Flushes of one EntityManager, see in-turn.ts. Kept here and not in a WeakMap: what is young in one outlives its request. */
export interface Flushing {
  /** The one that runs the short way, of which MikroORM does not know. */
  short: Promise<void> | undefined
  /** How many run the general way: MikroORM has them wait for each other. */
  long: number
}

/** Where an EntityManager of ours keeps its binding: a symbol, because the base constructor looks before any field exists. */
export const kBinding: unique symbol = Symbol('fastify-sqlassist.binding')

/** An EntityManager that may be tied to a session; the application's global one is not. */
export interface Bindable {
  [kBinding]?: Binding
}

export function bindingOf(em: EntityManager): Binding | undefined {
  return (em as EntityManager & Bindable)[kBinding]
}

/** The session that an EntityManager belongs to, if any. */
export function sessionStateOf(em: EntityManager): SessionState | undefined {
  return bindingOf(em)?.state
}

/** Makes an EntityManager the root of a session. */
export function bindSession(em: EntityManager, state: SessionState): void {
  ;(em as EntityManager & Bindable)[kBinding] = { state, scope: state, depth: 0, root: true, outside: false, flushing: undefined }
}

/**
 * The EntityManager itself, or the one of the transaction that its session runs in here and now.
 *
 * @throws SessionClosedError where its session has ended
 */
export function inTransaction<EM extends EntityManager>(em: EM): EM {
  const binding = bindingOf(em)
  if (binding === undefined) return em
  binding.state.assertOpen()
  return (joinedTransaction(binding.scope, binding.depth) as EM | undefined) ?? em
}
