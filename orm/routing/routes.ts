import { engineEvent } from '../events/engine-event.ts'
import { isHeard, publish } from '../events/publish.ts'
import type { SessionState } from '../sessions/state.ts'
import { formatLsn } from './lsn.ts'
import type { Position } from './position.ts'
import type { Server } from './server.ts'

/** Where a session reads. */
export class Route {
  server: Server | undefined
  /** Something may have been read there. */
  used = false
  #deciding: Promise<unknown> | undefined

  /** Decisions of one session are made one after another: two statements at once must not find two servers. */
  async alone<T>(decide: () => Promise<T>): Promise<T> {
    const deciding = this.#deciding === undefined ? decide() : this.#deciding.then(decide, decide)
    this.#deciding = deciding
    try {
      return await deciding
    } finally {
      if (this.#deciding === deciding) this.#deciding = undefined
    }
  }
}

/** A decision, as it is told. */
interface Decision {
  readonly server: Server
  readonly why: string
  readonly position: Position | undefined
  readonly waitedMs: number
}

/** The routes of the sessions of one engine. */
export class Routes {
  readonly #engine: string
  readonly #routes = new WeakMap<SessionState, Route>()

  constructor(engine: string) {
    this.#engine = engine
  }

  /** What runs outside of sessions has a route for each connection. */
  of(session: SessionState | undefined): Route {
    if (session === undefined) return new Route()
    let route = this.#routes.get(session)
    if (route === undefined) this.#routes.set(session, (route = new Route()))
    return route
  }

  decide(route: Route, session: SessionState | undefined, { server, why, position, waitedMs }: Decision): void {
    if (route.server === server) return
    route.server = server
    route.used = false
    if (!isHeard('sqlassist:session:route')) return
    const { latest } = server
    publish('sqlassist:session:route', {
      ...engineEvent(this.#engine, session, performance.now()),
      server: server.name,
      why,
      asked: position && formatLsn(position.lsn),
      found: latest && formatLsn(latest.lsn),
      waitedMs,
    })
  }
}
