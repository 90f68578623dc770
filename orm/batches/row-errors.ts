import { StatementTimeoutError } from '../errors.ts'
import { isServerAnswer } from '../postgres/server-errors.ts'

/** SQLSTATE classes of what one row can be the reason of: its data, a constraint, a function's own exception, a conflict with another transaction. */
const CLASSES: ReadonlySet<string> = new Set(['22', '23', '40', '44', 'P0'])

/** Whether other rows of the statement may succeed without the one that has failed. The server has said no, so that nothing of it was saved. */
export const isOfSomeRow = (error: unknown): boolean => isServerAnswer(error) && CLASSES.has(String((error as { code?: unknown }).code).slice(0, 2))

/** A row waits for somebody's lock, and all others with it; stopped by the server, so that nothing was saved. */
export const isHeldUp = (error: unknown): boolean => error instanceof StatementTimeoutError

/** MikroORM writes into the errors that it converts, so that each of those who share one needs his own. */
export function ownCopy(error: unknown): unknown {
  if (!isServerAnswer(error)) return error
  return Object.create(Object.getPrototypeOf(error) as object, Object.getOwnPropertyDescriptors(error as object)) as unknown
}
