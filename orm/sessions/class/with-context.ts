import type { EntityManager } from '@mikro-orm/core'
import { inTransaction, kBinding } from '../binding.ts'
import { sessionDriver } from '../session-connection.ts'
import { withInternalAccess } from '../state.ts'
import type { EntityManagerClass } from './entity-manager-class.ts'

/**
 * Which EntityManager answers, and whether one does: nearly everything in MikroORM goes through `getContext()`, so this is where a
 * session that is over refuses, and where the outer EntityManager of a transaction is led into it.
 */
export function withContext(Base: EntityManagerClass): EntityManagerClass {
  return class extends Base {
    override getContext(validate?: boolean): this {
      const own = inTransaction<this>(this)
      if (own !== this) return own
      const found = super.getContext(validate)
      return found === this ? this : inTransaction(found)
    }

    /**
     * MikroORM's collections and setters of relations ask for it, so that an entity whose session is over can still be put into
     * another one. Nothing can be written with it: a commit needs the EntityManager, and that is closed.
     */
    override getUnitOfWork(useContext = true): ReturnType<EntityManager['getUnitOfWork']> {
      return super.getUnitOfWork(useContext && this[kBinding]?.state.closed !== true)
    }

    override getDriver(): ReturnType<EntityManager['getDriver']> {
      const state = this[kBinding]?.state
      state?.assertOpen()
      return state === undefined ? super.getDriver() : sessionDriver(super.getDriver(), state)
    }

    override getConnection(type?: 'read' | 'write'): ReturnType<EntityManager['getConnection']> {
      this[kBinding]?.state.assertOpen()
      return super.getConnection(type)
    }

    override get id(): number {
      return withInternalAccess(() => super.id)
    }

    [Symbol.for('nodejs.util.inspect.custom')](): string {
      const state = this[kBinding]?.state
      return state === undefined ? `[EntityManager<${this.id}>]` : `[${state.label}${state.closed ? ', closed' : ''}]`
    }
  }
}
