import type { EntityManager } from '@mikro-orm/core'
import { kBinding } from './binding.ts'
import { installShortWay } from '../compiled/install.ts'
import type { EntityManagerClass } from './class/entity-manager-class.ts'
import { withContext } from './class/with-context.ts'
import { withEntities } from './class/with-entities.ts'
import { withRunning } from './class/with-running.ts'
import { withSettings } from './class/with-settings.ts'
import { withSql } from './class/with-sql.ts'
import { withTransactions } from './class/with-transactions.ts'
import { closeSession, rollBack } from './close.ts'
import { installGuards } from './guards.ts'
import type { SessionInfo } from './info.ts'
import { withInternalAccess } from './state.ts'

export type { EntityManagerClass } from './class/entity-manager-class.ts'

const classes = new WeakMap<EntityManagerClass, EntityManagerClass>()
const bases = new WeakMap<EntityManagerClass, EntityManagerClass>()

/**
 * The session class over a driver's EntityManager, made once per driver: the EntityManager itself, with an end, an owner and guards.
 *
 * It is a subclass because MikroORM makes forks with `new this.constructor(...)`, so that transactions and forks are sessions too.
 * Without a binding (the application's own global EntityManager) it behaves as its base class.
 */
export function sessionClass(Base: EntityManagerClass): EntityManagerClass {
  let made = classes.get(Base)
  if (made === undefined) {
    made = withSeedMembers(withRunning(withSql(withEntities(withTransactions(withContext(withSettings(Base)))))))
    installGuards(made.prototype as EntityManager)
    installShortWay(made.prototype as EntityManager, Base.prototype as EntityManager)
    classes.set(Base, made).set(made, made)
    bases.set(made, Base)
  }
  return made
}

/** The class that a session class was made over. */
export const baseOf = (made: EntityManagerClass): EntityManagerClass | undefined => bases.get(made)

/** What the seed's sessions know and can do. */
function withSeedMembers(Base: EntityManagerClass): EntityManagerClass {
  return class Session extends Base {
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
      const binding = this[kBinding]
      if (binding === undefined) return
      const { state, root } = binding
      if (root) return await closeSession(this, state)
      for (const transaction of state.transactions.of(this)) await rollBack(this, transaction, state)
      withInternalAccess(() => this.getUnitOfWork(false).clear())
      this.resetTransactionContext()
    }
  }
}
