import type { EntityManager, TransactionOptions } from '@mikro-orm/core'
import { dialectOf } from '../engines/dialect.ts'
import { ownStatement } from '../events/watch-query.ts'
import { WHO_AM_I } from '../postgres/commit-outcome.ts'
import type { Participant, ParticipantSavepoint, TwoPhaseParticipant } from '../transactions/participant.ts'
import { rollBack } from './close.ts'
import { EntitySavepoint, forgetEntities } from './entity-savepoint.ts'
import type { Lease } from './lease.ts'
import { asManager } from './managing.ts'
import type { OpenTransaction } from './open-transactions.ts'
import { runInSession } from './running.ts'
import { SessionPreparation } from './session-preparation.ts'
import { type SessionState, withInternalAccess } from './state.ts'

/** The part of MikroORM's SQL connections that runs a statement in a transaction. */
interface ExecutingConnection {
  execute(sql: string, parameters: unknown[], method: 'get' | 'run', transaction: OpenTransaction): Promise<Record<string, unknown> | undefined>
}

/**
 * Whether the transaction has an id: PostgreSQL gives one with the first change, whoever makes it (a function in a SELECT too). What NOTIFY
 * sends has none before the commit, so that the session must remember it.
 */
const HAS_WRITTEN = ownStatement('select txid_current_if_assigned() as xid')

/** All that a SQLite connection has changed since it was opened. */
const TOTAL_CHANGES = ownStatement('select total_changes() as changes')

/** A session in a managed transaction. */
export class SessionParticipant implements Participant {
  readonly name: string
  readonly transaction: OpenTransaction
  /** Whether the session still is in the transaction. */
  live: boolean
  readonly #root: EntityManager
  readonly #state: SessionState
  readonly #keepsReads: boolean
  readonly #forks = new Set<EntityManager>()
  #changesBefore: unknown
  #preparation: SessionPreparation | undefined
  /** Undefined where it was not asked. */
  #wroteBeforeStream: boolean | undefined

  private constructor(root: EntityManager, state: SessionState, keepsReads: boolean) {
    this.#root = root
    this.#state = state
    this.#keepsReads = keepsReads
    this.name = state.engine.name
    this.transaction = root.getTransactionContext<OpenTransaction>()!
    this.live = this.transaction !== undefined // not with MikroORM's disableTransactions
  }

  static async begin(root: EntityManager, state: SessionState, options: TransactionOptions): Promise<SessionParticipant> {
    state.notified = false
    await asManager(async () => await root.begin(options))
    const participant = new SessionParticipant(root, state, options.isolationLevel === 'serializable')
    if (participant.live && participant.#dialect === 'sqlite') participant.#changesBefore = (await participant.#execute(TOTAL_CHANGES, 'get'))?.['changes']
    return participant
  }

  /** Leads a fork that was made by hand into the transaction. */
  attach(fork: EntityManager): void {
    this.#forks.add(fork)
    fork.setTransactionContext(this.transaction)
  }

  has(em: EntityManager): boolean {
    return em === this.#root || this.#forks.has(em)
  }

  spoiltBy(): unknown {
    for (const connection of this.#state.connections) {
      const error = connection.spoiltBy
      if (error !== undefined) return error
    }
    return undefined
  }

  streams(): boolean {
    return this.#streams.length > 0
  }

  async beforeStream(): Promise<void> {
    this.#wroteBeforeStream ||= await this.hasWritten()
  }

  async hasWritten(): Promise<boolean> {
    if (this.#state.engine.readonly || !this.live) return false
    if (this.streams()) return this.#wroteBeforeStream !== false // the server answers nothing else while a cursor is read
    if (this.#keepsReads || this.#state.notified) return true // what was read at `serializable` holds only if the commit succeeds
    if (this.#dialect === 'postgresql') return (await this.#execute(this.#question, 'get'))?.['xid'] !== null || this.hasChangedRows
    if (this.#dialect === 'sqlite') return this.#state.ranRawSql || (await this.#execute(TOTAL_CHANGES, 'get'))?.['changes'] !== this.#changesBefore
    return true
  }

  /** Of rows of a foreign table (postgres_fdw) too, for which the transaction here gets no id. */
  get hasChangedRows(): boolean {
    for (const connection of this.#state.connections) if (connection.hasChangedRows) return true
    return false
  }

  get twoPhase(): TwoPhaseParticipant | undefined {
    const { database } = this.#state.engine
    if (database === undefined) return undefined
    this.#preparation ??= new SessionPreparation({
      root: this.#root,
      state: this.#state,
      transaction: this.transaction,
      execute: async (sql, method, parameters) => await this.#execute(sql, method, parameters),
      hold: () => void (this.live = false),
      undo: async () => await this.#undo(),
      detach: () => this.#detach(),
    }, database)
    return this.#preparation
  }

  async commit(): Promise<void> {
    this.live = false
    try {
      await asManager(async () => await this.#root.commit())
    } catch (error) {
      if (this.transaction.isCommitted !== true) {
        await this.#undo()
        throw this.#state.explain(error)
      }
      this.#state.logger.error({ err: error, engine: this.name }, `${this.#state.fullLabel}: a subscriber has failed after the commit`)
    }
    this.#detach()
  }

  async release(): Promise<void> {
    if (!this.live) return
    this.live = false
    await rollBack(this.#root, this.transaction, this.#state)
    this.#detach()
  }

  async rollback(): Promise<void> {
    if (!this.live) return
    this.live = false
    await this.#undo()
  }

  async savepoint(name: string): Promise<ParticipantSavepoint> {
    if (!this.live) return { rollback: async () => {} }
    await this.#execute(`savepoint ${name}`, 'run')
    const entities = new EntitySavepoint([this.#root, ...this.#forks], this.#state)
    const before = new Set(this.#forks)
    return {
      rollback: async () => {
        await this.#execute(`rollback to savepoint ${name}`, 'run')
        await entities.restore()
        for (const fork of this.#forks) if (!before.has(fork)) fork.getUnitOfWork(false).clear()
      },
    }
  }

  async #undo(): Promise<void> {
    const ends = this.#streams.map(async (lease) => await lease.end()) // the rollback would wait for them
    if (this.transaction.isRolledBack !== true) await rollBack(this.#root, this.transaction, this.#state)
    await Promise.allSettled(ends)
    withInternalAccess(() => forgetEntities([this.#root, ...this.#forks], this.#state))
    this.#detach()
  }

  #detach(): void {
    for (const em of [this.#root, ...this.#forks]) em.resetTransactionContext()
    this.#state.transactions.forget()
    this.#state.created.clear()
  }

  get #streams(): Lease[] {
    return [...this.#state.leases].filter(({ isStream }) => isStream === true)
  }

  /** Where the server tells more than that, an answer to COMMIT that is lost can be looked up by it. */
  get #question(): string {
    return this.#state.engine.pool?.tellsTransactionId === true ? WHO_AM_I : HAS_WRITTEN
  }

  get #dialect(): ReturnType<typeof dialectOf> {
    return dialectOf(this.#root.config.get('driver'))
  }

  async #execute(sql: string, method: 'get' | 'run', parameters: readonly unknown[] = []): Promise<Record<string, unknown> | undefined> {
    const connection = this.#root.config.getDriver().getConnection('write') as unknown as ExecutingConnection
    return await runInSession(this.#state, async () => await connection.execute(sql, [...parameters], method, this.transaction))
  }
}
