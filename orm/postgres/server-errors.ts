/** SQLSTATE classes and codes of PostgreSQL ("Appendix A. PostgreSQL Error Codes") that say that the server, not the statement, is the trouble. */
const SERVER_GONE: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03', '57P05', '53300'])

/** What the operating system says of a connection that is not there. */
const SOCKET_GONE: ReadonlySet<string> = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT', 'ECONNABORTED',
])

/** pg's own words for the same; it gives them no code. */
const PG_WORDS = /^Connection terminated|^Client has encountered a connection error|^Client was closed|^timeout expired/

const codeOf = (error: unknown): string => (error as { code?: string } | null)?.code ?? ''

/** Whether an error of pg means that the connection, or the server, is gone, and not that the statement is wrong. */
export function isConnectionError(error: unknown): boolean {
  const code = codeOf(error)
  if (SERVER_GONE.has(code) || SOCKET_GONE.has(code) || code.startsWith('08')) return true
  return error instanceof Error && (PG_WORDS.test(error.message) || (error instanceof AggregateError && error.errors.some(isConnectionError)))
}

/** Whether a pooler has refused what we say of a connection when it is made. */
export const isRefusedParameter = (error: unknown): boolean => error instanceof Error && /^unsupported startup parameter\b.*\boptions\b/.test(error.message)

/** What to do about it. */
export const REFUSED_PARAMETER =
  `that refuses the start-up parameter 'options', by which a readonly engine has the database refuse writes: ` +
  `let the pooler ignore it (PgBouncer: ignore_startup_parameters = options), and set default_transaction_read_only for the role (docs/engines.md#readonly)`

/** Whether the server itself has said, in the place of an answer, that it ends the connection. */
export const isEndedByServer = (error: unknown): boolean => SERVER_GONE.has(codeOf(error))

/** Whether an error is an answer of the server: whatever it says, the server is there. */
export const isServerAnswer = (error: unknown): boolean => typeof (error as { severity?: unknown } | null)?.severity === 'string'

/** Whether pg knew before it sent a statement that the connection was lost. */
export const wasNeverSent = (error: unknown): boolean => error instanceof Error && error.message.endsWith('is not queryable')

/** Whether an error says that the transaction may not write (25006). */
export const isReadOnlyTransaction = (error: unknown): boolean => codeOf(error) === '25006'

/** Whether the server has stopped a statement because it was asked to. */
export const isCanceled = (error: unknown): boolean => codeOf(error) === '57014'

/** What an error says, without what it was about: a message of the network or of the server, never a parameter. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

/**
 * Whether doing the whole transaction again may succeed: a serialization failure or a deadlock. Nothing repeats it by itself, because
 * only you know what else the work has done.
 *
 * @param error - whatever a session has thrown
 */
export function isRetryable(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (['40001', '40P01'].includes(codeOf(at)) || (at as { sqlState?: unknown }).sqlState === '40001') return true
  }
  return false
}
