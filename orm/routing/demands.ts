import { DatabaseUnavailableError } from '../errors.ts'
import { reasonOf } from '../postgres/server-errors.ts'
import type { Horizon } from './horizon.ts'
import { formatPosition, later, type Position } from './position.ts'
import type { Primary } from './primary.ts'
import type { Server } from './server.ts'

/** What must be known to say what a read asks for. */
export interface DemandSettings {
  readonly engine: string
  readonly replicas: readonly Server[]
  /** The followed engine's server, with connections of this engine's own, read-only. Undefined where nobody may fall back to it. */
  readonly followed: Server | undefined
  readonly primary: Primary
}

/** What a read asks of a server. */
export interface Demand {
  /** Whatever some server has. */
  readonly any?: boolean
  /** Only a primary will do. */
  readonly primary?: boolean
  readonly position?: Position | undefined
  /** In words, for whoever wonders about the choice. */
  readonly why: string
}

/** Says what reads ask for: by what their client has seen, and by the consistency that it wants. */
export class Demands {
  readonly #settings: DemandSettings

  constructor(settings: DemandSettings) {
    this.#settings = settings
  }

  /** @param here - where it reads already: what is read there next is no older */
  async of(horizon: Horizon | undefined, here: Server | undefined): Promise<Demand> {
    if (horizon === undefined || horizon.consistency === 'eventual') return { any: true, why: 'any replica will do' }
    const { consistency } = horizon
    const { primary } = this.#settings
    await horizon.settle(here)
    if (consistency === 'strong') return await this.#newest(`consistency: 'strong'`)
    if (horizon.unknown) return await this.#newest('what the client has seen is not known')
    const system = primary.sampler.latest?.system ?? this.#anySystem
    const seen = system === undefined ? undefined : horizon.of(system)
    if (seen !== undefined && (await this.#isOfAnotherTimeline(seen))) return await this.#newest(`the client has seen ${formatPosition(seen)}, which is another history`)
    if (consistency === 'session') return seen === undefined ? { why: 'the client has seen nothing yet' } : { position: seen, why: `it has what the client has seen: ${formatPosition(seen)}` }
    const within = await primary.positionWithin(consistency.maxLagMs).catch(() => undefined)
    if (within === undefined) return await this.#newest('how old the replicas are is not known')
    return { position: seen === undefined ? within : later(seen, within), why: `it is at most ${consistency.maxLagMs} ms old` }
  }

  /** The primary itself, or, where nobody may read there, what it has by now. */
  async #newest(why: string): Promise<Demand> {
    if (this.#settings.followed !== undefined) return { primary: true, why }
    return { position: await this.now(), why }
  }

  async #isOfAnotherTimeline({ timeline }: Position): Promise<boolean> {
    const { sampler } = this.#settings.primary
    const known = sampler.latest?.timeline
    if (known === undefined || known === timeline) return false
    return (await sampler.sample().catch(() => undefined))?.timeline !== timeline
  }

  /**
   * Where the log of the primary ends.
   *
   * @throws DatabaseUnavailableError where it is not to be had
   */
  async now(): Promise<Position> {
    return await this.#settings.primary.position().catch((error: unknown) => this.#unavailable(error))
  }

  #unavailable(cause: unknown): never {
    throw new DatabaseUnavailableError(this.#settings.engine, reasonOf(cause), { cause })
  }

  get #anySystem(): string | undefined {
    return this.#settings.replicas.find(({ latest, usable }) => usable && latest !== undefined)?.latest!.system
  }
}
