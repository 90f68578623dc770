import type { ClientClass, PgClient, PgPool } from './pg.ts'

/** Is given a connection, or the error. */
export type TakeCallback = (error: unknown, client?: PgClient) => void

/** A pool with its own methods, which for MikroORM's pool have been replaced by ours. */
interface Generation {
  readonly pool: PgPool
  take(callback: TakeCallback): void
  end(): Promise<void>
}

/** A pool that is on its way out. */
interface Draining {
  readonly generation: Generation
  ended(): void
}

/** What a pool tells: to listeners of MikroORM, and of the application. */
const EVENTS = ['connect', 'acquire', 'release', 'remove', 'error'] as const

/** The pg Pools behind one engine: one that serves, and those that were replaced and are still in use. */
export class PoolGenerations {
  readonly #first: PgPool
  readonly #Client: ClientClass
  readonly #draining = new Set<Draining>()
  #current: Generation

  /** @param pool - MikroORM's, and as such what all others are behind */
  constructor(pool: PgPool, Client: ClientClass) {
    this.#first = pool
    this.#Client = Client
    pool.Client = Client
    this.#current = generationOf(pool)
    // kysely ends the pool that it was given, and means all of them.
    pool.end = async () => void (await Promise.all(this.#all.map(async (generation) => await generation.end())))
  }

  get current(): PgPool {
    return this.#current.pool
  }

  get #all(): Generation[] {
    return [this.#current, ...[...this.#draining].map(({ generation }) => generation)]
  }

  /** What connections are made of. pg hides the password from a spread. */
  get options(): Record<string, unknown> & { max: number } {
    const { options } = this.current
    return { ...options, ...(options.password === undefined ? {} : { password: options.password }) }
  }

  connect(): Promise<PgClient> {
    // By a callback: pg-pool makes two promises more of one.
    return new Promise((resolve, reject) => this.take((error, client) => (client === undefined ? reject(error) : resolve(client))))
  }

  /**
   * The same as {@link connect}, without a promise.
   *
   * @param callback - called once, as soon as the connection is there: by whoever gives it back, in most cases. It must not throw
   */
  take(callback: TakeCallback): void {
    this.#current.take(callback)
  }

  stats(): { total: number; idle: number; max: number } {
    const sum = (count: (pool: PgPool) => number): number => this.#all.reduce((total, { pool }) => total + count(pool), 0)
    return { total: sum(({ totalCount }) => totalCount), idle: sum(({ idleCount }) => idleCount), max: this.current.options.max }
  }

  /** One more pool. What it tells is told by MikroORM's pool, which is the one that everybody listens to. */
  make(options: object): PgPool {
    const Pool = this.#first.constructor as new (options: object) => PgPool
    const pool = new Pool(options)
    pool.Client = this.#Client
    for (const event of EVENTS) pool.on(event, (...args: unknown[]) => void this.#first.emit(event, ...args))
    return pool
  }

  /** Puts a new pool in the place of the current one, of the same options or of others. Resolves when that one has been given everything back and is closed. */
  async renew(options: object = this.options): Promise<void> {
    const old = this.#current
    this.#current = generationOf(this.make(options))
    await this.#retire(old)
  }

  /** Whether a connection is of the pool that serves. */
  isCurrent(client: PgClient): boolean {
    return this.current._clients?.includes(client) ?? false
  }

  /** Whether a connection is of a pool that is on its way out. */
  isOld(client: PgClient): boolean {
    return [...this.#draining].some(({ generation }) => generation.pool._clients?.includes(client) ?? false)
  }

  /** Ends a pool that {@link make} has made, when it has been given everything back. */
  async retire(pool: PgPool): Promise<void> {
    await this.#retire(generationOf(pool))
  }

  async #retire(generation: Generation): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#draining.add({ generation, ended: resolve })
    this.endDrained()
    await promise
  }

  /** Ends the old pools that nobody waits for any more: a pool that ends forgets who waits. Called again and again. */
  endDrained(): void {
    for (const draining of this.#draining) {
      const { generation } = draining
      if (generation.pool.waitingCount > 0 || generation.pool.ending) continue
      void this.#end(draining)
    }
  }

  async #end(draining: Draining): Promise<void> {
    await draining.generation.end()
    this.#draining.delete(draining)
    draining.ended()
  }

  /** Cuts all idle connections. */
  destroyIdle(): void {
    for (const { pool } of this.#all) destroyIdle(pool)
  }
}

/** Cuts the idle connections of a pool. */
export function destroyIdle(pool: PgPool): void {
  for (const { client } of pool._idle?.slice() ?? []) {
    pool._remove(client) // at once: whoever comes before the socket has closed would be given it
    client.connection.stream.destroy()
  }
}

function generationOf(pool: PgPool): Generation {
  let ending: Promise<void> | undefined
  const [connect, end] = [pool.connect.bind(pool), pool.end.bind(pool)]
  return { pool, take: (callback) => void connect(callback), end: () => (ending ??= end()) }
}
