import { InvalidOptionsError, type RetryOptions, type TransactionMode, type TransactionOptions } from '../orm/index.ts'
import { assertRetry, assertTransactionOptions, TRANSACTION_OPTIONS } from '../orm/validation.ts'
import { type CommitVeto, defaultCommitVeto } from './commit-veto.ts'

/** How the transactions of requests begin and end: of all routes as an option of the plugin, of one route in `config.sqlassist`. */
export interface RequestTransactionOptions extends TransactionOptions {
  /**
   * `'request'`: the first statement on a writable engine begins a transaction over all engines; it is committed before the first byte of the reply, or
   * aborted. `'manual'`: sessions flush and commit by themselves, unless somebody calls `transaction.begin()`. Default: `'manual'`. The environment
   * variable `SQLASSIST_DISABLE_TRANSACTION=1` makes it `'manual'` everywhere.
   */
  readonly transaction?: TransactionMode
  /** Aborts although nothing has failed. Default: 4xx and 5xx, unless the reply has a header `x-tm: commit`; and whatever has `x-tm: abort`. */
  readonly commitVeto?: CommitVeto
  /**
   * Calls the handler (not its hooks) again, with fresh sessions and the status and headers of the reply as they were, where another attempt may succeed.
   * Only with `transaction: 'request'`. Default: not.
   */
  readonly retry?: RetryOptions
}

/** The options of one route, complete. */
export interface TransactionSettings {
  readonly mode: TransactionMode
  readonly commitVeto: CommitVeto
  readonly retry: RetryOptions | undefined
  readonly options: TransactionOptions
}

/** The names of these options, to be known to those who check for unknown ones. */
export const REQUEST_TRANSACTION_OPTIONS: readonly string[] = ['transaction', 'commitVeto', 'retry', ...TRANSACTION_OPTIONS]

/**
 * @param where - what the options are part of, with a colon and a blank at its end, or nothing
 * @throws InvalidOptionsError
 */
export function assertRequestTransaction(given: { readonly [K in keyof RequestTransactionOptions]?: unknown }, where: string): asserts given is RequestTransactionOptions {
  const { transaction, commitVeto, retry } = given
  if (transaction !== undefined && transaction !== 'request' && transaction !== 'manual') throw new InvalidOptionsError(`${where}transaction`, `must be 'request' or 'manual'`)
  if (commitVeto !== undefined && typeof commitVeto !== 'function') throw new InvalidOptionsError(`${where}commitVeto`, 'must be a function')
  assertRetry(retry, `${where}retry`)
  assertTransactionOptions(given, where)
}

/** Whether the environment forces `'manual'`, as the seed's variable of that name does. */
export const isDisabledByEnvironment = (): boolean => ['1', 'true'].includes(process.env['SQLASSIST_DISABLE_TRANSACTION'] ?? '')

/** What holds for a route: its own options, else those of the plugin. */
export function settingsOf(plugin: RequestTransactionOptions, route: RequestTransactionOptions, disabled: boolean): TransactionSettings {
  const given: RequestTransactionOptions = { ...plugin, ...defined(route) }
  const mode = disabled ? 'manual' : (given.transaction ?? 'manual')
  const options = Object.fromEntries(TRANSACTION_OPTIONS.flatMap((name) => (name in given ? [[name, given[name as keyof TransactionOptions]]] : [])))
  return Object.freeze({ mode, commitVeto: given.commitVeto ?? defaultCommitVeto, retry: mode === 'request' ? given.retry : undefined, options: Object.freeze(options) })
}

const defined = (options: object): object => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
