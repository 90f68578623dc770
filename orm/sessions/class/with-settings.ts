import type { EntityManager } from '@mikro-orm/core'
import type { EntityManagerClass } from './entity-manager-class.ts'

/** Where the global EntityManager of an engine remembers that its forks have something to take over. */
const kConfigured: unique symbol = Symbol('fastify-sqlassist.configured')

interface Configurable {
  [kConfigured]?: true
}

/**
 * Notes on a global EntityManager that the application has set something on it that every fork takes over, and that nobody can read from
 * outside: sessions are made by `fork()` from then on.
 */
export function withSettings(Base: EntityManagerClass): EntityManagerClass {
  return class extends Base {
    // oxlint-disable-next-line typescript/no-explicit-any -- a generic signature in MikroORM
    override addFilter(options: any): void {
      note(this.getContext(false))
      super.addFilter(options)
    }

    override setFilterParams(name: string, args: never): void {
      note(this.getContext(false))
      super.setFilterParams(name, args)
    }

    override setFlushMode(flushMode?: Parameters<EntityManager['setFlushMode']>[0]): void {
      note(this.getContext(false))
      super.setFlushMode(flushMode)
    }

    override setSessionContext(context: Parameters<EntityManager['setSessionContext']>[0]): void {
      note(this.getContext(false))
      super.setSessionContext(context)
    }

    override get schema(): string | undefined {
      return super.schema
    }

    override set schema(schema: string | null | undefined) {
      note(this.getContext(false))
      super.schema = schema
    }
  }
}

/** Forks are not asked for it, and an own property that only some of them have would slow all of them down. */
function note(em: Pick<EntityManager, 'global'>): void {
  if (em.global) (em as Configurable)[kConfigured] = true
}

/** Whether forks of a global EntityManager have anything to take over that cannot be read from outside. */
export const isConfigured = (em: EntityManager): boolean => (em as EntityManager & Configurable)[kConfigured] === true
