import { EntityManager, Utils } from '@mikro-orm/core'
import type { SessionForkOptions } from '../engines/options.ts'
import type { EntityManagerClass } from './class/entity-manager-class.ts'
import { settingsOf } from './class/with-settings.ts'
import { forkIsKnown } from './fork-known.ts'

/** What `fork()` hands to the constructor. */
interface Parts {
  readonly config: EntityManager['config']
  readonly driver: unknown
  readonly metadata: unknown
  readonly eventManager: unknown
  readonly constructor: EntityManagerClass
}

/** What `fork()` copies, and does not need private fields for. */
interface Copied {
  loggerContext?: object | undefined
  signal?: unknown
  inflightQueryAbortStrategy?: unknown
}

/** Methods that `fork()` calls, or that lead to what it copies: a class that has its own of them knows why. */
const FORKS_OWN = ['fork', 'addFilter', 'setFilterParams', 'setFlushMode', 'setSessionContext', 'mergeSessionContext', 'getContext', 'getEntityFactory', 'getUnitOfWork'] as const

/**
 * Makes the EntityManagers of sessions. `fork()` switches `allowGlobalContext` on and off again around the constructor, which writes into the environment of the
 * process, and copies what is empty nearly always: more than ten times the cost of the constructor alone, which is what is called here. Wherever there is anything to
 * copy that cannot be read, or `fork()` is not the one that this was written after, `fork()` it is.
 */
export class SessionMaker {
  readonly em: EntityManager
  readonly #short: boolean
  readonly #fork: unknown
  readonly #disableTransactions: unknown

  /** @param em - the global EntityManager of an engine, of our class */
  constructor(em: EntityManager, Base: EntityManagerClass | undefined) {
    this.em = em
    this.#fork = forkOf(em)
    this.#disableTransactions = em.config.get('disableTransactions')
    this.#short = Base !== undefined && this.#disableTransactions !== true && forkIsKnown() && FORKS_OWN.every((name) => isMikroOrms(Base, name)) && schemaIsMikroOrms(Base)
  }

  make(options: SessionForkOptions | undefined): EntityManager {
    const { em } = this
    if (!this.#short || options?.session !== undefined || options?.disableTransactions !== undefined || settingsOf(em).handsDown === true || forkOf(em) !== this.#fork || em.config.get('disableTransactions') !== this.#disableTransactions) {
      const { filters: _ours, ...own } = options ?? {}
      // Without disableContextResolution the global EntityManager would fork the session of MikroORM's own request context.
      return em.fork({ ...own, disableContextResolution: true })
    }
    const { config, driver, metadata, eventManager, constructor: Session } = em as unknown as Parts
    const made = new Session(config, driver, metadata, false, eventManager)
    const from = em as unknown as Copied
    const to = made as unknown as Copied
    // Else MikroORM makes it when it is asked for.
    if (from.loggerContext !== undefined || options?.loggerContext !== undefined) to.loggerContext = Utils.merge({}, from.loggerContext, options?.loggerContext) as object
    if (from.signal !== undefined) to.signal = from.signal
    if (from.inflightQueryAbortStrategy !== undefined) to.inflightQueryAbortStrategy = from.inflightQueryAbortStrategy
    if (options?.flushMode !== undefined) made.setFlushMode(options.flushMode)
    if (options?.schema !== undefined) made.schema = options.schema
    return made
  }
}

/** Somebody may have put another one there, to watch. */
const forkOf = (em: EntityManager): unknown => (em as { readonly fork: unknown }).fork

const isMikroOrms = (Base: EntityManagerClass, name: string): boolean =>
  (Base.prototype as unknown as Record<string, unknown>)[name] === (EntityManager.prototype as unknown as Record<string, unknown>)[name]

function schemaIsMikroOrms(Base: EntityManagerClass): boolean {
  for (let prototype = Base.prototype as object; prototype !== EntityManager.prototype; prototype = Object.getPrototypeOf(prototype) as object) {
    if (Object.hasOwn(prototype, 'schema')) return false
  }
  return true
}
