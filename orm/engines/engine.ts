import type { EntityManager, MikroORM } from '@mikro-orm/core'
import { forgetDiscovered } from '../entities/shared-prototypes.ts'
import { DisposedError, OrmConnectedError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'
import type { PoolStats } from '../postgres/pool-guard.ts'
import { bindSession } from '../sessions/binding.ts'
import { closeSession } from '../sessions/close.ts'
import type { SessionInfo } from '../sessions/info.ts'
import { sessionClass, type EntityManagerClass } from '../sessions/session-class.ts'
import { type SessionEngine, SessionState } from '../sessions/state.ts'
import { sessionSubscriber } from '../sessions/subscriber.ts'
import { closeOrm } from './close-orm.ts'
import { type Guarantees, guaranteesOf } from './guarantees.ts'
import type { SessionForkOptions } from './options.ts'
import type { EngineDefinition } from './validate.ts'

/** What an engine is doing, as plain copies. */
export interface EngineStats {
  /** The connection pool; null before its first connection and where the driver has none (SQLite). */
  readonly pool: PoolStats | null
  readonly sessions: { readonly open: number; readonly opened: number; readonly closed: number }
}

const noForkOptions: SessionForkOptions = Object.freeze({})

/** One named database: its MikroORM, and the sessions opened on it. */
export class Engine implements SessionEngine {
  readonly name: string
  readonly readonly: boolean
  readonly autocommit: boolean
  readonly #definition: EngineDefinition
  readonly #logger: SqlAssistLogger
  readonly #make: () => MikroORM
  #orm: MikroORM | undefined
  #root: EntityManager | undefined
  #opened = 0
  #closed = 0
  #disposed = false

  /**
   * @param make - makes the MikroORM at first use, where discovery was deferred
   * @param orm - the MikroORM, where there is one already
   */
  constructor(definition: EngineDefinition, logger: SqlAssistLogger, make: () => MikroORM, orm?: MikroORM) {
    this.name = definition.name
    this.readonly = definition.readonly
    this.autocommit = definition.autocommit
    this.#definition = definition
    this.#logger = logger
    this.#make = make
    if (orm !== undefined) this.#adopt(orm)
  }

  /** The engine's MikroORM: schema generator, migrator, metadata. Its own `em` belongs to no session. */
  get orm(): MikroORM {
    return this.#orm ?? this.#adopt(this.#make())
  }

  /** Opens a session. Nothing connects before its first statement. */
  open(info: SessionInfo, logger: SqlAssistLogger): EntityManager {
    if (this.#disposed) throw new DisposedError(`Engine '${this.name}'`)
    const { fork } = this.#definition
    const { filters, ...options } = (typeof fork === 'function' ? fork(info) : fork) ?? noForkOptions
    const root = (this.orm, this.#root!)
    // Without disableContextResolution the global EntityManager would fork the session of MikroORM's own request context.
    const em = root.fork({ ...options, disableContextResolution: true })
    bindSession(em, new SessionState(this, info, logger, filters))
    this.#opened++
    return em
  }

  /** Closes a session that {@link open} has made. */
  async close(em: EntityManager, state: SessionState, aborted: boolean): Promise<void> {
    await closeSession(em, state, aborted)
    this.#closed++
  }

  stats(): EngineStats {
    const sessions = { open: this.#opened - this.#closed, opened: this.#opened, closed: this.#closed }
    return { pool: this.#guarantees?.pool.stats() ?? null, sessions }
  }

  /**
   * Closes the database connections, if they are ours, and sees to it that none is opened again.
   *
   * @param timeoutMs - how long a statement may still run before its connection is destroyed
   */
  async dispose(timeoutMs: number): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    const orm = this.#orm
    if (orm === undefined || (this.#definition.orm !== undefined && !this.#definition.dispose)) return
    forgetDiscovered(orm)
    await closeOrm(orm, this.name, timeoutMs, this.#guarantees?.pool, this.#logger)
  }

  get #guarantees(): Guarantees | undefined {
    return this.#orm && guaranteesOf(this.#orm.config.get('driverOptions'))
  }

  #adopt(orm: MikroORM): MikroORM {
    this.#orm = orm
    const guarantees = this.#guarantees
    if (guarantees === undefined) {
      this.#root = foreignRoot(orm)
      return orm
    }
    guarantees.logger = this.#logger
    if (this.readonly && !guarantees.readonly) {
      if (guarantees.connected) throw new OrmConnectedError(this.name)
      guarantees.readonly = true
      orm.config.set('ensureDatabase', false)
    }
    this.#root = orm.em
    return orm
  }
}

/** A session root over a MikroORM that knows nothing of us: it is not touched, its events reach its subscribers and ours. */
function foreignRoot(orm: MikroORM): EntityManager {
  const events = orm.em.getEventManager().clone()
  events.registerSubscriber(sessionSubscriber)
  const Session = sessionClass(orm.em.constructor as EntityManagerClass)
  return new Session(orm.config, orm.driver, orm.getMetadata(), false, events)
}
