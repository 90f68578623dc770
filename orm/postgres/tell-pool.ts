import { engineEvent } from '../events/engine-event.ts'
import { isHeard, publish } from '../events/publish.ts'
import type { SessionState } from '../sessions/state.ts'
import type { Checkout } from './checkout.ts'
import type { PoolStats } from './pool-stats.ts'

/** A wait for a connection that is over. */
interface Waited {
  readonly engine: string
  readonly session: SessionState | undefined
  /** Of `performance.now()`. */
  readonly asked: number
  readonly pid: number | null | undefined
  readonly error: unknown
  readonly pool: () => PoolStats | null
}

export function tellCheckout({ engine, session, asked, pid, error, pool }: Waited): void {
  if (!isHeard('sqlassist:pool:checkout')) return
  publish('sqlassist:pool:checkout', { ...engineEvent(engine, session, asked), durationMs: performance.now() - asked, error, pid: pid ?? undefined, pool: pool() })
}

export function tellRelease(engine: string, { processID }: { readonly processID: number | null }, { session, since }: Checkout, destroyed: boolean): void {
  if (!isHeard('sqlassist:pool:release')) return
  publish('sqlassist:pool:release', { ...engineEvent(engine, session, since), durationMs: performance.now() - since, pid: processID ?? undefined, destroyed })
}
