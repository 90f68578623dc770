import { CommitOutcomeUnknownError, DatabaseReadonlyError, PartialCommitError, TransactionRecoveredError } from '../errors.ts'
import { isConnectionError, isRetryable } from '../postgres/server-errors.ts'

/** A standby has cancelled a query whose rows were needed no more ("recovery conflict"); it says so under the code of serialization failures, or in words. */
const RECOVERY_CONFLICT = /conflict with recovery/

/**
 * Whether work in a managed transaction may be done again: nothing of it was kept, and what went wrong may not go wrong again. Serialization
 * failures and deadlocks, conflicts of a replica with its recovery, a primary that has become read-only, and a connection or a commit that is known
 * to have failed.
 */
export function mayRepeat(error: unknown): boolean {
  if (error instanceof CommitOutcomeUnknownError || error instanceof PartialCommitError) return false
  if (isRetryable(error) || error instanceof DatabaseReadonlyError || error instanceof TransactionRecoveredError) return true
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (isConnectionError(at) || RECOVERY_CONFLICT.test(at.message)) return true
  }
  return false
}
