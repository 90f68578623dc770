import { ConnectionLostError, DatabaseUnavailableError, ReplicasBehindError } from '../errors.ts'
import type { GuardedClient } from '../postgres/client-types.ts'
import type { EnginePool } from '../postgres/engine-pool.ts'
import type { SessionState } from '../sessions/state.ts'
import { Demands, type DemandSettings } from './demands.ts'
import { formatPosition, later, type Position } from './position.ts'
import { Routes, type Route } from './routes.ts'
import type { Server } from './server.ts'
import { ServerWatch, type WatchSettings } from './server-watch.ts'

/** What a set is made of. */
export interface ReplicaSetSettings extends WatchSettings, DemandSettings {
  /** How long a read may wait for a replica, in ms. */
  readonly waitMs: () => number
}

/** The servers behind a readonly engine: chooses one for each session, and stays with it for as long as it can. */
export class ReplicaSet {
  readonly #settings: ReplicaSetSettings
  readonly #watch: ServerWatch
  readonly #routes: Routes
  readonly #demands: Demands

  constructor(settings: ReplicaSetSettings) {
    this.#settings = settings
    this.#watch = new ServerWatch(settings)
    this.#routes = new Routes(settings.engine)
    this.#demands = new Demands(settings)
  }

  get servers(): readonly Server[] {
    const { replicas, followed } = this.#settings
    return followed === undefined ? replicas : [...replicas, followed]
  }

  /** Looks at all servers once, as at start-up. See {@link ServerWatch.look}. */
  async look(): Promise<void> {
    await this.#watch.look()
  }

  /**
   * A connection for a session, to the server that it reads from.
   *
   * @throws DatabaseUnavailableError, ReplicasBehindError, or what the pool says
   */
  async connect(session: SessionState | undefined): Promise<GuardedClient> {
    this.#watch.keepUp()
    const route = this.#routes.of(session)
    for (;;) {
      const server = await route.alone(async () => await this.#serverFor(session, route))
      try {
        const client = await server.pool.checkout(session)
        route.used = true
        return client
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError) || server === this.#settings.followed) throw error
        this.#watch.failed(server, error)
      } finally {
        server.coming--
      }
    }
  }

