import type { EntityManager, ForkOptions, Transaction, TransactionOptions } from '@mikro-orm/core'
import { AutocommitEngineError, TransactionOpenError } from '../../errors.ts'
import { bindingOf, kBinding } from '../binding.ts'
import { rollBack } from '../close.ts'
import { EntitySavepoint } from '../entity-savepoint.ts'
import type { OpenTransaction } from '../open-transactions.ts'
import { isManager } from '../managing.ts'
import { leaveSession } from '../running.ts'
import { withInternalAccess } from '../state.ts'
import { type JoinedTransaction, joinTransaction, type TransactionScope } from '../transaction-scope.ts'
import type { EntityManagerClass } from './entity-manager-class.ts'

/** EntityManagers whose `begin()` is on its way: a second one would lose the first. */
const beginning = new WeakSet<EntityManager>()

/** Savepoints of `begin({ ctx })`, with the transaction to go back to: MikroORM would leave the EntityManager in none. */
const enclosing = new WeakMap<object, object>()

/** Set while `transactional()` makes the fork of a transaction, which happens synchronously: that fork joins the scope. */
let joiningScope: TransactionScope | undefined

/** Set in the same moment for a fork that is to work without a transaction, also without the managed one. */
let joiningNone = false

/**
 * Transactions that take the session into them, that are known while they are open, and that cannot be lost by a second `begin()`.
 */
export function withTransactions(Base: EntityManagerClass): EntityManagerClass {
  return class extends Base {
    override fork(options?: ForkOptions): this {
      const from = bindingOf(options?.disableContextResolution ? this : this.getContext(false))
      const fork = super.fork(options)
      if (from === undefined) return fork
      const scope = joiningScope === from.scope ? from.scope : undefined
      const outside = joiningNone || options?.disableTransactions === true
      joiningScope = undefined
      joiningNone = false
      fork[kBinding] = { state: from.state, scope: scope ?? {}, depth: scope === undefined ? 0 : from.depth + 1, root: false, outside, flushing: undefined }
      return fork
    }

    override async transactional<T>(cb: (em: this) => T | Promise<T>, options: TransactionOptions = {}): Promise<T> {
      const binding = this[kBinding]
      if (binding === undefined) return super.transactional(cb, options)
      const { state } = binding
      if (state.engine.autocommit) throw new AutocommitEngineError(state.engine.name, 'transactional')
      const outer = this.getContext()
      const scope = (bindingOf(outer) ?? binding).scope
      const nested = options.propagation === undefined || options.propagation === 'nested'
      const known = nested && state.enlisting?.managed === true && outer.isInTransaction() ? new EntitySavepoint([outer], state) : undefined
      let entry: (JoinedTransaction & { live: boolean }) | undefined
      const run = async (em: this): Promise<T> => {
        joiningScope = undefined // a fork that the callback makes is not the transaction's
        if (em === outer) return await leaveSession(async () => await cb(em)) // REQUIRED and its like in an open transaction: nothing new to join
        entry = { em, depth: bindingOf(em)?.depth ?? 0, live: true }
        return await joinTransaction(scope, entry, async () => await leaveSession(async () => await cb(em)))
      }
      joiningScope = scope
      joiningNone = options.propagation === 'not_supported'
      let running: Promise<T>
      try {
        running = super.transactional(run, { ...options }) // MikroORM writes into the options, and the caller may use them again
      } finally {
        joiningScope = undefined
        joiningNone = false
      }
      try {
        return await running
      } catch (error) {
        await known?.restore().catch(() => {}) // where it cannot ask the database, the transaction is lost, and with it all that was known
        throw error
      } finally {
        if (entry !== undefined) entry.live = false
        state.transactions.forget(entry?.em)
      }
    }

    override async begin(options: Omit<TransactionOptions, 'ignoreNestedTransactions'> = {}): Promise<void> {
      const binding = this[kBinding]
      if (binding === undefined) return await super.begin(options)
      const { state } = binding
      if (state.engine.autocommit) throw new AutocommitEngineError(state.engine.name, 'begin')
      const em = this.getContext()
      if (!isManager()) state.enlisting?.assertUnmanaged(em, 'begin')
      if (beginning.has(em) || (options.ctx === undefined && em.isInTransaction())) throw new TransactionOpenError(state.engine.name)
      beginning.add(em)
      try {
        await super.begin(options)
      } finally {
        beginning.delete(em)
      }
      const transaction: OpenTransaction | undefined = withInternalAccess(() => em.getTransactionContext())
      if (transaction === undefined) return // an engine with MikroORM's disableTransactions
      if (options.ctx !== undefined) enclosing.set(transaction, options.ctx)
      if (state.closed) {
        await rollBack(em, transaction, state)
        state.assertOpen()
      }
      state.transactions.opened(transaction, em)
    }

    override async commit(): Promise<void> {
      const state = this[kBinding]?.state
      if (state === undefined) return await super.commit()
      const em = this.getContext()
      if (!isManager()) state.enlisting?.assertUnmanaged(em, 'commit')
      const outer = enclosingOf(em)
      try {
        await super.commit()
        em.setTransactionContext(outer)
      } catch (error) {
        state.transactions.commitFailed()
        throw error
      } finally {
        state.transactions.forget()
      }
    }

    override async rollback(): Promise<void> {
      const state = this[kBinding]?.state
      if (state === undefined) return await super.rollback()
      const em = this.getContext()
      if (!isManager()) state.enlisting?.assertUnmanaged(em, 'rollback')
      const outer = enclosingOf(em)
      await super.rollback()
      em.setTransactionContext(outer)
      state.transactions.forget()
    }

    override setTransactionContext(transaction: Transaction): void {
      super.setTransactionContext(transaction)
      if (transaction) this[kBinding]?.state.transactions.opened(transaction as OpenTransaction, this)
    }

    override resetTransactionContext(): void {
      // A flush that has begun the managed transaction would leave it, and one with `requires_new` suspend it: then whatever runs at the same time would be outside.
      if (this[kBinding]?.state.enlisting?.transactionOf(this) !== undefined) return
      withInternalAccess(() => super.resetTransactionContext()) // the end of a flush that outlived its session is not an error
    }
  }
}

/** The transaction around the savepoint that an EntityManager is in, if `begin({ ctx })` has set one. */
function enclosingOf(em: EntityManager): object | undefined {
  const savepoint = em.getTransactionContext<object>()
  return savepoint && enclosing.get(savepoint)
}
