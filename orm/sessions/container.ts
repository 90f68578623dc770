import type { EntityManager } from '@mikro-orm/core'
import { markCopy } from '../copies.ts'
import { engineEvent } from '../events/engine-event.ts'
import type { EventOwner } from '../events/events.ts'
import { isHeard, publish } from '../events/publish.ts'
import { warnOfLeak } from '../events/tell.ts'
import { EngineUnknownError, SessionClosedError } from '../errors.ts'
import type { GuardOptions } from '../guards/options.ts'
import type { SqlAssistLogger } from '../logger.ts'
import type { Horizon } from '../routing/horizon.ts'
import type { Horizons } from '../routing/horizons.ts'
import { sessionStateOf } from './binding.ts'
import type { SessionEnd } from './close.ts'
import type { TwoPhase } from '../transactions/two-phase/two-phase.ts'
import { MANUAL, type ManagerSettings, TransactionManager } from '../transactions/manager.ts'
import { Enlistment } from './enlistment.ts'
import type { HeldConnection, SessionState } from './state.ts'
import type { SessionSources } from './source.ts'
import { STATUS, type SessionStatus } from './status.ts'

/** What a container is given by whoever makes it; see `ContainerFactory`. */
export interface ContainerSetup {
  /** What all containers of an application have in common. */
  readonly home: ContainerHome
  /** Whose sessions they are: `Request req-1`, `The container`. */
  readonly owner: EventOwner
  readonly logger: SqlAssistLogger
  /** What its transactions are like. Default: the application begins and ends them. */
  readonly transaction: ManagerSettings | undefined
  /** What its sessions must see; undefined where no engine has replicas. */
  readonly horizon: Horizon | undefined
  readonly guards: GuardOptions | undefined
  /** When it was made, of `performance.now()`. */
  readonly since: number
  /** Where it was made, if that is asked for. */
  readonly stack: string | undefined
  /** Called when it has been closed. */
  readonly ended: (() => void) | undefined
}

/** What all containers of an application have in common; see `ContainerFactory`. */
export interface ContainerHome {
  readonly engines: SessionSources
  readonly anyPreferences: readonly string[]
  /** Undefined where no engine is a `twoPhase` one. */
  readonly twoPhase: TwoPhase | undefined
  /** Undefined where no engine has replicas. */
  readonly horizons: Horizons | undefined
  /** Makes a container beside another one, for the hooks of its transaction. */
  beside(setup: ContainerSetup): SessionsContainer
  /** Told of the end of a container. */
  closed(container: SessionsContainer, setup: ContainerSetup): void
}

const NOTHING_TO_WAIT_FOR = Promise.resolve()
const NO_SESSIONS: readonly EntityManager[] = []
const AS_USUAL: SessionEnd = Object.freeze({})

/** How long a hook of a transaction may take unless the options say otherwise, in ms. */
const HOOK_TIMEOUT_MS = 5000

/**
 * The sessions of one request or one job. Nothing is opened before it is touched, and everything that was opened ends with it.
 *
 * Subclass it (option `containerClass`) to add members of your own; engine names become properties of the subclass.
 */
export class SessionsContainer {
  static {
    markCopy(this.prototype)
  }

  readonly #setup: ContainerSetup
  /** Of the engines that were touched, which are few: a Map would cost more than it finds faster. */
  #sessions: readonly EntityManager[] = NO_SESSIONS
  /**
   * @see Bagged
   * @internal
   */
  $place = -1
  #closed = false
  #closing: Promise<void> | undefined
  #transaction: TransactionManager | undefined

  constructor(setup: ContainerSetup) {
    this.#setup = setup
  }

  /**
   * The session of an engine, opened at the first call.
   *
   * @throws EngineUnknownError for a name that is not registered; SessionClosedError after the end
   */
  get(name: string): EntityManager {
    return this.#get(name, 'asked for by its name')
  }

