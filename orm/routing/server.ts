import type { EnginePool } from '../postgres/engine-pool.ts'
import type { Source } from './horizon.ts'
import { LogWait } from './log-wait.ts'
import type { Position } from './position.ts'
import type { Primary } from './primary.ts'
import { hasReached } from './reached.ts'
import type { Sample } from './sample.ts'
import { Sampler } from './sampler.ts'
import { Waiting } from './waiting.ts'

/** What is known of a server: nothing yet; it answers; it does not; it is too far behind; it is of another cluster and never used. */
export type ServerState = 'unknown' | 'up' | 'down' | 'lagging' | 'foreign'

/** Differences below this, in ms, say nothing of a server. */
const SAME_LATENCY_MS = 2

/** One server that an engine with replicas may read from, with connections of its own. */
export class Server implements Source {
  /** `replica 1`, or the name of the followed engine. */
  readonly name: string
  readonly pool: EnginePool
  readonly #primary: Primary
  readonly sampler: Sampler
  /** Where somebody else asks that server already, it is theirs. */
  readonly #ownSampler: boolean
  readonly #log: LogWait
  readonly #waiting: Waiting
  state: ServerState = 'unknown'
  /** How many are on their way to a connection of it: those who choose at the same moment would all choose the same. */
  coming = 0

  /** @param sampler - where somebody asks that server already */
  constructor(name: string, pool: EnginePool, primary: Primary, sampler?: Sampler) {
    this.name = name
    this.pool = pool
    this.#primary = primary
    this.#ownSampler = sampler === undefined
    this.sampler = sampler ?? new Sampler(async (timeoutMs) => await pool.connectAside(timeoutMs))
    this.#log = new LogWait(async (timeoutMs) => await pool.connectAside(timeoutMs))
    this.#waiting = new Waiting(this.sampler, this.#log)
  }

  /** Whether statements may be sent there at all. */
  get usable(): boolean {
    return this.state === 'up' || this.state === 'lagging'
  }

  /** How far it is known to be. */
  get latest(): Sample | undefined {
    return this.sampler.latest
  }

  /** How far it is now; where it does not say so, at most as far as its primary. */
  async position(): Promise<Position> {
    return await this.sampler.sample().catch(async () => await this.#primary.position())
  }

  /** Whether it is known to have a position. */
  has(position: Position): boolean {
    return hasReached(this.latest, position)
  }

  async reached(position: Position, timeoutMs: number): Promise<boolean> {
    return await this.#waiting.reached(position, timeoutMs)
  }

  /** Whether one more session would wait for a connection. */
  get full(): boolean {
    return this.pool.busy + this.coming >= this.pool.max
  }

  /** What one more session there costs: how much there is to do already, and how long answers take. */
  get cost(): number {
    return (this.pool.busy + this.coming + 1) * Math.max(this.sampler.latencyMs, SAME_LATENCY_MS)
  }

  /** It has not answered, so that nothing is known of it any more. */
  failed(): void {
    if (this.state === 'foreign') return
    this.state = 'down'
    this.sampler.renew()
    this.#log.hangUp()
  }

  close(): void {
    if (this.#ownSampler) this.sampler.close()
    this.#log.close()
  }
}
