import { type EntityManager, type EntityMetadata, EventType, type EventManager } from '@mikro-orm/core'
import { sessionSubscriber } from '../subscriber.ts'

const TRANSACTION_EVENTS = [
  EventType.beforeTransactionStart, EventType.afterTransactionStart, EventType.beforeTransactionCommit,
  EventType.afterTransactionCommit, EventType.beforeTransactionRollback, EventType.afterTransactionRollback,
] as const

const FLUSH_EVENTS = [EventType.beforeFlush, EventType.onFlush, EventType.afterFlush] as const

/** What the subscribers of the application want to hear of; subscribers are only ever added. */
interface Listening {
  readonly subscribers: number
  readonly toTransactions: boolean
  readonly toFlushes: boolean
}

const known = new WeakMap<EventManager, Listening>()

function listening(manager: EventManager): Listening {
  const subscribers = manager.getSubscribers()
  const before = known.get(manager)
  if (before?.subscribers === subscribers.size) return before
  const foreign = [...subscribers].filter((subscriber) => subscriber !== sessionSubscriber)
  const anyOf = (events: readonly string[]): boolean => foreign.some((subscriber) => events.some((event) => event in subscriber))
  const found = { subscribers: subscribers.size, toTransactions: anyOf(TRANSACTION_EVENTS), toFlushes: anyOf(FLUSH_EVENTS) }
  known.set(manager, found)
  return found
}

/** Whether somebody wants to hear of the transaction around a flush. */
export const listensToTransactions = (em: EntityManager): boolean => listening(em.getEventManager()).toTransactions

/** Whether somebody wants to hear of flushes. */
export const listensToFlushes = (em: EntityManager): boolean => listening(em.getEventManager()).toFlushes

/** Whether hooks or subscribers see what happens to entities of a class: they may send statements, which belong into the transaction of the flush. */
export function listensToEntity(em: EntityManager, meta: EntityMetadata, before: EventType, after: EventType): boolean {
  const manager = em.getEventManager()
  return manager.hasListeners(before, meta) || manager.hasListeners(after, meta)
}