  #get(name: string, why: string): EntityManager {
    const session = this.#known(name)
    if (session !== undefined && !this.#closed) return session
    const { owner, home, logger } = this.#setup
    if (this.#closed) throw new SessionClosedError(owner.label)
    const source = home.engines.get(name)
    const opened = source.open(owner.info, logger, owner)
    this.#sessions = this.#sessions.length === 0 ? [opened] : [...this.#sessions, opened]
    const state = sessionStateOf(opened)!
    state.horizon = this.#setup.horizon
    const { joins } = source
    if (joins !== undefined) state.joined = () => this.#transactionOf(joins)
    if (isHeard('sqlassist:session:open')) {
      const { id, engine, since } = state
      publish('sqlassist:session:open', { ...engineEvent(name, { id, whose: owner }, since), session: id, readonly: engine.readonly, autocommit: engine.autocommit, why })
    }
    if (this.#transaction !== undefined) this.#enlist(opened, this.#transaction)
    else if (this.#setup.transaction?.mode === 'request') void this.transaction
    return opened
  }

  #known(name: string): EntityManager | undefined {
    for (const session of this.#sessions) if (sessionStateOf(session)!.engine.name === name) return session
    return undefined
  }

  /** The connection of a session's managed transaction, while there is one. */
  #transactionOf(name: string): HeldConnection | undefined {
    const session = this.#transaction?.isActive === true ? this.#known(name) : undefined
    return session && [...sessionStateOf(session)!.connections].find(({ inTransaction }) => inTransaction)
  }

  /** The transactions over all engines of the request or job: `begin()`, `commit()`, `abort()`, `savepoint()`, hooks. */
  get transaction(): TransactionManager {
    if (this.#transaction !== undefined) return this.#transaction
    const { owner, logger, home, transaction: settings = MANUAL } = this.#setup
    const { twoPhase } = home
    const withSessions = async (run: (sessions: unknown) => Promise<void>): Promise<void> => {
      await using sessions = home.beside(this.#setup)
      await run(sessions)
    }
    const timeoutMs = settings.options.hookTimeoutMs ?? HOOK_TIMEOUT_MS
    this.#transaction = new TransactionManager(
      { sessions: this, owner, logger, timeoutMs, withSessions, twoPhase, wantsTwoPhase: settings.options.twoPhase, flush: async () => await this.#flush() },
      settings,
    )
    for (const session of this.#sessions) this.#enlist(session, this.#transaction)
    return this.#transaction
  }

  #enlist(session: EntityManager, manager: TransactionManager): void {
    const state = sessionStateOf(session)!
    const { autocommit, readonly } = state.engine
    if (!autocommit && (!readonly || manager.$options.snapshot === true)) state.enlisting = new Enlistment(session, state, manager)
  }

  async #flush(): Promise<void> {
    for (const session of this.#sessions) {
      const { enlisting, engine } = sessionStateOf(session)!
      if (enlisting !== undefined && !engine.readonly) await session.flush()
    }
  }

  /** `get('reader')` as a function that can be handed on and called later, or never. */
  get getReader(): () => EntityManager {
    return () => this.get('reader')
  }

  /** `get('writer')` as a function that can be handed on and called later, or never. */
  get getWriter(): () => EntityManager {
    return () => this.get('writer')
  }

  /** `get('logger')` as a function that can be handed on and called later, or never. */
  get getLogger(): () => EntityManager {
    return () => this.get('logger')
  }

  /** A session that is open already, in the order of `anyPreferences`, else the first preference is opened. For reading only. */
  get any(): EntityManager {
    return this.getAny()
  }

  /** See {@link any}. */
  get getAny(): () => EntityManager {
    return () => {
      const { anyPreferences, engines } = this.#setup.home
      const name = this.#written(anyPreferences) ?? anyPreferences.find((preference) => this.#known(preference) !== undefined) ?? anyPreferences[0]
      if (name === undefined) throw new EngineUnknownError('any', `${engines.names.join(', ')}; the option 'anyPreferences' names none of them`)
      return this.#get(name, `'any', and the first of anyPreferences (${anyPreferences.join(', ')})`)
    }
  }

  /** Where something was written, a replica does not have it yet. */
  #written(preferences: readonly string[]): string | undefined {
    if (this.#setup.horizon === undefined) return undefined
    return preferences.find((name) => {
      const session = this.#known(name)
      const state = session && sessionStateOf(session)
      return state !== undefined && !state.engine.readonly && (state.wrote || state.ranRawSql)
    })
  }

  /** Engine name -> INIT, START or END: a frozen snapshot. An engine that was not touched stays INIT after the end. */
  get status(): Readonly<Record<string, SessionStatus>> {
    const status: Record<string, SessionStatus> = {}
    for (const name of this.#setup.home.engines.names) {
      const session = this.#known(name)
      status[name] = session === undefined ? STATUS.INIT : isOver(session) ? STATUS.END : STATUS.START
    }
    return Object.freeze(status)
  }

  /**
   * What this request or job has written and seen, as a text that another one is given: `sqlassist.session({ after: token })`, in any process. Ask for it when
   * everything is committed, as in an `afterCommit` hook.
   *
   * @returns undefined where nothing was used that has replicas: then there is nothing to wait for
   */
  async $token(): Promise<string | undefined> {
    const { horizon, home } = this.#setup
    return horizon && (await home.horizons!.tokenOf(horizon))
  }

  /**
   * What must be seen again.
   * @internal
   */
  get $horizon(): Horizon | undefined {
    return this.#setup.horizon
  }

  /**
   * What it was made with.
   * @internal
   */
  get $setup(): ContainerSetup {
    return this.#setup
  }

  /**
   * What the sessions that were opened are in.
   * @internal
   */
  get $states(): SessionState[] {
    return this.#sessions.map((session) => sessionStateOf(session)!)
  }

  /**
   * Ends all sessions: open transactions are rolled back, connections go back, and every later use raises SessionClosedError.
   * Idempotent. Never rejects.
   *
   * @param options - `aborted: true` where an open transaction is no surprise, because the client has left; `stop: true` to have the database
   * stop what still runs
   */
  close(options: SessionEnd = AS_USUAL): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      this.#closing = this.#transaction === undefined ? this.#closeSessions(options) : this.#closeManaged(this.#transaction, options)
    }
    return this.#closing ?? NOTHING_TO_WAIT_FOR
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Most sessions have nothing to give back when they end: then nothing is waited for. */
  #closeSessions(end: SessionEnd): Promise<void> | undefined {
    const waiting = this.#endSessions(end)
    if (waiting === undefined) {
      this.#setup.home.closed(this, this.#setup)
      return undefined
    }
    return waiting.then(() => this.#setup.home.closed(this, this.#setup))
  }

  #endSessions(end: SessionEnd): Promise<unknown> | undefined {
    let waiting: Promise<void>[] | undefined
    for (const session of this.#sessions) {
      const state = sessionStateOf(session)!
      const closing = this.#setup.home.engines.get(state.engine.name).close(session, state, end)
      if (closing !== undefined) (waiting ??= []).push(closing)
    }
    return waiting && Promise.all(waiting)
  }

  async #closeManaged(manager: TransactionManager, end: SessionEnd): Promise<void> {
    let error: Error | undefined // made for who asks: most often everything is decided already, and its stack costs more than all the rest
    const reason = (): Error => (error ??= new SessionClosedError(this.#setup.owner.label))
    const deciding = manager.$interrupt(reason)
    if (deciding !== undefined) await deciding
    const left = manager.isActive
    // After the reply of a request somebody may still read: a stream that is its body, or a hook.
    const lost = left && end.aborted !== true && (manager.$mode === 'manual' || (await manager.$hasWork().catch(() => true)))
    if (lost) {
      warnOfLeak('transaction', this.#setup, {}, `${this.#setup.owner.label} ended with its transaction open: it is aborted`)
    }
    await this.#endSessions(left || manager.$keptOpen ? { ...end, aborted: true } : end)
    if (left) await manager.abort(reason())
    this.#setup.home.closed(this, this.#setup)
  }
}

const isOver = (session: EntityManager): boolean => sessionStateOf(session)?.closed === true
