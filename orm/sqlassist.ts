import { assertSqlComments, type SqlCommentOptions } from './comments/options.ts'
import { markCopy } from './copies.ts'
import { buildEngines, type Discovery } from './engines/build-engines.ts'
import type { Health } from './engines/check.ts'
import type { Engine, EngineStats } from './engines/engine.ts'
import type { EnginesInput } from './engines/options.ts'
import type { EngineRegistry } from './engines/registry.ts'
import { assertMikroOrmSupported } from './engines/self-check.ts'
import { warnOfUnkeptConsistency } from './engines/unkept-consistency.ts'
import { validateEngines } from './engines/validate.ts'
import { Owner } from './events/owner.ts'
import { Guards } from './guards/guards.ts'
import { assertGuardOptions, GUARD_OPTIONS, type GuardOptions } from './guards/options.ts'
import { DisposedError, InvalidOptionsError, ReinitUnsupportedError } from './errors.ts'
import { assertLogger, noLogger, type SqlAssistLogger } from './logger.ts'
import { assertKnownOptions, assertTimeout, isPlainObject } from './options-check.ts'
import { assertLeakOptions } from './sessions/leak-watch.ts'
import { assertAnyPreferences, assertContainerClass, type ContainerClass, ContainerFactory, type ContainerOptions, type ContainerWish, isContainerMember } from './sessions/container-factory.ts'
import { SessionsContainer } from './sessions/container.ts'
import type { SessionInfo } from './sessions/info.ts'
import type { DbSessionsContainer, EnginesOf } from './sessions/types.ts'
import { assertRunOptions, type TransactionRunOptions } from './transactions/options.ts'
import { runInTransaction } from './transactions/run.ts'
import { Recovering } from './transactions/two-phase/recovering.ts'
import type { RecoveryReport } from './transactions/two-phase/report.ts'
import { TwoPhase } from './transactions/two-phase/two-phase.ts'
import { assertConsistency, type Consistency } from './routing/consistency.ts'
import { Horizons, type HorizonWish } from './routing/horizons.ts'
import { assertTokenSecret, secretsOf, Tokens, type TokenSecret } from './routing/token.ts'
import type { ManagerSettings } from './transactions/manager.ts'

/** Options of {@link createSqlAssist}. */
export interface SqlAssistOptions<E = EnginesInput> extends ContainerOptions {
  /** The databases, by name. */
  readonly engines: E
  /** Where lines are written; the plugin gives `fastify.log`. Default: nowhere. */
  readonly logger?: SqlAssistLogger
  /** When entities are discovered: `'registration'` (default) finds a wrong model at start-up; `'deferred'` waits for the first use of an engine. */
  readonly discovery?: Discovery
  /** How long `dispose()` waits for containers and for statements, each, in ms. Default: 10,000. */
  readonly closeTimeoutMs?: number
  /**
   * With `twoPhase` engines: how often to look for what a dead process has left prepared, in ms; also done at start-up, and when something was left here.
   * 0: only with `recover()`. Default: 30,000.
   */
  readonly recoveryIntervalMs?: number
  /** With engines that have `replicas`: how new what they read must be, unless a route or a session says otherwise. Default: `'session'`. */
  readonly consistency?: Consistency
  /** With engines that have `replicas`: what tokens are signed with. */
  readonly consistencyToken?: TokenOptions
  /**
   * All drivers but those of your own: puts a comment in sqlcommenter's format into each statement, which says in the server's log and views where it comes from.
   * `true` for route, engine and framework. An engine may say otherwise. Default: false.
   */
  readonly sqlComments?: boolean | SqlCommentOptions
}

/** How what a client has seen is told to it. */
export interface TokenOptions {
  /**
   * At least 32 characters that all processes of the application share, and nobody else knows; of several the first one signs, and all are believed. Default: one
   * that only this process knows, so that others take its tokens for unreadable, and read from the primary.
   */
  readonly secret?: TokenSecret
}

const KNOWN: ReadonlySet<string> = new Set(['engines', 'logger', 'discovery', 'closeTimeoutMs', 'recoveryIntervalMs', 'anyPreferences', 'containerClass', 'leakWarningMs', 'leakStacks', 'consistency', 'consistencyToken', 'sqlComments', ...GUARD_OPTIONS])
const KNOWN_SESSION: ReadonlySet<string> = new Set(['info', 'signal', 'after', 'consistency', ...GUARD_OPTIONS])
const CLOSE_TIMEOUT_MS = 10_000
const RECOVERY_INTERVAL_MS = 30_000

