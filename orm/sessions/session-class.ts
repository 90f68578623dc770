import type { EntityManager, ForkOptions, Transaction, TransactionOptions } from '@mikro-orm/core'
import { Utils } from '@mikro-orm/core'
import { AutocommitEngineError, ReadonlyEngineError, TransactionOpenError } from '../errors.ts'
import { type Bindable, type Binding, bindingOf, kBinding } from './binding.ts'
import { closeSession, rollBack } from './close.ts'
import { installGuards } from './guards.ts'
import type { SessionInfo } from './info.ts'
import { adopt, entitiesIn, handOver, notePersisted } from './ownership.ts'
import { firstChanged, isDatabaseReadonlyError, readonlyKyselyPlugin, refuseWritingQueryBuilder } from './readonly.ts'
import { runInSession } from './running.ts'
import type { OpenTransaction } from './open-transactions.ts'
import { type SessionState, withInternalAccess } from './state.ts'
import { type JoinedTransaction, joinedTransaction, joinTransaction, TransactionScope } from './transaction-scope.ts'

/** An EntityManager class of some driver. */
// oxlint-disable-next-line typescript/no-explicit-any -- a mixin's base class must take any arguments
export type EntityManagerClass = new (...args: any[]) => EntityManager

/** What the EntityManagers of a driver may have on top of the core one. */
interface SqlMethods {
  createQueryBuilder?(...args: unknown[]): object
  getKysely?(...args: unknown[]): { withPlugin(plugin: object): unknown }
  execute?(...args: unknown[]): Promise<unknown>
}

const classes = new WeakMap<EntityManagerClass, EntityManagerClass>()

/** Set while `transactional()` makes the fork of a transaction, which happens synchronously: that fork joins the scope. */
let joiningScope: TransactionScope | undefined

/**
 * The session class over a driver's EntityManager, made once per driver: the EntityManager itself, with an end, an owner and guards.
 *
 * It is a subclass because MikroORM makes forks with `new this.constructor(...)`, so that transactions and forks are sessions too.
 * Without a binding (the application's own global EntityManager) it behaves as its base class.
 */
export function sessionClass(Base: EntityManagerClass): EntityManagerClass {
  let made = classes.get(Base)
  if (made === undefined) {
    made = makeSessionClass(Base)
    installGuards(made.prototype as EntityManager)
    classes.set(Base, made).set(made, made)
  }
  return made
}

