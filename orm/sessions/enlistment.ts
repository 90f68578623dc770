import type { EntityManager } from '@mikro-orm/core'
import { TransactionManagedError, TransactionOpenError } from '../errors.ts'
import type { TransactionManager } from '../transactions/manager.ts'
import { bindingOf } from './binding.ts'
import type { OpenTransaction } from './open-transactions.ts'
import { SessionParticipant } from './session-participant.ts'
import type { Enlisting, SessionState } from './state.ts'

/**
 * A session's way into the transaction of its container. The session's own EntityManager begins it with its first statement; forks that
 * somebody makes by hand are led into the same one, or what they write would be kept whatever becomes of the rest.
 */
export class Enlistment implements Enlisting {
  readonly #root: EntityManager
  readonly #state: SessionState
  readonly #manager: TransactionManager
  #participant: SessionParticipant | undefined

  constructor(root: EntityManager, state: SessionState, manager: TransactionManager) {
    this.#root = root
    this.#state = state
    this.#manager = manager
  }

  enlist(em: EntityManager): Promise<void> | undefined {
    if (bindingOf(em)?.outside === true) return undefined
    const context = em.getTransactionContext<OpenTransaction>()
    if (context !== undefined && (em !== this.#root || context === this.#participant?.transaction)) return undefined
    if (this.#manager.$closed) throw this.#state.closedError()
    const transaction = this.#manager.$forStatement()
    if (transaction === undefined) return undefined
    if (context !== undefined) throw new TransactionOpenError(this.#state.engine.name) // begun before the managed one was
    return transaction.enlist(this, async () => await this.#begin()).then(() => this.#attach(em))
  }

  transactionOf(em: EntityManager): OpenTransaction | undefined {
    const participant = this.#participant
    return participant?.live === true && participant.has(em) ? participant.transaction : undefined
  }

  async enlistStream(em: EntityManager): Promise<void> {
    await this.enlist(em)
    if (this.transactionOf(em) !== undefined) await this.#participant!.beforeStream()
  }

  async transaction(): Promise<OpenTransaction | undefined> {
    await this.enlist(this.#root)
    return this.transactionOf(this.#root)
  }

  assertUnmanaged(em: EntityManager | undefined, what: string): void {
    if (!this.managed) return
    const context = em?.getTransactionContext<OpenTransaction>()
    if (context === undefined || context === this.#participant?.transaction) throw new TransactionManagedError(this.#state.engine.name, what, this.#manager.$mode)
  }

  get managed(): boolean {
    return this.#manager.$mode === 'request' || this.#manager.isActive
  }

  async #begin(): Promise<SessionParticipant> {
    const { isolationLevel, snapshot } = this.#manager.$options
    const { readonly } = this.#state.engine
    const options = readonly && snapshot === true ? { readOnly: true, isolationLevel: 'repeatable read' as const } : isolationLevel === undefined ? {} : { isolationLevel }
    this.#participant = await SessionParticipant.begin(this.#root, this.#state, options)
    return this.#participant
  }

  #attach(em: EntityManager): void {
    if (em !== this.#root && em.getTransactionContext() === undefined) this.#participant!.attach(em)
  }
}
