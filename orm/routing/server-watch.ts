import { settlesWithin } from '../bounded.ts'
import { ReplicaForeignError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'
import { reasonOf } from '../postgres/server-errors.ts'
import type { Position } from './position.ts'
import type { Primary } from './primary.ts'
import type { Server } from './server.ts'

/** Whose servers are looked after. */
export interface WatchSettings {
  readonly engine: string
  readonly replicas: readonly Server[]
  readonly primary: Primary
  /** Beyond that a replica is left out of what asks for nothing, in ms. */
  readonly leftOutMs: () => number
  readonly logger: () => SqlAssistLogger
}

/** How often, in ms, while somebody uses them or one is missing. */
const EVERY_MS = 500

/** For how long after the last use, in ms. */
const INTEREST_MS = 10_000

/** How long the first look may take, in ms: whoever has not answered by then is looked at later. */
const FIRST_LOOK_MS = 2000

/** A replica that is behind and has not moved for so long is not waited for, in ms. */
const STANDS_STILL_MS = 1000

/** What was found at a server before. */
interface Progress {
  readonly lsn: bigint
  readonly movedAt: number
}

/** Looks after the servers of a set: which of them answer, which are behind, and which are none of ours. */
export class ServerWatch {
  readonly #settings: WatchSettings
  readonly #progress = new WeakMap<Server, Progress>()
  /** What a server must have before it is like the others again: a standby that has crashed may have gone back. */
  readonly #rejoining = new WeakMap<Server, Position>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #interestUntil = 0
  #looked = false
  #closed = false

  constructor(settings: WatchSettings) {
    this.#settings = settings
  }

  /** Somebody uses the servers. */
  keepUp(): void {
    this.#interestUntil = performance.now() + INTEREST_MS
    if (this.#closed) return
    this.#timer ??= setInterval(() => this.#tick(), EVERY_MS).unref()
  }

  /** Resolves when every server has been looked at once, or has not answered in time. */
  seen(): Promise<void> | undefined {
    return this.#looked ? undefined : this.look()
  }

  /**
   * Looks at all servers now.
   *
   * @throws ReplicaForeignError where a replica is of another cluster
   */
  async look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
    await this.#looking
  }

  failed(server: Server, error: unknown): void {
    if (server.state === 'foreign') return
    if (server.state !== 'down') this.#say(server, `is down: ${reasonOf(error)}`)
    server.failed()
  }

  /** Whether it is worth while to wait for a server that is behind. */
  moves(server: Server): boolean {
    const progress = this.#progress.get(server)
    return progress === undefined || performance.now() - progress.movedAt < STANDS_STILL_MS
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
  }

  #tick(): void {
    if (performance.now() > this.#interestUntil && this.#settings.replicas.every(({ state }) => state !== 'down')) {
      clearInterval(this.#timer)
      this.#timer = undefined
      return
    }
    this.look().catch(() => {})
  }

  async #look(): Promise<void> {
    const { primary, replicas } = this.#settings
    const asked = primary.position().catch(() => undefined)
    const looks = Promise.all(replicas.map(async (server) => await this.#lookAt(server)))
    await settlesWithin(Promise.all([asked, looks]), FIRST_LOOK_MS)
    this.#looked = true
    for (const server of replicas) this.#judge(server)
    const foreign = replicas.find(({ state }) => state === 'foreign')
    if (foreign !== undefined) throw new ReplicaForeignError(this.#settings.engine, foreign.name)
  }

  async #lookAt(server: Server): Promise<void> {
    try {
      const { lsn } = await server.sampler.sample()
      const before = this.#progress.get(server)
      if (before === undefined || lsn !== before.lsn) this.#progress.set(server, { lsn, movedAt: performance.now() })
    } catch (error) {
      if (!this.#closed) this.failed(server, error)
    }
  }

  #judge(server: Server): void {
    const { primary, leftOutMs } = this.#settings
    const { latest } = server
    if (latest === undefined || server.state === 'foreign') return
    const system = primary.sampler.latest?.system
    if (system !== undefined && latest.system !== system) {
      server.state = 'foreign'
      this.#settings.logger().error({ engine: this.#settings.engine, server: server.name }, new ReplicaForeignError(this.#settings.engine, server.name).message)
      return
    }
    const now = primary.sampler.latest
    if (now !== undefined && server.has(now)) this.#progress.set(server, { lsn: latest.lsn, movedAt: performance.now() }) // it need not move
    const before = server.state
    if (before === 'down' && now !== undefined) this.#rejoining.set(server, now)
    const bound = this.#rejoining.get(server) ?? primary.positionBefore(leftOutMs())
    server.state = bound === undefined || server.has(bound) ? 'up' : 'lagging'
    if (server.state === 'up') this.#rejoining.delete(server)
    if (before === 'down') this.#say(server, 'is back')
    else if (before === 'up' && server.state === 'lagging') this.#say(server, `is more than ${leftOutMs()} ms behind: it is left out where any replica will do`)
    else if (before === 'lagging' && server.state === 'up') this.#say(server, 'has caught up')
  }

  #say({ name }: Server, what: string): void {
    const { engine, logger } = this.#settings
    logger().warn({ engine, server: name }, `${name} of engine '${engine}' ${what}`)
  }
}
