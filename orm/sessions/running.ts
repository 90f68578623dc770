import { AsyncLocalStorage } from 'node:async_hooks'
import type { SessionState } from './state.ts'

/** Which session a statement runs for, seen from the pool below, which knows nothing of EntityManagers. */
const running = new AsyncLocalStorage<SessionState | undefined>()

/** Runs work of a session; an error that it ends with says what it was in our words, see {@link SessionState.explain}. */
export function runInSession<T>(state: SessionState, fn: () => Promise<T>): Promise<T> {
  try {
    // A function that a state keeps for all its promises would keep every state for the next: measured, each lived until the whole heap was collected.
    return (running.getStore() === state ? fn() : running.run(state, fn)).then(undefined, (error: unknown) => {
      throw state.explain(error)
    })
  } catch (error) {
    return Promise.reject(state.explain(error))
  }
}

/** Runs something synchronous of a session, or what returns something else than a promise. */
export function startInSession<T>(state: SessionState, fn: () => T): T {
  return running.run(state, fn)
}

/** Runs code that is not the session's own: what it does with other EntityManagers is not the session's doing. */
export function leaveSession<T>(fn: () => T): T {
  return running.run(undefined, fn)
}

/** The session that runs here. */
export function runningSession(): SessionState | undefined {
  return running.getStore()
}
