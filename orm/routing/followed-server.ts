import type { SqlAssistLogger } from '../logger.ts'
import type { PgClient } from '../postgres/pg.ts'
import { Failover } from './failover.ts'
import { Primary } from './primary.ts'
import { Sampler } from './sampler.ts'

/** The pool of a writable engine, seen from here. */
export interface FollowedPool {
  readonly engine: string
  /** What its connections are made of now. */
  readonly connectionOptions: Record<string, unknown>
  connectAside(timeoutMs: number, options?: Record<string, unknown>): Promise<PgClient>
  moveTo(options: Record<string, unknown>): void
  log(): SqlAssistLogger
}

/** The server of a writable engine as those see it who follow it: where its log ends, and who is the primary when it is gone. */
export class FollowedServer {
  readonly primary: Primary
  readonly failover: Failover
  /** Called when the connections have moved to another server. */
  readonly moved: Set<() => void> = new Set()
  closed = false

  constructor(pool: FollowedPool) {
    const { engine } = pool
    const home = { ...pool.connectionOptions }
    this.primary = new Primary(async (timeoutMs) => await pool.connectAside(timeoutMs))
    this.failover = new Failover(
      { engine, sampler: this.primary.sampler, moveTo: (options) => this.#moveTo(pool, options), log: () => pool.log() },
      { name: 'its own server', sampler: new Sampler(async (timeoutMs) => await pool.connectAside(timeoutMs, home)), options: () => home },
    )
    this.primary.onSeen = (sample) => this.failover.saw(sample)
    this.primary.onTrouble = (refused) => this.failover.trouble(refused)
  }

  #moveTo(pool: FollowedPool, options: Record<string, unknown>): void {
    pool.moveTo(options)
    this.primary.renew()
    for (const moved of this.moved) moved()
  }

  close(): void {
    this.closed = true
    this.primary.close()
    this.failover.close()
  }
}
