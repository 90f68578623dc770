import { AsyncLocalStorage } from 'node:async_hooks'
import type { SessionState } from './state.ts'

/**
 * Which session a statement runs for, seen from the pool below, which knows nothing of sessions. Only raw SQL is run in it: nothing
 * else can leave a connection in a state that the next request would inherit, and each use of the storage has a price.
 */
const running = new AsyncLocalStorage<SessionState>()

export function runInSession<T>(state: SessionState, fn: () => T): T {
  return running.run(state, fn)
}

/** The session whose raw SQL runs here, for a warning that names it. */
export function runningSession(): SessionState | undefined {
  return running.getStore()
}
