import { DataManagerInvalidError } from '../errors.ts'

/** What a data manager is told of the transaction that it takes part in. */
export interface TransactionInfo {
  /** What `transaction.note()` has said of it. */
  readonly description: string
  /** Which attempt it is, from 1. */
  readonly attempt: number
}

/** A savepoint of a data manager. */
export interface DataManagerSavepoint {
  /** Take back what was done since. */
  rollback(): void | Promise<void>
}

/**
 * Something that is no database and takes part in a transaction all the same: a mailer, a queue, a file. The phases are those of
 * Zope's `IDataManager`: of all that have joined, `begin` is called first, then `commit`, then `vote`; whoever throws in these makes the whole transaction
 * fail. After the databases have committed comes `finish`, which must not fail any more: what it throws is logged.
 */
export interface DataManager {
  /** The order among data managers, compared as strings. */
  readonly sortKey: string
  /** The commit begins: the first thing that is called. */
  begin?(transaction: TransactionInfo): void | Promise<void>
  /** Do the work so that it can still be taken back. */
  commit(transaction: TransactionInfo): void | Promise<void>
  /** The last chance to say no. Whoever has not thrown here promises that `finish` will succeed. */
  vote?(transaction: TransactionInfo): void | Promise<void>
  /** Make it final: the databases have committed. */
  finish(transaction: TransactionInfo): void | Promise<void>
  /** Take everything back, in whatever phase it was. Called once; what it throws is logged. */
  abort(transaction: TransactionInfo): void | Promise<void>
  /** Where it is missing, rolling back to a savepoint that was made after the data manager has joined is refused. */
  savepoint?(): DataManagerSavepoint | Promise<DataManagerSavepoint>
}

const NEEDED = ['commit', 'finish', 'abort'] as const
const OPTIONAL = ['begin', 'vote', 'savepoint'] as const

/** @throws DataManagerInvalidError */
export function assertDataManager(given: unknown): asserts given is DataManager {
  if (typeof given !== 'object' || given === null) throw new DataManagerInvalidError('is no object')
  const manager = given as Record<string, unknown>
  if (typeof manager['sortKey'] !== 'string') throw new DataManagerInvalidError(`has no 'sortKey', a string`)
  for (const name of NEEDED) {
    if (typeof manager[name] !== 'function') throw new DataManagerInvalidError(`has no method '${name}'`)
  }
  for (const name of OPTIONAL) {
    if (manager[name] !== undefined && typeof manager[name] !== 'function') throw new DataManagerInvalidError(`has a '${name}' that is no method`)
  }
}

/** In the order of their sort keys; those of one key in the order in which they joined. */
export function inOrder(managers: Iterable<DataManager>): DataManager[] {
  return [...managers].toSorted((a, b) => (a.sortKey < b.sortKey ? -1 : a.sortKey > b.sortKey ? 1 : 0))
}
