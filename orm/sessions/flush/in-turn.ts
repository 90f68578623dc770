import type { EntityManager } from '@mikro-orm/core'
import type { SessionState } from '../state.ts'
import { shortFlush } from './short-flush.ts'

/** Flushes that run the short way, of which MikroORM does not know; each EntityManager has one at a time. */
const short = new WeakMap<EntityManager, Promise<void>>()

/** How many flushes run the general way: MikroORM has them wait for each other. */
const long = new WeakMap<EntityManager, number>()

/** Waits for the short flush of an EntityManager, if there is one: what comes later sees what it has done. */
export async function shortFlushOf(em: EntityManager): Promise<void> {
  for (let running = short.get(em); running !== undefined; running = short.get(em)) await running.catch(() => {})
}

export function startShortFlush(em: EntityManager, state: SessionState): Promise<void> | undefined {
  if ((long.get(em) ?? 0) > 0) return undefined
  const started = shortFlush(em, state)
  if (started === undefined) return undefined
  const running = started.finally(() => short.delete(em))
  short.set(em, running)
  return running
}

/** @returns to be called at its end */
export function startLongFlush(em: EntityManager): () => void {
  long.set(em, (long.get(em) ?? 0) + 1)
  return () => void long.set(em, long.get(em)! - 1)
}
