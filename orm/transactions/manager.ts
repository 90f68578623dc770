import { CommitOutcomeUnknownError, PartialCommitError, TransactionActiveError, TransactionNotActiveError } from '../errors.ts'
import { assertDataManager, type DataManager } from './data-manager.ts'
import type { TransactionOptions } from './options.ts'
import type { Savepoint } from './savepoint.ts'
import { Transaction, type TransactionSurroundings } from './transaction.ts'

/** Who begins transactions, and who ends them. */
export type TransactionMode =
  /** The application does both; without it sessions flush and commit by themselves, as in MikroORM. */
  | 'manual'
  /** The first statement begins one, and the end of the request or of the job ends it. */
  | 'request'

/** What a manager is made with. */
export interface ManagerSettings {
  readonly mode: TransactionMode
  readonly options: TransactionOptions
  /** Which attempt at the same work it is, from 1. */
  readonly attempt: number
  /** Whether the work is going to be done again after this error: then the hooks of this attempt do not run. */
  willRetry(error: unknown): boolean
}

export const MANUAL: ManagerSettings = Object.freeze({ mode: 'manual', options: Object.freeze({}), attempt: 1, willRetry: () => false })

/** A hook that is given sessions: those of the transaction before the commit, and fresh ones after it. */
export type TransactionHook<Sessions> = (sessions: Sessions) => unknown

/** A hook that is also told why there is nothing to keep: what `abort()` was given, or the error. */
export type AbortHook<Sessions> = (sessions: Sessions, reason: unknown) => unknown

/**
 * The transactions of a request or a job: one at a time, over all writable engines that are used in it, decided for all of them at once.
 */
export class TransactionManager<Sessions = unknown> {
  /** Which attempt at the request or the job this is, from 1. More than one only with `retry`. */
  readonly attempt: number
  readonly #settings: ManagerSettings
  readonly #surroundings: TransactionSurroundings
  #current: Transaction | undefined
  #closed = false
  #keptOpen = false
  /** Says why nothing can begin any more. */
  #interruption: (() => unknown) | undefined
  /** A commit has kept something, or may have: what was done before it must not be done again. */
  #kept = false

  /** @internal */
  constructor(surroundings: TransactionSurroundings, settings: ManagerSettings) {
    this.#surroundings = surroundings
    this.#settings = settings
    this.attempt = settings.attempt
  }

  /** Whether a transaction is open. In mode `request` it is from the first use on. */
  get isActive(): boolean {
    return this.#current !== undefined
  }

  /** Whether the open transaction can only be aborted, because {@link doom} was called. */
  get isDoomed(): boolean {
    return this.#current?.doomed === true
  }

