let managing = false

/**
 * Calls a method of a session for the manager of its transaction, whom the session does not refuse. Synchronous on purpose: what the
 * method goes on to do later is no longer the manager's call.
 */
export function asManager<T>(call: () => T): T {
  const before = managing
  managing = true
  try {
    return call()
  } finally {
    managing = before
  }
}

/** Whether the manager of a transaction is the caller. */
export const isManager = (): boolean => managing
