import { engineEvent } from '../events/engine-event.ts'
import { isHeard, publish } from '../events/publish.ts'
import type { SessionState } from '../sessions/state.ts'
import type { Checkout } from './checkout.ts'
import type { PoolStats } from './pool-stats.ts'

/** The pool that is told of. */
interface ToldPool {
  readonly engine: string
  stats(): PoolStats | null
}

/** The part of a connection that is told. */
interface ToldClient {
  readonly processID: number | null
}

/** Whether anybody wants to hear of connections that are checked out, or given back. */
export const isPoolHeard = (): boolean => isHeard('sqlassist:pool:checkout') || isHeard('sqlassist:pool:release')

/** @param asked - when the wait for a connection began, of `performance.now()` */
export function tellCheckout(pool: ToldPool, session: SessionState | undefined, asked: number, client?: ToldClient, error?: unknown): void {
  if (!isHeard('sqlassist:pool:checkout')) return
  publish('sqlassist:pool:checkout', { ...engineEvent(pool.engine, session, asked), durationMs: performance.now() - asked, error, pid: client?.processID ?? undefined, pool: pool.stats() })
}

export function tellRelease(engine: string, { processID }: ToldClient, { session, since }: Checkout, destroyed: boolean): void {
  if (!isHeard('sqlassist:pool:release')) return
  publish('sqlassist:pool:release', { ...engineEvent(engine, session, since), durationMs: performance.now() - since, pid: processID ?? undefined, destroyed })
}