/** What {@link SqlAssist.session} is given. Guards that are named here are others than those of {@link createSqlAssist}. */
export interface SessionOptions extends GuardOptions {
  /** What the sessions know of their surroundings, readable as `session.info`. */
  readonly info?: SessionInfo
  /** Ends the container when it fires, as the client's leaving ends a request. */
  readonly signal?: AbortSignal
  /** What another request or job has seen or written, as its `$token()` says, or what was committed at all, as {@link SqlAssist.token} says: the sessions see it too. */
  readonly after?: string | undefined
  /** How new what engines with `replicas` read must be. Default: that of the application. */
  readonly consistency?: Consistency | undefined
}

/** The engines of an application and their sessions. Made by {@link createSqlAssist}; in an application `app.sqlassist`. */
// oxlint-disable-next-line typescript/no-empty-object-type -- no engines declared
export class SqlAssist<E extends object = {}> {
  static {
    markCopy(this.prototype)
  }

  readonly #registry: EngineRegistry
  readonly #containers: ContainerFactory
  readonly #logger: SqlAssistLogger
  readonly #closeTimeoutMs: number
  readonly #horizons: Horizons | undefined
  readonly #factories = new Set<ContainerFactory>()
  readonly #twoPhase: TwoPhase | undefined
  readonly #recovering: Recovering | undefined
  #disposing: Promise<void> | undefined

  /** @internal use {@link createSqlAssist} */
  constructor(registry: EngineRegistry, options: SqlAssistOptions) {
    this.#registry = registry
    this.#logger = options.logger ?? noLogger
    this.#closeTimeoutMs = options.closeTimeoutMs ?? CLOSE_TIMEOUT_MS
    const databases = [...registry].flatMap(({ database }) => database ?? [])
    if (databases.some(({ twoPhase }) => twoPhase)) {
      this.#twoPhase = new TwoPhase(databases, this.#logger)
      this.#recovering = new Recovering(this.#twoPhase, options.recoveryIntervalMs ?? RECOVERY_INTERVAL_MS)
      this.#recovering.start()
    }
    const replicated = [...registry].filter((engine) => engine.replicated)
    if (replicated.length > 0) this.#horizons = new Horizons(() => replicated, new Tokens(secretsOf(options.consistencyToken?.secret)), options.consistency)
    this.#containers = this.containers(options)
  }

  /** The names of the engines, in the order they were given. */
  get engineNames(): readonly string[] {
    return this.#registry.names
  }

  /**
   * An engine by name; without a name the default one.
   *
   * @param name - as in the options
   * @throws EngineUnknownError naming the known ones
   */
  engine(name?: (keyof E & string) | (keyof E extends never ? string : never)): Engine {
    return this.#registry.get(name)
  }

  /**
   * A container outside a request, for jobs and scripts. Close it, best with `await using`:
   *
   * ```ts
   * await using session = db.session({ info: { job: 'nightly' } })
   * await session.writer.persistAndFlush(row)
   * ```
   */
  session(options: SessionOptions = NO_OPTIONS): DbSessionsContainer<E> {
    if (options !== NO_OPTIONS) assertSessionOptions(options)
    return this.#session(options)
  }

