import type { EntityManager, MikroORM } from '@mikro-orm/core'
import { Batcher } from '../batches/batcher.ts'
import { Commenter } from '../comments/commenter.ts'
import { shareAccessors } from '../entities/shared-accessors.ts'
import { registerDiscovered } from '../entities/shared-prototypes.ts'
import { DisposedError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'
import { aside } from '../postgres/aside.ts'
import type { EventOwner } from '../events/events.ts'
import type { EnginePool } from '../postgres/engine-pool.ts'
import type { PoolStats } from '../postgres/pool-stats.ts'
import type { Primary } from '../routing/primary.ts'
import { bindSession } from '../sessions/binding.ts'
import { closeSession, type SessionEnd } from '../sessions/close.ts'
import type { SessionInfo } from '../sessions/info.ts'
import { SessionMaker } from '../sessions/session-maker.ts'
import { baseOf, sessionClass, type EntityManagerClass } from '../sessions/session-class.ts'
import { type SessionEngine, SessionState, type ShortReads } from '../sessions/state.ts'
import { sessionSubscriber } from '../sessions/subscriber.ts'
import type { SqlConnection, TwoPhaseDatabase } from '../transactions/two-phase/database.ts'
import { checkEngine, type EngineHealth } from './check.ts'
import { isEmbedded } from '../other/driver.ts'
import { watchDriver } from '../other/watch-driver.ts'
import { closeOrm } from './close-orm.ts'
import { dialectOf, driverOf, isReadyMadeKysely } from './dialect.ts'
import { type Guarantees, guaranteesOf } from './guarantees.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { prepareStatements } from './prepared-statements.ts'
import { reinitEngine } from './reinit.ts'
import { Replicas, type ReplicaStats } from './replicas.ts'
import type { SessionForkOptions } from './options.ts'
import type { EngineDefinition } from './definition.ts'
import { findServicesByClass } from './service-cache.ts'
import { assertForkOptions } from './validate.ts'

/** What an engine is doing, as plain copies. */
export interface EngineStats {
  /** The connection pool; null before its first connection and where the driver has none (SQLite). */
  readonly pool: PoolStats | null
  /** How many sessions are open now, and how many were opened and closed since the start. */
  readonly sessions: {
    /** Open now. */
    readonly open: number
    /** Opened since the start. */
    readonly opened: number
    /** Closed since the start. */
    readonly closed: number
  }
  /** Engines with `replicas`: their servers, that of the followed engine last, if reads may go there. */
  readonly replicas?: readonly ReplicaStats[]
}

/** One named database: its MikroORM, and the sessions opened on it. */
export class Engine implements SessionEngine {
  /** As in the options. */
  readonly name: string
  /** It refuses to write. */
  readonly readonly: boolean
  /** Each flush is durable by itself. */
  readonly autocommit: boolean
  readonly #definition: EngineDefinition
  readonly #logger: SqlAssistLogger
  readonly #make: () => MikroORM
  #orm: MikroORM | undefined
  #followed: Engine | undefined
  /** What is written here must be seen on replicas: it counts from the first statement on, even if nobody has read there yet. */
  #hasReplicas = false
  #replicas: Replicas | undefined
  /** The application's own MikroORM, made without `sqlAssistConfig()`: it is not touched. */
  #foreign = false
  #maker: SessionMaker | undefined
  #opened = 0
  #closed = 0
  #disposed = false
  #database: TwoPhaseDatabase | undefined
  #pool: EnginePool | undefined
  /** Of its MikroORM, where that was made with them. */
  #guarantees: Guarantees | undefined
  #batcher: Batcher | undefined

  /**
   * @param make - makes the MikroORM at first use, where discovery was deferred
   * @param orm - the MikroORM, where there is one already
   * @internal
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
    if (this.#orm === undefined && this.#disposed) throw new DisposedError(`Engine '${this.name}'`)
    return this.#orm ?? this.#adopt(this.#make())
  }

  /**
   * The name that MikroORM's contexts know the engine by; none while its MikroORM waits for first use.
   * @internal
   */
  get contextName(): string | undefined {
    return this.#orm?.em.name
  }

  /**
   * Opens a session. Nothing connects before its first statement.
   * @internal
   */
  open(info: SessionInfo, logger: SqlAssistLogger, owner?: EventOwner): EntityManager {
    if (this.#disposed) throw new DisposedError(`Engine '${this.name}'`)
    const { fork } = this.#definition
    const options = typeof fork === 'function' ? this.#forkOptions(fork(info)) : fork
    const { em: global } = this.orm
    const em = this.#foreign ? foreignSession(global, options) : this.#makerOf(global).make(options)
    bindSession(em, new SessionState(this, info, logger, options?.filters, owner))
    this.#opened++
    return em
  }

  /** MikroORM may make its EntityManager anew, when more entities are discovered. */
  #makerOf(em: EntityManager): SessionMaker {
    if (this.#maker?.em !== em) this.#maker = new SessionMaker(em, baseOf(em.constructor as EntityManagerClass))
    return this.#maker
  }

  /**
   * Closes a session that {@link open} has made; undefined where there is nothing to wait for.
   * @internal
   */
  close(em: EntityManager, state: SessionState, end: SessionEnd): Promise<void> | undefined {
    const closing = closeSession(em, state, end)
    if (closing !== undefined) return closing.then(() => void this.#closed++)
    this.#closed++
    return undefined
  }

  /** Pool, sessions and replicas as they are now. */
  stats(): EngineStats {
    const sessions = { open: this.#opened - this.#closed, opened: this.#opened, closed: this.#closed }
    return { pool: this.#guarantees?.pool.stats() ?? null, sessions, ...this.#replicas?.stats() }
  }

  /**
   * Closes the database connections, if they are ours, and sees to it that none is opened again.
   *
   * @param timeoutMs - how long a statement may still run before its connection is destroyed
   * @internal
   */
  async dispose(timeoutMs: number): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    if (this.#batcher !== undefined) await this.#batcher.end(timeoutMs)
    const orm = this.#orm
    const replicas = this.#replicas?.close(timeoutMs)
    this.#guarantees?.pool.hangUp()
    if (orm === undefined || (this.#definition.orm !== undefined && !this.#definition.dispose)) return
    await Promise.all([replicas, closeOrm(orm, this.name, timeoutMs, this.#guarantees?.pool, this.#logger)])
  }

  /** Asks the database how it is. Never rejects. */
  async check(): Promise<EngineHealth> {
    if (this.#disposed) return { ok: false, latencyMs: 0, readOnly: this.readonly, error: new DisposedError(`Engine '${this.name}'`).message }
    return this.#replicas === undefined ? await checkEngine(this) : await this.#replicas.check()
  }

  /**
   * Makes the connections anew; see `sqlassist.reinitEngine()`.
   *
   * @throws ReinitUnsupportedError
   * @internal
   */
  async reinit(timeoutMs: number): Promise<void> {
    if (this.#disposed) throw new DisposedError(`Engine '${this.name}'`)
    if (this.#replicas !== undefined) return await this.#reinitReplicas(this.#replicas, timeoutMs)
    const left = await reinitEngine(this.name, this.orm, this.#guarantees, timeoutMs)
    if (left !== undefined) this.#logger.warn({ engine: this.name, timeoutMs }, `Engine '${this.name}' was reinitialised, but after ${timeoutMs} ms ${left}`)
  }

  async #reinitReplicas(replicas: Replicas, timeoutMs: number): Promise<void> {
    if (!(await replicas.reinit(timeoutMs))) this.#logger.warn({ engine: this.name, timeoutMs }, `Engine '${this.name}' was reinitialised, but old connections were still in use: they are destroyed`)
  }

  /**
   * Lets a readonly engine read from another one's server while its own is down.
   * @internal
   */
  follow(followed: Engine): void {
    this.#followed = followed
    this.pool?.follow(() => followed.connectionOptions())
  }

  /**
   * Lets a readonly engine read from replicas of another one's server.
   *
   * @throws ReplicaForeignError where one of them is none; not where discovery is deferred, which has none used
   * @internal
   */
  async replicate(followed: Engine): Promise<void> {
    this.#followed = followed
    followed.#hasReplicas = true
    if (followed.#orm !== undefined) followed.#tellPositions()
    if (this.#orm === undefined) return
    this.#replicas ??= this.#makeReplicas(followed)
    await this.#replicas.look()
  }

  #makeReplicas(followed: Engine): Replicas {
    this.connectionOptions()
    followed.connectionOptions()
    return new Replicas({ definition: this.#definition, first: this.pool!, followed: { name: followed.name, pool: followed.pool! }, logger: this.#logger })
  }

  #tellPositions(): void {
    this.connectionOptions()
    void this.pool!.followed
  }

  /**
   * The engine whose data this one has.
   * @internal
   */
  get follows(): string | undefined {
    return this.#definition.follows
  }

  /**
   * @see SessionSource
   * @internal
   */
  get joins(): string | undefined {
    const { follows, joinTransaction } = this.#definition
    return joinTransaction === true ? follows : undefined
  }

  /**
   * The primary that its replicas follow.
   * @internal
   */
  get primary(): Primary {
    const followed = this.#followed!
    followed.connectionOptions() // makes its pool, where discovery was deferred
    return followed.pool!.followed.primary
  }

  /**
   * Whether there are replicas to choose from, so that it matters what a client has seen.
   * @internal
   */
  get replicated(): boolean {
    return this.#definition.replicas !== undefined
  }

  /**
   * The driver whose statements cannot be stopped once they are sent; undefined where they can, or where nothing else runs meanwhile.
   * @internal
   */
  get unstoppable(): string | undefined {
    const driver = driverOf(this.#definition)
    return dialectOf(driver) !== 'other' || isEmbedded(driver) ? undefined : driver?.name
  }

  /**
   * What its connections are made of.
   * @internal
   */
  connectionOptions(): Record<string, unknown> {
    const connection = this.orm.driver.getConnection() as unknown as { getClient(): unknown }
    connection.getClient() // makes the pool, where nothing has yet
    return this.pool!.connectionOptions
  }

  /**
   * What two-phase commit needs of it; undefined where the engine has no transactions, or connections that we do not look after.
   * @internal
   */
  get database(): TwoPhaseDatabase | undefined {
    return this.#canKeepRecords() ? (this.#database ??= this.#makeDatabase()) : undefined
  }

  #canKeepRecords(): boolean {
    if (this.readonly || this.autocommit || this.#foreign) return false
    const { config } = this.#definition
    if (this.#orm === undefined) return dialectOf(config?.driver) === 'postgresql' && !isReadyMadeKysely(config?.driverOptions) // discovery was deferred
    return this.pool !== undefined && !this.#guarantees!.readyMade
  }

  #makeDatabase(): TwoPhaseDatabase {
    const patienceMs = { ...DEFAULT_LIMITS, ...this.#definition.limits }.commitTimeoutMs
    const connect = async (): Promise<SqlConnection> => {
      if (this.#disposed) throw new DisposedError(`Engine '${this.name}'`)
      this.connectionOptions()
      return await aside(this.pool!, patienceMs / 2)
    }
    return { name: this.name, twoPhase: this.#definition.twoPhase, patienceMs, connect }
  }

  /**
   * The pool of connections, where we look after it.
   * @internal
   */
  get pool(): EnginePool | undefined {
    return this.#pool
  }

  /**
   * @see SessionEngine
   * @internal
   */
  get shortWay(): EnginePool | undefined {
    return this.#definition.fastPath && this.#pool?.asks === true ? this.#pool : undefined
  }

  /**
   * @see SessionEngine
   * @internal
   */
  get reads(): ShortReads | undefined {
    return this.shortWay ?? (this.#definition.fastPath ? this.#guarantees?.reads : undefined)
  }

  /**
   * @see SessionEngine
   * @internal
   */
  get batches(): Batcher | undefined {
    const { batch } = this.#definition
    if (batch === undefined || this.#pool === undefined) return undefined
    this.#batcher ??= new Batcher(this, this.#pool, batch, this.#logger)
    return this.#batcher
  }

  /**
   * The end is near: rows that wait for others go on their way.
   * @internal
   */
  hurry(): void {
    this.#batcher?.hurry()
  }

  #adopt(orm: MikroORM): MikroORM {
    this.#orm = orm
    const guarantees = guaranteesOf(orm.config.get('driverOptions'))
    this.#guarantees = guarantees
    this.#foreign = guarantees === undefined
    if (guarantees === undefined) return orm
    registerDiscovered(orm)
    shareAccessors(orm)
    findServicesByClass(orm.config)
    guarantees.logger = this.#logger
    if (guarantees.dialect === 'postgresql') this.#pool = guarantees.pool
    guarantees.pool.configure(this.#definition)
    prepareStatements(orm, guarantees, this.#definition)
    if (guarantees.other !== undefined) watchDriver(orm, guarantees.other, this.name)
    const { comments } = this.#definition
    guarantees.comments = comments && new Commenter(this.name, comments, this.#logger)
    if (this.readonly && !guarantees.readonly) {
      guarantees.makeReadonly()
      orm.config.set('ensureDatabase', false)
    }
    guarantees.writable ||= !this.readonly
    // Discovery was deferred.
    if (this.#hasReplicas) this.#tellPositions()
    if (this.#followed !== undefined && this.replicated) this.#replicas = this.#makeReplicas(this.#followed)
    else if (this.#followed !== undefined) this.follow(this.#followed)
    return orm
  }

  #forkOptions(options: SessionForkOptions | undefined): SessionForkOptions | undefined {
    if (options !== undefined) assertForkOptions(`engines.${this.name}.fork`, options)
    return options
  }
}

/**
 * Turns a fork of an EntityManager that knows nothing of us into a session: its filters and their parameters, its schema and its
 * subscribers came with the fork, and the EntityManager that it was made from stays as it is.
 */
function foreignSession(em: EntityManager, { filters: _ours, ...options }: SessionForkOptions = {}): EntityManager {
  const fork = em.fork({ ...options, disableContextResolution: true, cloneEventManager: true })
  Object.setPrototypeOf(fork, sessionClass(fork.constructor as EntityManagerClass).prototype as object)
  fork.getEventManager().registerSubscriber(sessionSubscriber)
  return fork
}
