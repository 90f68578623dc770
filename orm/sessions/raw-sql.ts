import { kindOf } from '../postgres/statement-kind.ts'
import type { SessionState } from './state.ts'

/** Only a commit delivers it, and nothing else tells that there is something to deliver. */
const NOTIFY = /\b(?:pg_)?notify\b/i

/**
 * Looks at SQL that somebody has written by hand, before it runs in a managed transaction.
 *
 * @throws TransactionManagedError for what would begin or end a transaction behind the manager's back
 */
export function inspectRawSql(sql: unknown, state: SessionState): void {
  if (typeof sql !== 'string' || state.enlisting?.managed !== true) return
  const kind = kindOf(sql)
  if (kind !== 'other') state.enlisting.assertUnmanaged(undefined, kind === 'script' ? 'a script with COMMIT' : kind)
  if (NOTIFY.test(sql)) state.notified = true
}
