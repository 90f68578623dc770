import type { SessionState } from '../sessions/state.ts'

/** A connection in somebody's hands. */
export interface Checkout {
  /** Whose statements run on it; undefined for work outside of sessions, such as migrations. */
  readonly session: SessionState | undefined
  /** Of `performance.now()`. */
  readonly since: number
}

/** Who holds a connection, and for how long, in words. */
export function describeHolder({ session, since }: Checkout): string {
  return `${session?.fullLabel ?? 'code outside of sessions'}, for ${Math.round(performance.now() - since)} ms`
}
