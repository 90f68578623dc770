import { settlesWithin } from '../bounded.ts'
import { type CompleteLimits, DEFAULT_LIMITS, type EngineLimits, type ResetOnRelease } from '../engines/limits.ts'
import { DatabaseUnavailableError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'
import { runningSession } from '../sessions/running.ts'
import { CheckoutQueue, type QueuedPool } from './checkout-queue.ts'
import { askOutcome, type CommitOutcome, type TransactionId } from './commit-outcome.ts'
import type { ClientHost, GuardedClient } from './client-types.ts'
import { guardClient } from './guarded-client.ts'
import type { ClientClass, ConnectCallback, PgClient, PgPool } from './pg.ts'
import { PoolGenerations } from './pool-generations.ts'
import { Fallback } from './fallback.ts'
import { HealthProbe, type ServerHealth } from './health.ts'
import { isConnectionError, reasonOf } from './server-errors.ts'

/** What a pool is doing, as a plain copy. */
export interface PoolStats {
  readonly total: number
  readonly idle: number
  readonly waiting: number
  readonly max: number
}

/** What an engine's options say of its pool. */
interface PoolSettings {
  readonly readonly: boolean
  readonly limits?: EngineLimits
  readonly resetOnRelease?: ResetOnRelease
}

/** How often the pool looks after its connections while some are out, in ms. */
const TICK_MS = 50

/**
 * The pool of one engine, over the pg Pool that MikroORM has made: every wait has an end, a connection has a holder with a name, and what
 * is lost or stuck is found.
 */
export class EnginePool implements ClientHost, QueuedPool {
  readonly engine: string
  readonly = false
  limits: CompleteLimits = DEFAULT_LIMITS
  resetOnRelease: ResetOnRelease = 'transaction'
  tellsTransactionId: boolean | undefined
  readonly #logger: () => SqlAssistLogger
  readonly #out = new Set<GuardedClient>()
  readonly #queue = new CheckoutQueue(this)
  #given: EngineLimits = {}
  #generations: PoolGenerations | undefined
  #Client: ClientClass | undefined
  #ticker: NodeJS.Timeout | undefined

  readonly #health = new HealthProbe(async () => await this.connectAside())
  #followed: (() => Record<string, unknown>) | undefined
  #fallback: Fallback | undefined

  constructor(engine: string, logger: () => SqlAssistLogger) {
    this.engine = engine
    this.#logger = logger
  }

  /** The engine's options, at registration. */
  configure({ readonly, limits = {}, resetOnRelease = 'transaction' }: PoolSettings): void {
    this.readonly = readonly
    this.#given = limits
    this.resetOnRelease = resetOnRelease
    this.completeLimits(undefined)
  }

  /** @param connectionTimeoutMillis - what the application has told pg; 0 is pg's word for no limit, which there is not */
  completeLimits(connectionTimeoutMillis: number | undefined): void {
    this.limits = { ...DEFAULT_LIMITS, ...(connectionTimeoutMillis ? { checkoutTimeoutMs: connectionTimeoutMillis } : {}), ...this.#given }
  }

  /** Called when MikroORM has made the pool, before its first connection. */
  watch(pool: PgPool): void {
    this.#Client ??= pool.Client
    this.#generations = new PoolGenerations(pool, guardClient(pool.Client, this), (error) => this.#logger().warn({ err: error, engine: this.engine }, `A connection of engine '${this.engine}' was lost`))
    if (this.#followed !== undefined) this.#fallback = this.#makeFallback(pool, this.#followed)
    const end = pool.end.bind(pool)
    pool.end = async () => {
      this.#health.close()
      await Promise.all([end(), this.#fallback?.end()])
    }
    pool.connect = (callback) => this.#connect(callback) as Promise<PgClient>
  }

  /** @param options - where to read while the own server is down: the connection options of the followed engine */
  follow(options: () => Record<string, unknown>): void {
    this.#followed = options
  }

  /** How long one attempt to connect may take, in ms: where there is a second place to go to, both must fit into the limit. */
  get connectTimeoutMs(): number {
    return this.limits.checkoutTimeoutMs / (this.#followed === undefined ? 1 : 2)
  }

  #makeFallback(pool: PgPool, followed: () => Record<string, unknown>): Fallback {
    const changed = (active: boolean): void => {
      const text = active ? `The database of engine '${this.engine}' is down: it reads from the engine that it follows` : `The database of engine '${this.engine}' is back`
      this.#logger().warn({ engine: this.engine }, text)
    }
    return new Fallback({ followed, pool, Client: pool.Client, connectAside: async () => await this.connectAside(), changed })
  }

  /** How the server is. */
  async check(): Promise<ServerHealth> {
    return await this.#health.ask()
  }

  get connectionOptions(): Record<string, unknown> {
    return this.#generations!.options
  }

  stats(): PoolStats | null {
    return this.#generations === undefined ? null : { ...this.#generations.stats(), waiting: this.#queue.size }
  }

  // ---- checking out ----

  #connect(callback?: ConnectCallback): Promise<PgClient> | undefined {
    const checkout = this.#checkout()
    if (callback === undefined) return checkout
    // oxlint-disable-next-line promise/no-callback-in-promise -- pg's own interface
    void checkout.then((client) => callback(undefined, client, client.release), (error: Error) => callback(error, undefined, () => {}))
    return undefined
  }

  async #checkout(): Promise<PgClient> {
    const session = runningSession()
    const mine = session?.engine.pool === this ? session : undefined
    mine?.assertOpen()
    const { current } = this.#generations!
    const ready = current.idleCount > current.waitingCount
    if (!ready && current.totalCount >= current.options.max) this.#queue.assertRoom()
    const connecting = this.#connection()
    const client = await (ready ? connecting : this.#queue.wait(connecting, mine))
    client.checkout = { session: mine, since: performance.now() }
    mine?.connections.add(client)
    if (mine?.closed === true) client.release()
    mine?.assertOpen() // it may have ended while we waited
    return client
  }

  /** A connection of the own server, or, while that is down, of the followed one. */
  async #connection(): Promise<GuardedClient> {
    try {
      const connecting = this.#fallback?.active === true ? this.#fallback.connect() : this.#generations!.connect()
      return (await connecting) as GuardedClient
    } catch (error) {
      if (!isConnectionError(error)) throw error
      if (this.#fallback === undefined || this.#fallback.active) throw new DatabaseUnavailableError(this.engine, reasonOf(error), { cause: error })
      this.#fallback.activate()
      return await this.#connection()
    }
  }

  // ---- what the clients tell ----

  get out(): ReadonlySet<GuardedClient> {
    return this.#out
  }

  get max(): number {
    return this.#generations?.stats().max ?? Infinity
  }

  /** Somebody waits: see to it that this has an end. */
  waits(): void {
    this.#tick()
  }

  log(): SqlAssistLogger {
    return this.#logger()
  }

  acquired(client: GuardedClient): void {
    this.#out.add(client)
    this.#tick()
  }

  returned(client: GuardedClient): void {
    this.#out.delete(client)
    client.checkout?.session?.connections.delete(client)
    client.checkout = undefined
  }

  warn(client: GuardedClient, text: string): void {
    const session = client.checkout?.session
    const logger = session?.logger ?? this.#logger()
    logger.warn({ engine: this.engine, pid: client.processID, session: session?.id }, `${text} (engine '${this.engine}', ${session?.fullLabel ?? 'code outside of sessions'})`)
  }

  distrustIdle(): void {
    this.#generations?.destroyIdle()
  }

  async outcomeOf(transaction: TransactionId): Promise<CommitOutcome> {
    return await askOutcome(transaction, async () => await this.connectAside(), this.limits.commitTimeoutMs / 2)
  }

  // ---- looking after it ----

  #tick(): void {
    this.#ticker ??= setInterval(() => {
      if (this.#out.size === 0 && this.#queue.size === 0) {
        clearInterval(this.#ticker)
        this.#ticker = undefined
      }
      for (const client of this.#out) client.enforceLimits()
      this.#generations?.endDrained()
      this.#queue.breakDeadlock()
    }, TICK_MS).unref()
  }

  /** Destroys every connection that somebody still holds, so that the pool can end. */
  destroyCheckedOut(): void {
    for (const client of this.#out) client.destroy(new DatabaseUnavailableError(this.engine, 'the engine has been closed'))
  }

  /** A connection outside the pool, for questions about the server: it must not wait for those it asks about. */
  async connectAside(): Promise<PgClient> {
    const client = new this.#Client!({ ...this.connectionOptions, connectionTimeoutMillis: this.limits.checkoutTimeoutMs })
    client.on('error', () => {}) // whoever asks finds out by the answer
    try {
      await client.connect()
      return client
    } catch (error) {
      client.connection.stream.destroy()
      throw error
    }
  }

  /**
   * Makes a new pool for everything from now on. What is checked out of the old one, or waits for it, is served to its end.
   *
   * @returns when the old one is empty and closed; whether that was in time, or its connections were destroyed
   */
  async reinit(timeoutMs: number): Promise<boolean> {
    if (this.#generations === undefined) return true // it has not connected yet
    const old = new Set(this.#out)
    this.#tick()
    if (await settlesWithin(this.#generations.renew(), timeoutMs)) return true
    for (const client of old) if (this.#out.has(client)) client.destroy(new DatabaseUnavailableError(this.engine, 'the engine was reinitialised'))
    return false
  }
}
