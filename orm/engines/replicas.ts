import { Configuration } from '@mikro-orm/core'
import type { SqlAssistLogger } from '../logger.ts'
import type { EnginePool } from '../postgres/engine-pool.ts'
import type { PoolStats } from '../postgres/pool-stats.ts'
import type { Failover } from '../routing/failover.ts'
import { ReplicaSet } from '../routing/replica-set.ts'
import { Server } from '../routing/server.ts'
import { formatLsn } from '../routing/lsn.ts'
import type { ServerState } from '../routing/server.ts'
import { checkServers, type EngineHealth } from './check.ts'
import { type AnyOptions, guaranteesOf, sqlAssistConfig } from './guarantees.ts'
import type { EngineDefinition } from './definition.ts'

/** What is known of one server of an engine with replicas, as a plain copy. */
export interface ReplicaStats {
  /** `replica 1`, or the name of the followed engine. */
  readonly server: string
  /** Whether it is read from. */
  readonly state: ServerState
  /** How far it is known to have replayed (LSN); undefined where it is not known. */
  readonly replayed: string | undefined
  /** Its connections; null before the first one. */
  readonly pool: PoolStats | null
}

/** What the replicas of an engine are made of. */
interface ReplicasSettings {
  readonly definition: EngineDefinition
  /** The pool that MikroORM knows, which is that of the first replica. */
  readonly first: EnginePool
  /** The followed engine's name and pool. */
  readonly followed: { readonly name: string; readonly pool: EnginePool }
  readonly logger: SqlAssistLogger
}

/** The servers behind an engine with replicas, and their pools of connections. */
export class Replicas {
  readonly #set: ReplicaSet
  readonly #first: EnginePool
  readonly #servers: readonly Server[]
  readonly #aside: Server | undefined
  readonly #failover: Failover

  constructor({ definition, first, followed, logger }: ReplicasSettings) {
    const { name, replicas = [], fallback } = definition
    const { primary, failover, moved } = followed.pool.followed
    const more = replicas.slice(1).map((config) => poolOf(name, config, definition, logger))
    const pools = [first, ...more]
    const servers = pools.map((pool, index) => new Server(`replica ${index + 1}`, pool, primary))
    const aside = fallback === 'error' ? undefined : new Server(followed.name, first.beside(followed.pool.connectionOptions), primary, primary.sampler)
    this.#set = new ReplicaSet({
      engine: name,
      replicas: servers,
      followed: aside,
      primary,
      waitMs: () => first.limits.replicaWaitMs,
      leftOutMs: () => first.limits.replicaLagMs,
      logger: () => logger,
    })
    failover.add(servers.map((server) => ({ name: `${server.name} of engine '${name}'`, sampler: server.sampler, options: () => server.pool.connectionOptions })))
    if (aside !== undefined) moved.add(() => aside.pool.moveTo(followed.pool.connectionOptions))
    this.#failover = failover
    this.#aside = aside
    this.#first = first
    this.#servers = this.#set.servers
    for (const server of this.#servers) server.pool.route(this.#set, first, server)
  }

  /** @throws ReplicaForeignError, TwoPrimariesError */
  async look(): Promise<void> {
    await this.#set.look()
    await this.#failover.look()
  }

  /** How all servers are. Never rejects. */
  async check(): Promise<EngineHealth> {
    return await checkServers(this.#servers)
  }

  stats(): { readonly pool: PoolStats | null; readonly replicas: readonly ReplicaStats[] } {
    const replicas = this.#servers.map((server) => {
      const { name, latest, pool } = server
      const state = server === this.#aside && latest?.primary === true ? 'up' : server.state // nobody looks after it: it is what the others are measured by
      return { server: name, state, replayed: latest && formatLsn(latest.lsn), pool: pool.stats() }
    })
    const sum = (count: (stats: PoolStats) => number): number => replicas.reduce((total, { pool }) => total + (pool === null ? 0 : count(pool)), 0)
    const pool = { total: sum(({ total }) => total), idle: sum(({ idle }) => idle), waiting: sum(({ waiting }) => waiting), max: sum(({ max }) => max) }
    return { pool, replicas }
  }

  /** Makes the connections anew to all servers. */
  async reinit(timeoutMs: number): Promise<boolean> {
    const inTime = await Promise.all(this.#servers.map(async ({ pool }) => await pool.reinit(timeoutMs)))
    return inTime.every(Boolean)
  }

  /** Closes all that MikroORM does not know of. */
  async close(timeoutMs: number): Promise<void> {
    this.#set.close()
    await Promise.all(this.#servers.map(async ({ pool }) => pool === this.#first || (await pool.end(timeoutMs))))
  }
}

/** MikroORM's own way from its options to a pool, for a server of which it knows nothing. */
function poolOf(engine: string, config: AnyOptions, definition: EngineDefinition, logger: SqlAssistLogger): EnginePool {
  const options = sqlAssistConfig(engine, config, { readonly: true })
  const guarantees = guaranteesOf(options.driverOptions)!
  guarantees.logger = logger
  guarantees.pool.configure(definition)
  const driver = new options.driver!(new Configuration(options, false))
  ;(driver.getConnection() as unknown as { getClient(): unknown }).getClient() // makes the pool
  return guarantees.pool
}