  /**
   * A token of now: sessions that are given it as `after` see all that anybody has committed before this call, on replicas too. For a job that was found after the commit
   * of who has sent it, and in which there could be no token yet.
   *
   * ```ts
   * await using session = db.session({ after: await db.token() })
   * ```
   *
   * @returns undefined where no engine has replicas: then there is nothing to wait for. A primary that does not say where it is makes no error: what is given this token
   * reads from the primary
   */
  async token(): Promise<string | undefined> {
    if (this.#disposing !== undefined) throw new DisposedError('This SqlAssist')
    return await this.#horizons?.now()
  }

  /**
   * Does work in one transaction over all engines that it uses: a job's counterpart of `transaction: 'request'`. It is committed when the work is
   * done, and aborted when the work throws or has called `transaction.doom()`.
   *
   * ```ts
   * await db.transaction(async (session) => {
   *   session.writer.persist(row)
   *   session.audit.persist(line)
   * }, { retry: { attempts: 3 } })
   * ```
   *
   * @param work - is given sessions of its own; with `retry` it may be called several times
   * @returns what the work returns, once everything is committed
   * @throws what the work throws, or the commit
   */
  async transaction<T>(work: (session: DbSessionsContainer<E>) => T | Promise<T>, options: TransactionRunOptions & SessionOptions = {}): Promise<T> {
    if (typeof work !== 'function') throw new InvalidOptionsError('transaction()', 'needs a function that does the work')
    assertRunOptions(options, [...KNOWN_SESSION])
    const { info, signal, after, consistency, nPlusOne, slowQueryMs, idleTransactionMs, ...run } = options
    const session = Object.fromEntries(Object.entries({ info, signal, after, consistency, nPlusOne, slowQueryMs, idleTransactionMs }).filter(([, value]) => value !== undefined)) as SessionOptions
    assertSessionOptions(session)
    return await runInTransaction((settings) => this.#session(session, settings), work, run, signal)
  }

  #session(options: SessionOptions, transaction?: ManagerSettings): DbSessionsContainer<E> {
    if (this.#disposing !== undefined) throw new DisposedError('This SqlAssist')
    const { info = {}, signal } = options
    const wish = { owner: new Owner('The container', info), logger: this.#logger, transaction, horizon: this.#horizons && wishOf(options), guards: options }
    const container = signal === undefined ? this.#containers.create(wish) : createUntil(signal, this.#containers, wish)
    return container as unknown as DbSessionsContainer<E>
  }

  /** What each engine is doing, as plain copies. */
  stats(): Record<string, EngineStats> {
    return Object.fromEntries([...this.#registry].map((engine) => [engine.name, engine.stats()]))
  }

  /**
   * Asks each database how it is, at once; cheap enough for a probe every second. Never rejects.
   *
   * ```ts
   * app.get('/health', async (request, reply) => {
   *   const health = await app.sqlassist.check()
   *   return reply.code(health.ok ? 200 : 503).send(health)
   * })
   * ```
   */
  async check(): Promise<Health> {
    const engines = await Promise.all([...this.#registry].map(async (engine) => [engine, await engine.check()] as const))
    return {
      ok: engines.every(([engine, { ok, readOnly }]) => ok && (engine.readonly || !readOnly)),
      engines: Object.fromEntries(engines.map(([{ name }, health]) => [name, health])),
    }
  }

  /**
   * Finishes what processes have left that died in the middle of a two-phase commit: commits what was decided, rolls back what was not, and leaves alone
   * what somebody is at work on, or what is not ours. Runs by itself at start-up and in the background, see `recoveryIntervalMs`; may run anywhere at the same time.
   *
   * @returns what was done, and what a human must decide. Never rejects for a database that cannot be reached: the report names it
   */
  async recover(): Promise<RecoveryReport> {
    if (this.#disposing !== undefined) throw new DisposedError('This SqlAssist')
    return (await this.#recovering?.run()) ?? { committed: [], rolledBack: [], leftAlone: [], broken: [], failed: [] }
  }

  /**
   * Makes the connections of an engine anew, under load: a new pool for everything from now on; what runs on the old one, or waits for it,
   * is served to its end. After credentials were changed, or a database was moved behind its name.
   *
   * @param name - the engine; without a name all that can be: an application's own MikroORM and databases in memory are left alone
   * @returns when the old connections are closed; those that are still in use after `closeTimeoutMs` are destroyed
   * @throws ReinitUnsupportedError for a named engine that cannot be; EngineUnknownError
   */
  async reinitEngine(name?: (keyof E & string) | (keyof E extends never ? string : never)): Promise<void> {
    if (name !== undefined) return await this.engine(name).reinit(this.#closeTimeoutMs)
    const attempts = await Promise.allSettled([...this.#registry].map(async (engine) => await engine.reinit(this.#closeTimeoutMs)))
    const failed = attempts.find((attempt) => attempt.status === 'rejected' && !(attempt.reason instanceof ReinitUnsupportedError))
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
  }

  /**
   * Makes the containers of one registration of the plugin.
   * @internal
   */
  containers(options: ContainerOptions = {}): ContainerFactory {
    const guards = new Guards(options, (engine) => this.#registry.get(engine).orm)
    const factory = new ContainerFactory(this.#registry, guards, options, this.#twoPhase, this.#horizons)
    this.#factories.add(factory)
    return factory
  }

  /**
   * Makes what clients carry from one request to the next; undefined where no engine has replicas.
   * @internal
   */
  get $horizons(): Horizons | undefined {
    return this.#horizons
  }

  /**
   * Waits for open containers (bounded, then closes them), and closes the engines that were made here. Idempotent; later use raises
   * DisposedError and opens nothing.
   */
  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose()
    return this.#disposing
  }

  /** The same as {@link dispose}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  async #dispose(): Promise<void> {
    for (const engine of this.#registry) engine.hurry()
    const drains = await Promise.all([...this.#factories].map(async (factory) => await factory.drain(this.#closeTimeoutMs)))
    const forced = drains.reduce((sum, count) => sum + count, 0)
    if (forced > 0) this.#logger.warn({ containers: forced }, `${forced} session containers were still open after ${this.#closeTimeoutMs} ms and have been closed`)
    await this.#recovering?.stop()
    await Promise.all([...this.#registry].map(async (engine) => await engine.dispose(this.#closeTimeoutMs)))
    for (const factory of this.#factories) factory.dispose()
  }
}

/**
 * Makes the engines and everything around them, without Fastify. Checks all options first, then discovers the entities; connects to
 * nothing.
 *
 * @throws the coded errors of wrong options, names and models
 */
export async function createSqlAssist<const E extends EnginesInput>(options: SqlAssistOptions<E>): Promise<SqlAssist<EnginesOf<E>>> {
  assertMikroOrmSupported()
  if (!isPlainObject(options)) throw new InvalidOptionsError('createSqlAssist', 'needs an object of options')
  assertKnownOptions(options, KNOWN, '')
  const { containerClass = SessionsContainer as unknown as ContainerClass, discovery = 'registration', logger = noLogger, closeTimeoutMs } = options
  assertContainerClass(containerClass)
  assertTimeout('closeTimeoutMs', closeTimeoutMs)
  assertTimeout('recoveryIntervalMs', options.recoveryIntervalMs)
  assertLeakOptions(options)
  assertConsistency('consistency', options.consistency)
  assertTokenOptions(options.consistencyToken)
  assertSqlComments('sqlComments', options.sqlComments)
  assertGuardOptions(options)
  if (discovery !== 'registration' && discovery !== 'deferred') throw new InvalidOptionsError('discovery', `must be 'registration' or 'deferred'`)
  assertLogger(logger)
  const definitions = validateEngines(options.engines, (name) => isContainerMember(containerClass, name), options.sqlComments)
  assertAnyPreferences(options.anyPreferences, definitions.map(({ name }) => name))
  warnOfUnkeptConsistency(definitions, options.consistency, logger)
  return new SqlAssist(await buildEngines(definitions, discovery, logger), options)
}

const NO_OPTIONS: SessionOptions = Object.freeze({})

const wishOf = ({ after, consistency }: SessionOptions): HorizonWish => ({ tokens: after === undefined ? [] : [after], consistency })

/** Makes a container that ends with a signal too. */
function createUntil(signal: AbortSignal, containers: ContainerFactory, wish: ContainerWish): SessionsContainer {
  const end = (): void => void container.close({ aborted: true, stop: true })
  // The signal may live as long as the process: it must not keep every container that was ever given it.
  const container = containers.create({ ...wish, ended: () => signal.removeEventListener('abort', end) })
  if (signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
  return container
}

function assertSessionOptions(options: SessionOptions): void {
  if (!isPlainObject(options)) throw new InvalidOptionsError('session()', 'needs an object such as { info, signal }, or nothing')
  assertKnownOptions(options, KNOWN_SESSION, '')
  const { info, signal, after, consistency } = options as { info?: unknown; signal?: unknown; after?: unknown; consistency?: unknown }
  if (after !== undefined && typeof after !== 'string') throw new InvalidOptionsError('after', 'must be a token, as $token() of another session has returned it')
  assertConsistency('consistency', consistency)
  if (info !== undefined && (typeof info !== 'object' || info === null)) throw new InvalidOptionsError('info', 'must be an object')
  assertGuardOptions(options)
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new InvalidOptionsError('signal', 'must be an AbortSignal')
}

function assertTokenOptions(options: unknown): void {
  if (options === undefined) return
  if (!isPlainObject(options)) throw new InvalidOptionsError('consistencyToken', 'must be an object such as { secret }')
  assertKnownOptions(options, new Set(['secret']), 'consistencyToken.')
  assertTokenSecret('consistencyToken.secret', options['secret'])
}
