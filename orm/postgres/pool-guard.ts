import type { SqlAssistLogger } from '../logger.ts'
import { runningSession } from '../sessions/running.ts'
import { guardClient, type ClientClass, type GuardedClient } from './guarded-client.ts'

/** The part of pg's Pool that we touch; declared here, because pg is the driver's dependency and not ours. */
export interface GuardablePool {
  Client: ClientClass
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  readonly options: { max: number }
  on(event: 'acquire' | 'release', listener: (...args: never[]) => void): unknown
}

/** What a pool is doing, as a plain copy. */
export interface PoolStats {
  readonly total: number
  readonly idle: number
  readonly waiting: number
  readonly max: number
}

/** Watches the pool of one engine: what is checked out, and in which state it comes back. */
export class PoolGuard {
  readonly #engine: string
  readonly #logger: () => SqlAssistLogger
  readonly #checkedOut = new Set<GuardedClient>()
  #pool: GuardablePool | undefined

  constructor(engine: string, logger: () => SqlAssistLogger) {
    this.#engine = engine
    this.#logger = logger
  }

  /** Called when MikroORM has made the pool, before its first connection. */
  watch(pool: GuardablePool): void {
    this.#pool = pool
    pool.Client = guardClient(pool.Client, {
      acquired: (client) => void this.#checkedOut.add(client),
      released: (client) => void this.#checkedOut.delete(client),
      returnedInTransaction: (client) => this.#warn(client),
    })
  }

  stats(): PoolStats | null {
    const pool = this.#pool
    return pool === undefined ? null : { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount, max: pool.options.max }
  }

  /** Destroys every connection that somebody still holds, so that the pool can end. */
  destroyCheckedOut(): void {
    for (const client of this.#checkedOut) client.release(true)
  }

  #warn(client: GuardedClient): void {
    const session = runningSession()
    this.#logger().warn(
      { engine: this.#engine, pid: client.processID, session: session?.id },
      `A connection of engine '${this.#engine}' came back inside a transaction and is destroyed; it was left so by ` +
        (session === undefined ? 'code outside a session' : `raw SQL of ${session.label}`),
    )
  }
}