function makeSessionClass(Base: EntityManagerClass): EntityManagerClass {
  return class Session extends Base implements Bindable {
    declare [kBinding]?: Binding

    // ---- what the seed's sessions know --------------------------------------------------------------------------

    get info(): SessionInfo | undefined {
      return this[kBinding]?.state.info
    }

    get engineName(): string | undefined {
      return this[kBinding]?.state.engine.name
    }

    async persistAndFlush(entities: object | Iterable<object>): Promise<void> {
      await this.persist(entities as object).flush()
    }

    async removeAndFlush(entities: object | Iterable<object>): Promise<void> {
      await this.remove(entities as object).flush()
    }

    async [Symbol.asyncDispose](): Promise<void> {
      const state = this[kBinding]?.state
      if (state !== undefined) await closeSession(this, state)
    }

    // ---- which EntityManager answers -----------------------------------------------------------------------------

    override getContext(validate?: boolean): this {
      const binding = this[kBinding]
      if (binding === undefined) return super.getContext(validate)
      binding.state.assertOpen()
      return (joinedTransaction(binding.scope, binding.depth) as this | undefined) ?? super.getContext(validate)
    }

    override fork(options?: ForkOptions): this {
      const from = bindingOf(options?.disableContextResolution ? this : this.getContext(false))
      const fork = super.fork(options)
      if (from === undefined) return fork
      const scope = joiningScope === from.scope ? from.scope : undefined
      joiningScope = undefined
      fork[kBinding] = { state: from.state, scope: scope ?? new TransactionScope(), depth: scope === undefined ? 0 : from.depth + 1 }
      return fork
    }

    override getDriver(): ReturnType<EntityManager['getDriver']> {
      this[kBinding]?.state.assertOpen()
      return super.getDriver()
    }

    override getConnection(type?: 'read' | 'write'): ReturnType<EntityManager['getConnection']> {
      this[kBinding]?.state.assertOpen()
      return super.getConnection(type)
    }

    override get id(): number {
      return withInternalAccess(() => super.id)
    }

    // ---- transactions ----------------------------------------------------------------------------------------------

    override async transactional<T>(cb: (em: this) => T | Promise<T>, options: TransactionOptions = {}): Promise<T> {
      const binding = this[kBinding]
      if (binding === undefined) return super.transactional(cb, options)
      const { state } = binding
      if (state.engine.autocommit) throw new AutocommitEngineError(state.engine.name, 'transactional')
      const outer = this.getContext(false)
      const scope = (bindingOf(outer) ?? binding).scope
      let entry: (JoinedTransaction & { live: boolean }) | undefined
      const run = async (em: this): Promise<T> => {
        if (em === outer) return await cb(em) // REQUIRED and its like in an open transaction: nothing new to join
        entry = { em, depth: bindingOf(em)?.depth ?? 0, live: true }
        return await joinTransaction(scope, entry, async () => await cb(em))
      }
      joiningScope = scope
      let running: Promise<T>
      try {
        running = super.transactional(run, { ...options }) // MikroORM writes into the options, and the caller may use them again
      } finally {
        joiningScope = undefined
      }
      try {
        return await running
      } catch (error) {
        throw state.explain(error)
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
      if (options.ctx === undefined && (state.beginning || this.isInTransaction())) throw new TransactionOpenError(state.engine.name)
      state.beginning = true
      try {
        await super.begin(options)
      } finally {
        state.beginning = false
      }
      const transaction: OpenTransaction | undefined = withInternalAccess(() => this.getTransactionContext())
      if (transaction === undefined) return // an engine with MikroORM's disableTransactions
      if (state.closed) {
        await rollBack(this, transaction, state)
        state.assertOpen()
      }
      state.transactions.opened(transaction, this)
    }

    override async commit(): Promise<void> {
      const state = this[kBinding]?.state
      if (state === undefined) return await super.commit()
      try {
        await super.commit()
      } catch (error) {
        state.transactions.commitFailed()
        throw state.explain(error)
      } finally {
        state.transactions.forget()
      }
    }

    override async rollback(): Promise<void> {
      await super.rollback()
      this[kBinding]?.state.transactions.forget()
    }

    override setTransactionContext(transaction: Transaction): void {
      super.setTransactionContext(transaction)
      if (transaction) this[kBinding]?.state.transactions.opened(transaction as OpenTransaction, this)
    }

    override resetTransactionContext(): void {
      withInternalAccess(() => super.resetTransactionContext()) // the end of a flush that outlived its session is not an error
    }

    // ---- entities --------------------------------------------------------------------------------------------------

    override persist<Entity extends object>(entity: Entity | Iterable<Entity>): this {
      this.#takeIn(entity)
      return super.persist(entity as never)
    }

    override remove<Entity extends object>(entity: Entity | Iterable<Entity>): this {
      this.#takeIn(entity)
      return super.remove(entity as never)
    }

    #takeIn(subject: unknown): void {
      if (this[kBinding] === undefined) return
      const em = this.getContext()
      for (const entity of entitiesIn(subject)) {
        adopt(entity, em)
        notePersisted(entity, em)
      }
    }

    // oxlint-disable-next-line typescript/no-explicit-any -- three overloads in MikroORM; the types of a session come from its driver
    override merge(entityName: any, data?: any, options?: any): any {
      const entity: unknown = Utils.isEntity(entityName) ? entityName : data
      if (this[kBinding] === undefined || !Utils.isEntity(entity)) return super.merge(entityName, data, options)
      handOver(entity, this.getContext())
      return super.merge(entityName, data, options)
    }

    // oxlint-disable-next-line typescript/no-explicit-any -- as above
    override create(entityName: any, data: any, options?: any): any {
      if (!this[kBinding]?.state.engine.readonly) return super.create(entityName, data, options)
      return super.create(entityName, data, { ...options, persist: false })
    }

    override async flush(): Promise<void> {
      const state = this[kBinding]?.state
      if (state === undefined) return await super.flush()
      if (state.engine.readonly) return refuseChanges(this.getContext(), state)
      const em = this.getContext()
      const before = state.transactions.of(em)
      try {
        await super.flush()
      } catch (error) {
        throw state.explain(error)
      } finally {
        state.transactions.forget(em, before)
      }
    }

    override async tryFlush(entityName: never, options: never): Promise<void> {
      if (!this[kBinding]?.state.engine.readonly) await super.tryFlush(entityName, options)
    }

    // oxlint-disable-next-line typescript/no-explicit-any -- a protected method with a long generic signature
    protected override prepareOptions(options: any): any {
      const prepared = super.prepareOptions(options)
      const filters = this[kBinding]?.state.filters
      if (filters === undefined || prepared.filters === false) return prepared
      const own: unknown = prepared.filters
      const named = Array.isArray(own) ? Object.fromEntries(own.map((name: string) => [name, true])) : own === true ? {} : own
      prepared.filters = { ...filters, ...(named as object | undefined) }
      return prepared
    }

    // ---- what only SQL drivers have ----------------------------------------------------------------------------------

    createQueryBuilder(...args: unknown[]): object {
      const builder = (Base.prototype as SqlMethods).createQueryBuilder!.apply(this, args)
      const state = this[kBinding]?.state
      return state?.engine.readonly ? refuseWritingQueryBuilder(builder, state.engine.name) : builder
    }

    getKysely(...args: unknown[]): unknown {
      const kysely = (Base.prototype as SqlMethods).getKysely!.apply(this, args)
      const state = this[kBinding]?.state
      if (state !== undefined) state.ranRawSql = true
      return state?.engine.readonly ? kysely.withPlugin(readonlyKyselyPlugin(state.engine.name)) : kysely
    }

    async execute(...args: unknown[]): Promise<unknown> {
      const state = this[kBinding]?.state
      const { execute: inherited } = Base.prototype as Required<SqlMethods>
      if (state === undefined) return await inherited.apply(this, args)
      state.ranRawSql = true
      try {
        return await runInSession(state, () => inherited.apply(this, args))
      } catch (error) {
        if (!state.engine.readonly || !isDatabaseReadonlyError(error)) throw state.explain(error)
        throw new ReadonlyEngineError(state.engine.name, 'a writing statement', { cause: error })
      }
    }

    [Symbol.for('nodejs.util.inspect.custom')](): string {
      const state = this[kBinding]?.state
      return state === undefined ? `[EntityManager<${this.id}>]` : `[${state.label}${state.closed ? ', closed' : ''}]`
    }
  }
}

function refuseChanges(em: EntityManager, state: SessionState): void {
  const changed = firstChanged(em)
  if (changed !== undefined) throw new ReadonlyEngineError(state.engine.name, `flush() of a changed ${changed.constructor.name}`)
}
