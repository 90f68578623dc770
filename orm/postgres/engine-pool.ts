import { Bag } from '../bag.ts'
import { settlesWithin } from '../bounded.ts'
import type { Commenter } from '../comments/commenter.ts'
import { type CompleteLimits, DEFAULT_LIMITS, type EngineLimits, type ResetOnRelease } from '../engines/limits.ts'
import { warnOfLeak } from '../events/tell.ts'
import { ConnectionLostError, DatabaseUnavailableError, DriverUnsupportedError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'
import { runningSession, startInSession } from '../sessions/running.ts'
import type { SessionState } from '../sessions/state.ts'
import { CheckoutQueue, type QueuedPool } from './checkout-queue.ts'
import { askOutcome, type CommitOutcome, type TransactionId } from './commit-outcome.ts'
import type { ClientHost, GuardedClient, WatchedClient } from './client-types.ts'
import { guardClient } from './guarded-client.ts'
import type { ClientClass, ConnectCallback, PgClient, PgPool, PgResult } from './pg.ts'
import { destroyIdle, PoolGenerations } from './pool-generations.ts'
import type { PoolStats } from './pool-stats.ts'
import { isOwnTransaction } from './own-transaction.ts'
import { isPoolHeard, tellCheckout, tellRelease } from './tell-pool.ts'
import { atServerOf } from './at-server-of.ts'
import { Fallback } from './fallback.ts'
import { HealthProbe, type ServerHealth } from './health.ts'
import { FollowedServer } from '../routing/followed-server.ts'
import type { Source } from '../routing/horizon.ts'
import { joinedClient } from './joined-client.ts'
import { LivenessWatch } from './liveness.ts'
import type { CompletePipelineOptions } from './pipeline/options.ts'
import type { PipelinedClient } from './pipeline/pipelined-client.ts'
import { Pipeline } from './pipeline/pipeline.ts'
import { type PreparedStatements, StatementNames } from './prepared/statement-names.ts'
import { isConnectionError, isRefusedParameter, reasonOf, REFUSED_PARAMETER } from './server-errors.ts'

/** What an engine's options say of its pool. */
interface PoolSettings {
  readonly readonly: boolean
  readonly limits?: EngineLimits
  readonly resetOnRelease?: ResetOnRelease
  readonly pipelining?: CompletePipelineOptions | undefined
  readonly preparedStatements?: PreparedStatements
}

/** Chooses the server that a session reads from. */
interface Router {
  readonly servers: { readonly length: number }
  connect(session: SessionState | undefined): Promise<GuardedClient>
  poolFor(session: SessionState | undefined): Promise<EnginePool>
  readAgain(pool: EnginePool, session: SessionState | undefined, statement: readonly unknown[], error: unknown): Promise<unknown>
  unreachable(pool: EnginePool): void
}

/** How often the pool looks after its connections while some are out, in ms. */
const TICK_MS = 50

/** How long a server that was down may take to answer when it is asked whether it is back, in ms. */
const PROBE_TIMEOUT_MS = 2000

/**
 * The pool of one engine, over the pg Pool that MikroORM has made: every wait has an end, a connection has a holder with a name, and what
 * is lost or stuck is found.
 */
export class EnginePool implements ClientHost, QueuedPool {
  readonly engine: string
  readonly = false
  limits: CompleteLimits = DEFAULT_LIMITS
  resetOnRelease: ResetOnRelease = 'transaction'
  comments: Commenter | undefined
  readonly names = new StatementNames()
  tellsTransactionId: boolean | undefined
  readonly #logger: () => SqlAssistLogger
  readonly #out = new Bag<GuardedClient>()
  readonly #queue = new CheckoutQueue(this)
  #given: EngineLimits = {}
  #generations: PoolGenerations | undefined
  #Client: ClientClass | undefined
  #ticker: NodeJS.Timeout | undefined

  readonly #health = new HealthProbe(async (timeoutMs) => await this.connectAside(timeoutMs))
  readonly #liveness: LivenessWatch
  #followed: (() => Record<string, unknown>) | undefined
  #fallback: Fallback | undefined
  #pipelining: CompletePipelineOptions | undefined
  #pipelineMade: Pipeline | undefined
  #followedServer: FollowedServer | undefined
  /** MikroORM's pool, or one that was made like it. */
  #pool: PgPool | undefined
  #standbyTold = false
  #router: Router | undefined
  /** Which pool the sessions of the engine know: that of its first replica stands for all of them. */
  front: object = this
  /** Who can say how far its server is; undefined where nobody wants to know. */
  source: Source | undefined

  constructor(engine: string, logger: () => SqlAssistLogger) {
    this.engine = engine
    this.#logger = logger
    this.#liveness = new LivenessWatch(engine, async (timeoutMs) => await this.connectAside(timeoutMs), () => this.distrustIdle(), (late) => this.#leaveOwn(late))
  }

  /** The engine's options, at registration. */
  configure({ readonly, limits = {}, resetOnRelease = 'transaction', pipelining, preparedStatements = 'auto' }: PoolSettings): void {
    if (this.#followedServer?.closed === true) this.#followedServer = undefined // the application's own MikroORM lives again
    this.readonly ||= readonly
    this.#pipelining = pipelining
    this.#given = limits
    this.resetOnRelease = resetOnRelease
    this.names.mode = preparedStatements
    this.completeLimits(undefined)
  }

  /** @param connectionTimeoutMillis - what the application has told pg; 0 is pg's word for no limit, which there is not */
  completeLimits(connectionTimeoutMillis: number | undefined): void {
    this.limits = { ...DEFAULT_LIMITS, ...(connectionTimeoutMillis ? { checkoutTimeoutMs: connectionTimeoutMillis } : {}), ...this.#given }
  }

  /** Called when MikroORM has made the pool, before its first connection. */
  watch(pool: PgPool): void {
    this.#Client ??= pool.Client
    this.#pool = pool
    this.#generations = new PoolGenerations(pool, guardClient(pool.Client, this))
    this.#fallback = this.#followed && this.#makeFallback(this.#generations, this.#followed)
    const end = pool.end.bind(pool)
    pool.end = async () => void (await Promise.all([end(), this.#fallback?.end(), this.#pipelineMade?.end()]))
    pool.connect = (callback) => this.#connect(callback) as Promise<PgClient>
  }

  /** @param options - where to read while the own server is down: the connection options of the followed engine */
  follow(options: () => Record<string, unknown>): void {
    this.#followed = options
    if (this.#generations !== undefined) this.#fallback ??= this.#makeFallback(this.#generations, options)
  }

  /** Where there are other places to go to, attempts at all of them must fit into the limit. */
  get connectTimeoutMs(): number {
    return this.limits.checkoutTimeoutMs / (this.#router?.servers.length ?? (this.#followed === undefined ? 1 : 2))
  }

  #makeFallback(generations: PoolGenerations, followed: () => Record<string, unknown>): Fallback {
    const changed = (active: boolean): void => {
      const text = active ? `The database of engine '${this.engine}' is down: it reads from the engine that it follows` : `The database of engine '${this.engine}' is back`
      this.#logger().warn({ engine: this.engine }, text)
    }
    const ownAnswers = async (): Promise<void> => void (await this.connectAside(PROBE_TIMEOUT_MS)).connection.stream.destroy()
    return new Fallback({ followed, generations, Client: this.#Client!, ownAnswers, changed })
  }

  /** What those ask who follow this engine; made for the first of them. */
  get followed(): FollowedServer {
    this.#followedServer ??= new FollowedServer(this)
    this.source = this.#followedServer.primary
    return this.#followedServer
  }

  /** Makes new connections at another server from now on: those that there are lead to one that accepts no writes, if it is there at all. */
  moveTo(options: Record<string, unknown>): void {
    const generations = this.#generations!
    void generations.renew(atServerOf(options, generations.options, this.#Client!))
    void this.#pipelineMade?.renew()
    this.#tick() // which ends the old ones
    this.#health.close()
    this.names.renewed()
  }

  /**
   * Makes it one of several pools of an engine: somebody else chooses where a session's connections come from.
   *
   * @param front - the pool that MikroORM knows
   */
  route(router: Router, front: EnginePool, source: Source): void {
    this.#router = router
    this.front = front
    this.comments = front.comments
    this.source = source
  }

  /** Asks another server what this one has not answered. Undefined where there is no other. */
  get readAgain(): ClientHost['readAgain'] {
    const router = this.#router
    return router && (async (session, statement, error) => await router.readAgain(this, session, statement, error))
  }

  /** A pool like this one, at the server that these options lead to. */
  beside(options: Record<string, unknown>): EnginePool {
    const generations = this.#generations!
    const pool = generations.make({ ...atServerOf(options, generations.options, this.#Client!), max: generations.options.max, min: 0 })
    pool.Client = this.#Client!
    const other = new EnginePool(this.engine, this.#logger)
    other.configure({ readonly: this.readonly, limits: this.limits, resetOnRelease: this.resetOnRelease, pipelining: this.#pipelining, preparedStatements: this.names.mode })
    other.watch(pool)
    return other
  }

  /** Closes it. A connection that is in use after the time is destroyed. */
  async end(timeoutMs: number): Promise<void> {
    this.hangUp()
    if (this.#pool === undefined) return
    const ended = this.#pool.end()
    if (await settlesWithin(ended, timeoutMs)) return
    this.destroyCheckedOut()
    await ended
  }

  /** How many use it, or wait to. */
  get busy(): number {
    return this.#out.size + this.#queue.size
  }

  /** How the server is. */
  async check(): Promise<ServerHealth> {
    return await this.#health.ask()
  }

  /** Closes the connections that are kept to ask the server something; kysely does not end a pool that it has never used. */
  hangUp(): void {
    this.#health.close()
    this.#followedServer?.close()
  }

  /** @throws DatabaseUnavailableError where a function among the driver options has made a ready kysely: nobody knows where that leads */
  get connectionOptions(): Record<string, unknown> & { readonly max: number } {
    if (this.#generations === undefined) throw new DatabaseUnavailableError(this.engine, 'its connections are made by the application')
    return this.#generations.options
  }

  stats(): PoolStats | null {
    if (this.#generations === undefined) return null
    const { total, idle, max } = this.#generations.stats()
    const { totalCount = 0, idleCount = 0 } = this.#fallback?.pool ?? {}
    const beside = this.#pipelineMade?.stats() ?? { total: 0, idle: 0, max: this.#pipelining?.connections ?? 0 }
    return { total: total + totalCount + beside.total, idle: idle + idleCount + beside.idle, waiting: this.#queue.size, max: max + beside.max }
  }

  // ---- pipelined reads ----

  /** Whether short reads may go out on connections that several share. */
  get pipelines(): boolean {
    return this.#pipelining !== undefined
  }

  /**
   * Runs one short statement of a session that only reads and is in no transaction: on a connection that several share, where the engine has them and one of them has
   * room; else as {@link ask} does.
   */
  read(session: SessionState, text: string, values: readonly unknown[]): Promise<PgResult> {
    return this.#pipelining === undefined ? this.ask(session, text, values) : this.#readShared(session, text, values)
  }

  async #readShared(session: SessionState, text: string, values: readonly unknown[]): Promise<PgResult> {
    if (session.joined?.() !== undefined) return await this.ask(session, text, values)
    session.assertOpen()
    const pool = this.#router === undefined || this.front !== this ? this : await this.#router.poolFor(session)
    session.assertOpen() // it may have ended while we waited
    return await pool.#readHere(session, [text, values], async () => await this.ask(session, text, values))
  }

  async #readHere(session: SessionState, statement: readonly unknown[], otherwise: () => Promise<PgResult>): Promise<PgResult> {
    const pipeline = this.#pipeline
    if (pipeline === undefined || this.#fallback?.active === true) return await otherwise()
    const { source } = this
    const { horizon } = session
    if (source === undefined || horizon === undefined) return await pipeline.ask(session, statement, otherwise)
    horizon.took(source, this.readonly)
    return await pipeline.ask(session, statement, otherwise).finally(() => horizon.gaveBack(source))
  }

  /** The connections that several share. */
  get shared(): Iterable<PipelinedClient> {
    return this.#pipelineMade?.clients ?? []
  }

  get #pipeline(): Pipeline | undefined {
    if (this.#pipelining === undefined || this.#generations === undefined) return undefined
    return (this.#pipelineMade ??= new Pipeline(this, this.#generations, this.#Client!, this.#pipelining))
  }

  // ---- checking out ----

  #connect(callback?: ConnectCallback): Promise<PgClient> | undefined {
    const checkout = this.#forSession()
    if (callback === undefined) return checkout
    // oxlint-disable-next-line promise/no-callback-in-promise -- pg's own interface
    void checkout.then((client) => callback(undefined, client, client.release), (error: Error) => callback(error, undefined, () => {}))
    return undefined
  }

  async #forSession(): Promise<PgClient> {
    const session = runningSession()
    return await this.#connectionOf(session?.engine.pool === this ? session : undefined)
  }

  async #connectionOf(mine: SessionState | undefined): Promise<PgClient> {
    mine?.assertOpen()
    const joined = mine?.joined?.()
    if (joined !== undefined) return joinedClient(joined as GuardedClient)
    return this.#router === undefined || this.front !== this ? await this.checkout(mine) : await this.#router.connect(mine)
  }

  /** Whether {@link ask} can be used already: the pool is made for the first statement of MikroORM's. */
  get asks(): boolean {
    return this.#generations !== undefined
  }

  /**
   * Runs one statement of a session that is in no transaction: without kysely, and with everything else that a statement goes through. Hooks of kysely's
   * (`onReserveConnection`, `onCreateConnection`) do not run.
   *
   * @throws the errors of pg and ours as they are: MikroORM's conversion is the caller's
   */
  ask(session: SessionState, text: string, values: readonly unknown[]): Promise<PgResult> {
    const simple = this.#router === undefined && session.joined?.() === undefined && !session.closed
    if (simple && !isPoolHeard()) return this.#askShortly(session, text, values)
    // Somebody else's session may run here, when a subscriber of it asks this one.
    return runningSession() === session ? this.#ask(session, text, values) : startInSession(session, async () => await this.#ask(session, text, values))
  }

  async #ask(session: SessionState, text: string, values: readonly unknown[]): Promise<PgResult> {
    const client = await this.#connectionOf(session)
    try {
      return (await client.query(text, values)) as PgResult
    } finally {
      client.release()
    }
  }

  /**
   * The same in a few steps, as long as there is no other place to go to, and nobody listens, who would want to be told where the statement was asked for. A connection
   * that is given back is handed on, and sent the next statement, before anything is made of the answer: the server has work again at once.
   */
  #askShortly(session: SessionState, text: string, values: readonly unknown[]): Promise<PgResult> {
    const asked = { text, values, isTransaction: isOwnTransaction() }
    return new Promise<PgResult | GuardedClient>((resolve, reject) => {
      this.#take(session, (client) => {
        const sent = client.askShortly(session, asked, (error, answer) => {
          client.release()
          if (answer === undefined) reject(error)
          else resolve(answer)
        })
        if (!sent) resolve(client)
      }, reject)
    }).then((got) => ('rows' in got ? got : this.#askOn(got, session, text, values)))
  }

  #askOn(client: GuardedClient, session: SessionState, text: string, values: readonly unknown[]): Promise<PgResult> {
    return startInSession(session, async () => (await client.query(text, values)) as PgResult).finally(() => client.release())
  }

  /** A connection of this pool, for a session or for nobody. */
  checkout(mine: SessionState | undefined): Promise<GuardedClient> {
    const asked = performance.now()
    let ready: boolean
    try {
      ready = this.#isReady()
    } catch (error) {
      return Promise.reject(error)
    }
    const connecting = ready ? this.#connection() : this.#queue.wait(() => this.#connection(), mine)
    return connecting.then((client) => this.#checkedOut(client, mine, asked), (error: unknown) => this.#notCheckedOut(error, mine, asked))
  }

  /** The same for somebody who is called, whether at once or later, and must not throw. */
  #take(session: SessionState, taken: (client: GuardedClient) => void, failed: (error: unknown) => void): void {
    const asked = performance.now()
    const arrived = (client: GuardedClient): void => {
      try {
        taken(this.#checkedOut(client, session, asked))
      } catch (error) {
        failed(error)
      }
    }
    const refused = (error: unknown): void => {
      try {
        this.#notCheckedOut(error, session, asked)
      } catch (explained) {
        failed(explained)
      }
    }
    const waiting = this.#isReady() ? undefined : this.#queue.enter(session, arrived, refused)
    const [take, fail] = waiting === undefined ? [arrived, refused] : [(client: GuardedClient) => waiting.take(client), (error: unknown) => waiting.fail(error)]
    if (this.#fallback === undefined) this.#generations!.take((error, client) => (client === undefined ? fail(error) : take(client as GuardedClient)))
    else this.#connection().then(take, fail)
  }

  /**
   * Whether there is a connection for who comes now.
   *
   * @throws PoolQueueFullError where there is none, and too many wait
   */
  #isReady(): boolean {
    const pool = this.#fallback?.active === true ? this.#fallback.pool : this.#generations!.current
    const ready = pool !== undefined && pool.idleCount > pool.waitingCount
    if (!ready && pool !== undefined && pool.totalCount >= pool.options.max) this.#queue.assertRoom()
    return ready
  }

  #notCheckedOut(error: unknown, mine: SessionState | undefined, asked: number): never {
    const explained = this.#explain(error)
    tellCheckout(this, mine, asked, undefined, explained)
    throw explained
  }

  #checkedOut(client: GuardedClient, mine: SessionState | undefined, asked: number): GuardedClient {
    client.checkout = { session: mine, since: performance.now() }
    tellCheckout(this, mine, asked, client)
    mine?.connections.add(client)
    if (this.source !== undefined) mine?.horizon?.took(this.source, this.readonly)
    if (mine?.closed === true) client.release()
    mine?.assertOpen() // it may have ended while we waited
    return client
  }

  #explain(error: unknown): unknown {
    if (isRefusedParameter(error)) return new DriverUnsupportedError(this.engine, 'a connection pooler', REFUSED_PARAMETER, { cause: error })
    if (!isConnectionError(error)) return error
    this.#followedServer?.failover.trouble(false)
    return new DatabaseUnavailableError(this.engine, reasonOf(error), { cause: error })
  }

  /** A connection of the own server, or, while that is down, of the followed one. */
  #connection(): Promise<GuardedClient> {
    const fallback = this.#fallback
    return fallback === undefined ? (this.#generations!.connect() as Promise<GuardedClient>) : this.#connectionOrFallback(fallback)
  }

  async #connectionOrFallback(fallback: Fallback): Promise<GuardedClient> {
    if (fallback.active) return (await fallback.connect()) as GuardedClient
    const connecting = this.#generations!.connect()
    try {
      const client = await fallback.unlessActivated(connecting)
      if (client !== undefined) return client as GuardedClient
      connecting.then((late) => late.release(), () => {})
    } catch (error) {
      if (!isConnectionError(error)) throw error
      this.#followedServer?.failover.trouble(false)
      fallback.activate()
    }
    return (await fallback.connect()) as GuardedClient
  }

  /** The own server is silent, and there is another one to read from: nobody need wait for it. */
  #leaveOwn(late: readonly WatchedClient[]): void {
    this.#followedServer?.failover.trouble(false)
    if (this.#fallback === undefined && this.#router === undefined) return
    this.#fallback?.activate()
    this.#router?.unreachable(this)
    this.distrustIdle()
    for (const client of late) client.destroy(new ConnectionLostError(this.engine, 'the server does not answer'))
  }

  // ---- what the clients tell ----

  get out(): Bag<GuardedClient> {
    return this.#out
  }

  get max(): number {
    return this.#generations?.stats().max ?? Infinity
  }

  get connected(): boolean {
    return this.#out.size > 0 || (this.stats()?.idle ?? 0) > 0
  }

  /** Somebody waits: see to it that this has an end. */
  waits(): void {
    this.#tick()
  }

  log(): SqlAssistLogger {
    return this.#logger()
  }

  sawStandby(): void {
    if (this.#followed === undefined || this.#standbyTold) return
    this.#standbyTold = true
    this.#logger().info({ engine: this.engine }, `Engine '${this.engine}' reads from a standby, and does not wait for what a client has written: name the server in 'replicas' in place of 'config' for that`)
  }

  acquired(client: GuardedClient): void {
    this.#out.add(client)
    this.#tick()
  }

  returned(client: GuardedClient, destroyed: boolean): void {
    this.#out.delete(client)
    client.checkout?.session?.connections.delete(client)
    if (this.source !== undefined) client.checkout?.session?.horizon?.gaveBack(this.source)
    if (client.checkout !== undefined) tellRelease(this.engine, client, client.checkout, destroyed)
    client.checkout = undefined
  }

  warn(client: GuardedClient, text: string): void {
    const session = client.checkout?.session
    const logger = session?.logger ?? this.#logger()
    const message = `${text} (engine '${this.engine}', ${session?.fullLabel ?? 'code outside of sessions'})`
    warnOfLeak('transaction', { logger, owner: session?.whose, engine: this.engine }, { engine: this.engine, pid: client.processID, session: session?.id }, message)
  }

  distrustIdle(refused = false): void {
    this.#followedServer?.failover.trouble(refused)
    this.#generations?.destroyIdle()
    this.#pipelineMade?.distrustIdle()
    if (this.#fallback?.pool !== undefined) destroyIdle(this.#fallback.pool)
  }

  async outcomeOf(transaction: TransactionId): Promise<CommitOutcome> {
    return await askOutcome(transaction, async () => await this.connectAside(), this.limits.commitTimeoutMs / 2)
  }

  // ---- looking after it ----

  #tick(): void {
    this.#ticker ??= setInterval(() => {
      if (this.#out.size === 0 && this.#queue.size === 0 && this.#pipelineMade?.busy !== true) {
        clearInterval(this.#ticker)
        this.#ticker = undefined
      }
      for (const client of this.#out) client.enforceLimits()
      this.#pipelineMade?.enforceLimits()
      // Others lead to other servers, which the own one knows nothing of.
      this.#liveness.look([...[...this.#out].filter((client) => this.#generations?.isCurrent(client) === true), ...this.shared])
      this.#generations?.endDrained()
      this.#queue.enforceLimit()
      this.#queue.breakDeadlock()
    }, TICK_MS).unref()
  }

  /** Destroys every connection that somebody still holds, so that the pool can end. */
  destroyCheckedOut(): void {
    const reason = new DatabaseUnavailableError(this.engine, 'the engine has been closed')
    for (const client of this.#out) client.destroy(reason)
    this.#pipelineMade?.destroy(reason)
  }

  /** A connection outside the pool, for questions about the server: it must not wait for those it asks about. */
  async connectAside(timeoutMs: number = this.limits.checkoutTimeoutMs, options: Record<string, unknown> = this.connectionOptions): Promise<PgClient> {
    const client = new this.#Client!({ ...options, connectionTimeoutMillis: timeoutMs })
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
    this.#health.close()
    this.names.renewed()
    const renewed = Promise.all([this.#generations.renew(), this.#fallback?.renew(), this.#pipelineMade?.renew()])
    this.#tick()
    if (await settlesWithin(renewed, timeoutMs)) return true
    for (const client of [...this.#out, ...this.shared]) if (this.#generations.isOld(client)) client.destroy(new DatabaseUnavailableError(this.engine, 'the engine was reinitialised'))
    return false
  }
}
