import type { EntityManager } from '@mikro-orm/core'
import { bindingOf, type Flushing } from '../binding.ts'
import type { SessionState } from '../state.ts'
import { shortFlush } from './short-flush.ts'

const NOTHING_RUNS = Promise.resolve()

/** Waits for the short flush of an EntityManager of a session, if there is one: what comes later sees what it has done. */
export function shortFlushOf(em: EntityManager): Promise<void> {
  const { flushing } = bindingOf(em)!
  return flushing?.short === undefined ? NOTHING_RUNS : endOfShort(flushing)
}

async function endOfShort(flushing: Flushing): Promise<void> {
  while (flushing.short !== undefined) await flushing.short.catch(() => {})
}

export function startShortFlush(em: EntityManager, state: SessionState): Promise<void> | undefined {
  const flushing = flushingOf(em)
  if (flushing.long > 0) return undefined
  const started = shortFlush(em, state)
  if (started === undefined) return undefined
  flushing.short = started.finally(() => {
    flushing.short = undefined
  })
  return flushing.short
}

/** @returns to be called at its end */
export function startLongFlush(em: EntityManager): () => void {
  const flushing = flushingOf(em)
  flushing.long++
  return () => void flushing.long--
}

const flushingOf = (em: EntityManager): Flushing => (bindingOf(em)!.flushing ??= { short: undefined, long: 0 })
