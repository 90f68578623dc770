import { CommitOutcomeUnknownError, TransactionRolledBackError } from '../errors.ts'
import { type CommitOutcome, type TransactionId, transactionIdOf, WHO_AM_I } from './commit-outcome.ts'
import type { PgClient, PgResult } from './pg.ts'
import { isConnectionError, isEndedByServer, reasonOf, wasNeverSent } from './server-errors.ts'
import type { StatementKind } from './statement-kind.ts'

/** What a commit needs of the pool. */
export interface CommitHost {
  readonly engine: string
  /** Whether its connections are read-only on purpose. */
  readonly readonly: boolean
  /** Whether the server can say which transaction it is in; undefined until it was asked. */
  tellsTransactionId: boolean | undefined
  /** Asks what became of a transaction whose COMMIT was not answered. */
  outcomeOf(transaction: TransactionId): Promise<CommitOutcome>
}

type Send = (...args: unknown[]) => Promise<PgResult>

/** Asks once in the life of a pool, and outside any transaction, where an error does no harm. */
export async function learnWhetherServerTells(client: PgClient, host: CommitHost, send: Send): Promise<void> {
  if (host.readonly || host.tellsTransactionId !== undefined || client.getTransactionStatus?.() !== 'I') return
  host.tellsTransactionId = false
  host.tellsTransactionId = await send(WHO_AM_I).then(() => true, (error: unknown) => (isConnectionError(error) ? undefined : false))
}

/**
 * Sends a COMMIT. Where its answer is lost the server is asked what became of it, by the id of the transaction, which was asked for in
 * the same packet; of several statements in one text nobody can tell.
 *
 * @param reason - why the connection was cut, where we have done it
 * @param known - what the server has said to WHO_AM_I in this transaction, where it was asked before
 * @throws CommitOutcomeUnknownError, TransactionRolledBackError, or what the server says
 */
export async function commit(kind: StatementKind, client: PgClient, host: CommitHost, send: Send, args: unknown[], reason: () => Error | undefined, known?: PgResult): Promise<PgResult> {
  const status = client.getTransactionStatus?.()
  if (host.readonly || status === 'E') return await send(...args) // there is nothing to keep
  // An id that it had is the one that it has; where it had none, it may have got one since.
  let told = transactionIdOf(known, client.processID) == null ? undefined : known
  let refused: unknown
  try {
    // While a cursor is open its answers would be taken for ours.
    if (told === undefined && kind === 'commit' && host.tellsTransactionId === true && status === 'T' && client.readyForQuery === true) {
      return await inOnePacket(client, () => {
        send(WHO_AM_I).then((answer) => (told = answer), (error: unknown) => (refused = error))
        return send(...args)
      })
    }
    return await send(...args)
  } catch (error) {
    if (!isConnectionError(error) || wasNeverSent(error)) throw error
    if (isEndedByServer(refused)) throw refused // the server answers in order: it never came to the COMMIT
    return await committed(host, transactionIdOf(told, client.processID), reason() ?? error)
  } finally {
    client.pipeline = false
  }
}

/** Several statements for one round trip, and for one call of the system. */
function inOnePacket<T>(client: PgClient, send: () => T): T {
  const { stream } = client.connection
  client.pipeline = true
  stream.cork()
  try {
    return send()
  } finally {
    stream.uncork()
  }
}

async function committed(host: CommitHost, transaction: TransactionId | null | undefined, cause: unknown): Promise<PgResult> {
  if (transaction === null) throw cause // it had written nothing
  const outcome = transaction === undefined ? 'unknown' : await host.outcomeOf(transaction)
  if (outcome === 'aborted') throw new TransactionRolledBackError(host.engine, 'COMMIT', { cause })
  if (outcome === 'unknown') throw new CommitOutcomeUnknownError(host.engine, reasonOf(cause), { cause })
  return { command: 'COMMIT', rows: [] }
}

/** Whether an error says all there is to say of a commit already. */
export const isCommitError = (error: unknown): error is Error => error instanceof CommitOutcomeUnknownError || error instanceof TransactionRolledBackError
