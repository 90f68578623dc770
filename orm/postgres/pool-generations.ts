import type { ClientClass, PgClient, PgPool } from './pg.ts'

/** A pool with its own methods, which for MikroORM's pool have been replaced by ours. */
interface Generation {
  readonly pool: PgPool
  connect(): Promise<PgClient>
  end(): Promise<void>
}

/** A pool that is on its way out. */
interface Draining {
  readonly generation: Generation
  ended(): void
}

/** The pg Pools behind one engine: one that serves, and those that were replaced and are still in use. */
export class PoolGenerations {
  readonly #Client: ClientClass
  readonly #lost: (error: Error) => void
  readonly #draining = new Set<Draining>()
  #current: Generation

  /** @param lost - told of idle connections that the server has closed */
  constructor(pool: PgPool, Client: ClientClass, lost: (error: Error) => void) {
    this.#Client = Client
    this.#lost = lost
    pool.Client = Client
    this.#current = generationOf(pool)
    // kysely ends the pool that it was given, and means all of them.
    pool.end = async () => {
      await Promise.all([this.#current, ...[...this.#draining].map(({ generation }) => generation)].map(async (generation) => await generation.end()))
    }
  }

  get current(): PgPool {
    return this.#current.pool
  }

  /** What connections are made of. pg hides the password from a spread. */
  get options(): Record<string, unknown> & { max: number } {
    const { options } = this.current
    return { ...options, ...(options.password === undefined ? {} : { password: options.password }) }
  }

  connect(): Promise<PgClient> {
    return this.#current.connect()
  }

  stats(): { total: number; idle: number; max: number } {
    const pools = [this.current, ...[...this.#draining].map(({ generation }) => generation.pool)]
    const sum = (count: (pool: PgPool) => number): number => pools.reduce((total, pool) => total + count(pool), 0)
    return { total: sum(({ totalCount }) => totalCount), idle: sum(({ idleCount }) => idleCount), max: this.current.options.max }
  }

  /** Puts a new pool in the place of the current one. Resolves when that one has been given everything back and is closed. */
  async renew(): Promise<void> {
    const old = this.#current
    const Pool = old.pool.constructor as new (options: object) => PgPool
    const pool = new Pool(this.options)
    pool.Client = this.#Client
    pool.on('connect', (client) => client.on('error', () => {})) // whoever holds it finds out by its statement
    pool.on('error', this.#lost)
    this.#current = generationOf(pool)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#draining.add({ generation: old, ended: resolve })
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
    for (const { client } of this.current._idle?.slice() ?? []) client.connection.stream.destroy()
  }
}

function generationOf(pool: PgPool): Generation {
  let ending: Promise<void> | undefined
  const [connect, end] = [pool.connect.bind(pool), pool.end.bind(pool)]
  return { pool, connect: async () => await connect(), end: () => (ending ??= end()) }
}
