import { AsyncLocalStorage } from 'node:async_hooks'

/** Set while a flush sends its one statement without a transaction around it. */
const alone = new AsyncLocalStorage<true>()

/**
 * Runs what sends one statement that is its own transaction: its answer says that it is committed. Where the answer is lost nobody can tell, as with that of a COMMIT.
 */
export async function asOwnTransaction<T>(send: () => Promise<T>): Promise<T> {
  return await alone.run(true, send)
}

export const isOwnTransaction = (): boolean => alone.getStore() === true
