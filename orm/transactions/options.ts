import { InvalidOptionsError } from '../errors.ts'
import { assertKnownOptions, assertTimeout, isPlainObject } from '../options-check.ts'
import { assertRetry, type RetryOptions } from './retry-options.ts'

/** The isolation levels of SQL; SQLite has one and takes no notice. */
export type TransactionIsolation = 'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable'

/** What a managed transaction is like. */
export interface TransactionOptions {
  /** Of every engine that joins. Default: the database's own. */
  readonly isolationLevel?: TransactionIsolation
  /**
   * Readonly engines join as well, with a read-only transaction at `repeatable read`: everything that is read there is of one moment. Default: false, and
   * they read without a transaction.
   */
  readonly snapshot?: boolean
  /** How long each hook may take, in ms. Default: 5,000. */
  readonly hookTimeoutMs?: number
  /**
   * Commit in two phases where several engines were written to. Default: where all of them but one at most are `twoPhase` engines. True: fail where
   * that is not so; false: commit one engine after the other.
   */
  readonly twoPhase?: boolean
}

/** What {@link SqlAssist.transaction} is given beside the work. */
export interface TransactionRunOptions extends TransactionOptions {
  /** Do the work again, with fresh sessions, where it has failed for a reason that another attempt may not meet. Default: not. */
  readonly retry?: RetryOptions
}

export const TRANSACTION_OPTIONS: readonly string[] = ['isolationLevel', 'snapshot', 'hookTimeoutMs', 'twoPhase']

const LEVELS: readonly unknown[] = ['read uncommitted', 'read committed', 'repeatable read', 'serializable'] satisfies TransactionIsolation[]

/**
 * @param where - what the options are part of, with a dot or a colon and a blank at its end, or nothing
 * @throws InvalidOptionsError
 */
export function assertTransactionOptions({ isolationLevel, snapshot, hookTimeoutMs, twoPhase }: { [K in keyof TransactionOptions]?: unknown }, where: string): void {
  if (isolationLevel !== undefined && !LEVELS.includes(isolationLevel)) throw new InvalidOptionsError(`${where}isolationLevel`, `must be one of ${LEVELS.join(', ')}`)
  if (snapshot !== undefined && typeof snapshot !== 'boolean') throw new InvalidOptionsError(`${where}snapshot`, 'must be true or false')
  if (twoPhase !== undefined && typeof twoPhase !== 'boolean') throw new InvalidOptionsError(`${where}twoPhase`, 'must be true or false')
  assertTimeout(`${where}hookTimeoutMs`, hookTimeoutMs)
}

/** @throws InvalidOptionsError */
export function assertRunOptions(options: unknown, known: readonly string[] = []): asserts options is TransactionRunOptions {
  if (!isPlainObject(options)) throw new InvalidOptionsError('transaction()', 'needs an object of options, or nothing')
  assertKnownOptions(options, new Set([...TRANSACTION_OPTIONS, 'retry', ...known]), '')
  assertTransactionOptions(options, '')
  assertRetry(options['retry'], 'retry')
}