  /**
   * Opens a transaction, in mode `manual`. Every transactional engine that is used from here on joins it with its first statement.
   *
   * @throws TransactionActiveError where one is open already, and in mode `request`, where there always is one
   */
  async begin(): Promise<void> {
    if (this.#settings.mode === 'request') throw new TransactionActiveError(`In mode 'request' the first statement begins it: leave begin() out`)
    if (this.#current !== undefined) throw new TransactionActiveError('Commit or abort the open one first, or make a savepoint() in it')
    this.#open().begun()
  }

  /**
   * Flushes all sessions and commits all engines. In mode `request` the next use opens another transaction.
   *
   * @throws TransactionNotActiveError in mode `manual` without `begin()`; DoomedTransactionError; PartialCommitError; what a flush, a hook, a data manager or the
   * database fails with. Everything is aborted then.
   */
  async commit(): Promise<void> {
    if (this.#current === undefined && this.#interruption !== undefined) throw this.#interruption() // it was aborted, and nobody may believe that it is saved
    const transaction = this.#needed('commit()')
    transaction.assertEndable()
    try {
      await transaction.commit()
      this.#kept = true
    } catch (error) {
      if (error instanceof PartialCommitError || error instanceof CommitOutcomeUnknownError) this.#kept = true
      await transaction.abort(error, this.$willRetry(error))
      throw error
    } finally {
      this.#over(transaction)
    }
  }

  /**
   * Undoes everything, on all engines and data managers; entities of the sessions are forgotten. Does nothing where no transaction is open. Never rejects.
   *
   * @param reason - for the hooks of {@link afterAbort}
   */
  async abort(reason?: unknown): Promise<void> {
    const transaction = this.#current
    if (transaction === undefined || (await transaction.abortCommit(reason))) return
    await transaction.abort(reason, this.$willRetry(reason))
    this.#over(transaction)
  }

  /** From here on the transaction can only be aborted: `commit()` fails, and the end of the request aborts it, whatever is answered. */
  doom(): void {
    this.#used('doom()').doomed = true
  }

  /**
   * Lets a stream of rows go on after the commit, as the body of a reply for instance: the transaction of this engine, where nothing was written in it, ends with
   * the request and not with the others. Without it such a stream makes the commit fail, because its connection is about to be given back.
   *
   * @param engine - the name of a `readonly` engine with `snapshot: true`, or of another one that is only read here
   */
  keepOpen(engine: string): void {
    this.#used('keepOpen()').keptOpen.add(engine)
    this.#keptOpen = true
  }

  /**
   * A point that one can go back to, on all engines at once: `await savepoint.rollback()`. Flushes all sessions first.
   */
  async savepoint(): Promise<Savepoint> {
    return await this.#used('savepoint()').savepoint()
  }

  /**
   * Lets something that is no database take part.
   *
   * @param dataManager - takes part until the end of this transaction
   * @throws DataManagerInvalidError; TransactionEndingError where the commit has come to the data managers already
   */
  join(dataManager: DataManager): void {
    assertDataManager(dataManager)
    this.#joinable('join()').dataManagers.add(dataManager)
  }

  /** Runs `hook` in the transaction, before anything of it is committed. What it throws aborts everything. */
  beforeCommit(hook: TransactionHook<Sessions>): void {
    this.#joinable('beforeCommit()').beforeCommit.push(hook as (sessions: unknown) => unknown)
  }

  /**
   * Runs `hook` after all engines have committed, before the first byte of the reply, with sessions of its own. What it throws is logged, and does not make a
   * failure of what has succeeded.
   */
  afterCommit(hook: TransactionHook<Sessions>): void {
    this.#used('afterCommit()').afterCommit.push(hook as (sessions: unknown) => unknown)
  }

  /** Runs `hook` after everything was undone, with sessions of its own, and with the reason. What it throws is logged. */
  afterAbort(hook: AbortHook<Sessions>): void {
    this.#used('afterAbort()').afterAbort.push(hook as (sessions: unknown, reason: unknown) => unknown)
  }

  /**
   * Says what the transaction is about, for data managers and for whoever reads of it later.
   *
   * @param text - is added to what was said before
   */
  note(text: string): void {
    const transaction = this.#used('note()')
    transaction.description += transaction.description === '' ? text : `\n${text}`
  }

  /**
   * The transaction that a session has to be in when it asks something of the database.
   * @internal
   */
  $forStatement(): Transaction | undefined {
    if (this.#current === undefined && this.#settings.mode === 'request' && !this.#closed) this.#open()
    return this.#current
  }

  /** @internal */
  get $options(): TransactionOptions {
    return this.#settings.options
  }

  /**
   * Whether the open transaction has anything to keep. Flushes, to know.
   * @internal
   */
  async $hasWork(): Promise<boolean> {
    return (await this.$forStatement()?.hasWork()) === true
  }

  /**
   * Whether a transaction may outlive its decision on purpose.
   * @internal
   */
  get $keptOpen(): boolean {
    return this.#keptOpen
  }

  /**
   * Whether the work is going to be done again after this error. Not where a part of it was committed in between.
   * @internal
   */
  $willRetry(error: unknown): boolean {
    return !this.#kept && this.#settings.willRetry(error)
  }

  /** @internal */
  get $closed(): boolean {
    return this.#closed
  }

  /** @internal */
  get $mode(): TransactionMode {
    return this.#settings.mode
  }

  /**
   * Nothing can begin any more, and what is open will not be committed.
   *
   * @param reason - is asked where somebody has to be told
   * @returns where the decision has fallen already: what settles when it is carried out
   * @internal
   */
  $interrupt(reason: () => unknown): Promise<void> | undefined {
    this.#closed = true
    this.#interruption ??= reason
    return this.#current?.interrupt(reason()) === true ? this.#current.ending : undefined
  }

  #open(): Transaction {
    this.#current = new Transaction(this.#surroundings, this.attempt)
    return this.#current
  }

  #over(transaction: Transaction): void {
    if (this.#current === transaction) this.#current = undefined
  }

  #joinable(what: string): Transaction {
    const transaction = this.#used(what)
    transaction.assertJoinable()
    return transaction
  }

  #used(what: string): Transaction {
    const transaction = this.#needed(what)
    transaction.begun()
    return transaction
  }

  #needed(what: string): Transaction {
    const transaction = this.$forStatement()
    if (transaction === undefined) throw new TransactionNotActiveError(what)
    return transaction
  }
}
