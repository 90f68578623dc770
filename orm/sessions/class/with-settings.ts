import type { EntityManager, ForkOptions } from '@mikro-orm/core'
import type { EntityManagerClass } from './entity-manager-class.ts'

/** What MikroORM keeps to itself of an EntityManager's settings: noted when they are made, because nobody can ask for them. */
export interface OwnSettings {
  /** Filters of its own, which its queries must be asked for. */
  readonly filters?: boolean
  /** Its flush mode, where it is not that of the configuration. */
  readonly flushMode?: string | undefined
  /** Only of a global one: anything at all that its forks take over. */
  readonly handsDown?: boolean
}

const kSettings: unique symbol = Symbol('fastify-sqlassist.settings')
const NONE: OwnSettings = Object.freeze({})

interface Noted {
  [kSettings]?: OwnSettings
}

export const settingsOf = (em: EntityManager): OwnSettings => (em as EntityManager & Noted)[kSettings] ?? NONE

/**
 * Settings that MikroORM keeps in private fields. They decide whether a session can be made without `fork()`, which copies them, and whether a read may go the
 * short way.
 */
export function withSettings(Base: EntityManagerClass): EntityManagerClass {
  return class extends Base {
    // oxlint-disable-next-line typescript/no-explicit-any -- a generic signature in MikroORM
    override addFilter(options: any): void {
      super.addFilter(options)
      note(this.getContext(false), { filters: true })
    }

    override setFilterParams(name: string, args: never): void {
      super.setFilterParams(name, args)
      note(this.getContext(false))
    }

    override setFlushMode(flushMode?: Parameters<EntityManager['setFlushMode']>[0]): void {
      super.setFlushMode(flushMode)
      const em = this.getContext(false)
      // Each fork is told its own, mostly none.
      if (flushMode !== undefined || em.global || settingsOf(em).flushMode !== undefined) note(em, { flushMode })
    }

    override setSessionContext(context: Parameters<EntityManager['setSessionContext']>[0]): void {
      super.setSessionContext(context)
      note(this.getContext(false))
    }

    override get schema(): string | undefined {
      return super.schema
    }

    override set schema(schema: string | null | undefined) {
      super.schema = schema
      note(this.getContext(false))
    }

    override fork(options?: ForkOptions): this {
      const from = settingsOf(options?.disableContextResolution === true ? this : this.getContext(false))
      const fork = super.fork(options)
      if (from.filters === true) note(fork, { filters: true })
      return fork
    }
  }
}

/** Forks have no more of their own than they need: a property that only some of them have would slow all of them down. */
function note(em: EntityManager, settings: OwnSettings = NONE): void {
  const noted = em as EntityManager & Noted
  if (em.global) noted[kSettings] = { ...settingsOf(em), ...settings, handsDown: true }
  else if (settings !== NONE) noted[kSettings] = { ...settingsOf(em), ...settings }
}
