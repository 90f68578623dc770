import { CommitOutcomeUnknownError, TransactionRolledBackError } from '../errors.ts'
import { type CommitOutcome, type TransactionId, transactionIdOf, WHO_AM_I } from './commit-outcome.ts'
import type { PgClient, PgResult } from './pg.ts'
import { isConnectionError, reasonOf } from './server-errors.ts'

/** What a commit needs of the pool. */
export interface CommitHost {
  readonly engine: string
  /** Whether the server can say which transaction it is in; undefined until it was asked. */
  tellsTransactionId: boolean | undefined
  /** Asks what became of a transaction whose COMMIT was not answered. */
  outcomeOf(transaction: TransactionId): Promise<CommitOutcome>
}

type Send = (...args: unknown[]) => Promise<PgResult>

/** Asks once in the life of a pool, and outside any transaction, where an error does no harm. */
export async function learnWhetherServerTells(client: PgClient, host: CommitHost, send: Send): Promise<void> {
  if (host.tellsTransactionId !== undefined || client.getTransactionStatus?.() !== 'I') return
  host.tellsTransactionId = false
  host.tellsTransactionId = await send(WHO_AM_I).then(() => true, () => false)
}

/**
 * Sends a COMMIT. Where its answer is lost the server is asked what became of it, by the id of the transaction, which was asked for in
 * the same packet.
 *
 * @param reason - why the connection was cut, where we have done it
 * @throws CommitOutcomeUnknownError, TransactionRolledBackError, or what the server says
 */
export async function commit(client: PgClient, host: CommitHost, send: Send, args: unknown[], reason: () => Error | undefined): Promise<PgResult> {
  if (host.tellsTransactionId !== true || client.getTransactionStatus?.() !== 'T') return await send(...args)
  let told: PgResult | undefined
  client.pipeline = true // both in one packet: no round trip more
  try {
    send(WHO_AM_I).then((answer) => (told = answer), () => {})
    return await send(...args)
  } catch (error) {
    if (!isConnectionError(error)) throw error
    return await committed(host, transactionIdOf(told, client.processID), reason() ?? error)
  } finally {
    client.pipeline = false
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
export const isCommitError = (error: unknown): boolean => error instanceof CommitOutcomeUnknownError || error instanceof TransactionRolledBackError