  /** The pool of the server that a session reads from, for one that needs no connection of its own. */
  async poolFor(session: SessionState | undefined): Promise<EnginePool> {
    this.#watch.keepUp()
    const route = this.#routes.of(session)
    const server = await route.alone(async () => await this.#serverFor(session, route))
    server.coming--
    route.used = true
    return server.pool
  }

  /** A statement that only reads was not answered: another server is asked, or the same one, if it is there. */
  async readAgain(pool: EnginePool, session: SessionState | undefined, statement: readonly unknown[], cause: unknown): Promise<unknown> {
    let error = cause
    for (let left = this.servers.length, at = this.#serverOf(pool); left > 0; left--) {
      if (error instanceof ConnectionLostError && at !== undefined) this.#watch.failed(at, error)
      const client = await this.connect(session)
      at = this.#routes.of(session).server
      try {
        return await client.askOnce(...statement)
      } catch (again) {
        if (!(again instanceof ConnectionLostError)) throw again
        error = again
      } finally {
        client.release()
      }
    }
    throw error
  }

  /** A server is silent. */
  unreachable(pool: EnginePool): void {
    const server = this.#serverOf(pool)
    if (server !== undefined && server !== this.#settings.followed) this.#watch.failed(server, new Error('it does not answer'))
  }

  #serverOf(pool: EnginePool): Server | undefined {
    return this.servers.find((server) => server.pool === pool)
  }

  close(): void {
    this.#watch.close()
    for (const server of this.servers) server.close()
  }

  // ---- choosing ----

  async #serverFor(session: SessionState | undefined, route: Route): Promise<Server> {
    const { followed, engine } = this.#settings
    const started = performance.now()
    await this.#watch.seen()
    const demand = await this.#demands.of(session?.horizon, route.server)
    const decide = async (server: Server, why: string): Promise<Server> => {
      server.coming++
      this.#routes.decide(route, session, { server, why, position: demand.position, waitedMs: performance.now() - started })
      return server
    }
    if (demand.primary === true && followed !== undefined) return await decide(await this.#primary(followed), demand.why)
    const here = route.server
    if (here !== undefined && here === followed) return await decide(await this.#primary(followed), 'it reads there already')
    if (here?.usable === true && (demand.position === undefined || here.has(demand.position))) return await decide(here, demand.why)
    const position = demand.any === true ? undefined : await this.#afterMoving(route, demand.position)
    const replica = this.#ready(position, here) ?? (await this.#soonest(position, here, demand.position))
    if (replica !== undefined) return await decide(replica, demand.why)
    const why = this.#whyNone(position)
    if (followed === undefined) throw position === undefined || !this.#anyUp ? new DatabaseUnavailableError(engine, why) : new ReplicasBehindError(engine, why)
    try {
      return await decide(await this.#primary(followed), why)
    } catch (error) {
      const late = await this.#lateReplica(position)
      if (late === undefined) throw error
      return await decide(late, demand.why)
    }
  }

  /** The primary is gone, and it took time to find that out: a replica may have by now what nobody had; and where any will do, one that is far behind is better than none. */
  async #lateReplica(position: Position | undefined): Promise<Server | undefined> {
    const { replicas } = this.#settings
    if (position !== undefined) await Promise.all(replicas.map(async ({ sampler, usable }) => usable && (await sampler.sample().catch(() => undefined))))
    return cheapest(replicas.filter((server) => server.usable && (position === undefined || server.has(position))))
  }

  /** A session that goes to another server must find there what it has seen at the one before. */
  async #afterMoving({ server, used }: Route, position: Position | undefined): Promise<Position | undefined> {
    if (server === undefined || !used) return position
    const seen = await (server.usable ? server.position() : this.#demands.now())
    return position === undefined ? seen : later(seen, position)
  }

  /** One that need not be waited for. At once, so that the next one who chooses knows who is on the way there. */
  #ready(position: Position | undefined, here: Server | undefined): Server | undefined {
    const { replicas } = this.#settings
    return cheapest(replicas.filter((server) => (position === undefined ? server.state === 'up' : server !== here && server.usable && server.has(position))))
  }

  /**
   * @param position - what a server needs that the session has not read from
   * @param stays - what the one needs where it reads already. All are waited for at once: one after another would take longer than a read may
   */
  async #soonest(position: Position | undefined, here: Server | undefined, stays: Position | undefined): Promise<Server | undefined> {
    if (position === undefined) return undefined
    const wait = this.#settings.waitMs()
    const candidates = this.#settings.replicas.filter(({ usable }) => usable)
    return await firstOf(candidates, async (server) => await server.reached(server === here ? (stays ?? position) : position, this.#watch.moves(server) ? wait : 0))
  }

  /** The followed server, if it is a primary: one that has been demoted may be as old as any standby. */
  async #primary(followed: Server): Promise<Server> {
    if (this.#settings.primary.sampler.latest?.primary !== true) await this.#demands.now()
    return followed
  }

  get #anyUp(): boolean {
    return this.#settings.replicas.some(({ usable }) => usable)
  }

  #whyNone(position: Position | undefined): string {
    if (!this.#anyUp) return 'none of its replicas answers'
    if (position === undefined) return 'its replicas are too far behind'
    return `none of its replicas has reached ${formatPosition(position)} in time`
  }
}

/** Latencies that differ by less say nothing of the servers: all would go to the one that was lucky when it was asked. */
const CLEARLY_DEARER = 2

/** One that has a connection left, however slow it was a moment ago; of several that cost much the same, any. */
function cheapest(servers: readonly Server[]): Server | undefined {
  if (servers.length < 2) return servers[0]
  const free = servers.filter(({ full }) => !full)
  const costs = (free.length > 0 ? free : servers).map((server) => ({ server, cost: server.cost }))
  const least = Math.min(...costs.map(({ cost }) => cost))
  const good = costs.filter(({ cost }) => cost < least * CLEARLY_DEARER)
  return good[Math.floor(Math.random() * good.length)]!.server
}

/** The first for which the promise says yes. */
async function firstOf<T>(all: readonly T[], check: (one: T) => Promise<boolean>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<T | undefined>()
  const checks = all.map(async (one) => {
    if (await check(one)) resolve(one)
  })
  void Promise.allSettled(checks).then(() => resolve(undefined))
  return await promise
}
