import { EntityManager, Utils } from '@mikro-orm/core'
import { ReadonlyEngineError } from '../../errors.ts'
import { adopt, handOver } from '../adoption.ts'
import { bindingOf, kBinding } from '../binding.ts'
import { withDefaultFilters } from '../default-filters.ts'
import { shortFlushOf, startLongFlush, startShortFlush } from '../flush/in-turn.ts'
import { entitiesIn, notePersisted } from '../ownership.ts'
import { returnsPromise } from '../promising.ts'
import { firstChanged } from '../readonly.ts'
import type { SessionState } from '../state.ts'
import type { EntityManagerClass } from './entity-manager-class.ts'

const NOTHING_TO_FLUSH = Promise.resolve()

/** Entities know their session, move between sessions only knowingly, and are not written where nothing may be written. */
export function withEntities(Base: EntityManagerClass): EntityManagerClass {
  /** The application's own EntityManager may have another idea of what a flush is. */
  const ordinary = (Base.prototype as EntityManager).flush === EntityManager.prototype.flush // oxlint-disable-line typescript/unbound-method -- compared, not called
  const Keeping = class extends Base {
    override persist<Entity extends object>(entity: Entity | Iterable<Entity>): this {
      takeIn(this, entity)
      return super.persist(entity as never)
    }

    override remove<Entity extends object>(entity: Entity | Iterable<Entity>): this {
      takeIn(this, entity)
      return super.remove(entity as never)
    }

    // oxlint-disable-next-line typescript/no-explicit-any -- three overloads in MikroORM; the types of a session come from its driver
    override merge(entityName: any, data?: any, options?: any): any {
      if (this[kBinding] !== undefined && Utils.isEntity(data)) handOver(data, this.getContext()) // merge(entity) calls merge() once more with its class
      return super.merge(entityName, data, options)
    }

    // oxlint-disable-next-line typescript/no-explicit-any -- as above
    override create(entityName: any, data: any, options?: any): any {
      const binding = this[kBinding]
      if (binding === undefined) return super.create(entityName, data, options)
      const entity = super.create(entityName, data, binding.state.engine.readonly ? { ...options, persist: false } : options)
      notePersisted(entity, this.getContext()) // also with `persist: false`: it leads to its session
      return entity
    }

    override async flush(): Promise<void> {
      const state = this[kBinding]?.state
      if (state === undefined) return await super.flush()
      if (state.engine.readonly) return refuseChanges(this.getContext(), state)
      state.flushed = true
      const em = this.getContext()
      await shortFlushOf(em)
      const short = ordinary ? startShortFlush(em, state) : undefined
      if (short !== undefined) return await short
      const before = state.transactions.of(em)
      const ended = startLongFlush(em)
      try {
        await super.flush()
      } finally {
        ended()
        // Where the flush has begun the managed transaction, that goes on.
        const managed = state.enlisting?.transactionOf(em)
        state.transactions.forget(em, managed === undefined ? before : new Set([...before, managed]))
      }
    }

    // Every read calls it: it makes no promise of its own.
    override tryFlush(entityName: never, options: never): Promise<void> {
      return this[kBinding]?.state.engine.readonly === true ? NOTHING_TO_FLUSH : super.tryFlush(entityName, options)
    }

    // oxlint-disable-next-line typescript/no-explicit-any -- a protected method with a long generic signature
    protected override prepareOptions(options: any): any {
      const prepared = super.prepareOptions(options)
      const filters = this[kBinding]?.state.filters
      if (filters !== undefined) prepared.filters = withDefaultFilters(filters, prepared.filters)
      return prepared
    }
  }
  // oxlint-disable-next-line typescript/unbound-method -- noted, not called
  returnsPromise(Keeping.prototype.tryFlush)
  return Keeping
}

/** Not a private method: sessions of an application's own MikroORM are not made by our constructor. */
function takeIn(session: EntityManager, subject: unknown): void {
  if (bindingOf(session) === undefined) return
  const em = session.getContext()
  for (const entity of entitiesIn(subject)) {
    adopt(entity, em)
    notePersisted(entity, em)
  }
}

function refuseChanges(em: EntityManager, state: SessionState): void {
  const changed = firstChanged(em)
  if (changed !== undefined) throw new ReadonlyEngineError(state.engine.name, `flush() of a changed ${changed.constructor.name}`)
}
