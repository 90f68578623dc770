import { type Consistency, DEFAULT_CONSISTENCY } from './consistency.ts'
import { Horizon } from './horizon.ts'
import type { Position } from './position.ts'
import type { Primary } from './primary.ts'
import type { Tokens } from './token.ts'

/** An engine with replicas, seen from those who have been told what was seen there. */
export interface ReplicatedEngine {
  readonly primary: Primary
  /** Whether each of its servers is known to have a position, so that nobody need remember it. */
  has(position: Position): boolean
}

/** What a container is to see again. */
export interface HorizonWish {
  /** Default: that of the application. */
  readonly consistency?: Consistency | undefined
  /** What a client has brought, see {@link Tokens}. */
  readonly token?: string | undefined
}

/** Makes the horizons of an application, and the tokens by which they outlast a request. */
export class Horizons {
  readonly #engines: () => readonly ReplicatedEngine[]
  readonly #tokens: Tokens
  readonly #consistency: Consistency

  constructor(engines: () => readonly ReplicatedEngine[], tokens: Tokens, consistency: Consistency = DEFAULT_CONSISTENCY) {
    this.#engines = engines
    this.#tokens = tokens
    this.#consistency = consistency
  }

  create({ consistency = this.#consistency, token }: HorizonWish = {}): Horizon {
    return new Horizon(consistency, token === undefined ? [] : this.#tokens.decode(token))
  }

  /** What to ask for again; undefined where nothing was seen. */
  async tokenOf(horizon: Horizon): Promise<string | undefined> {
    if (horizon.isEmpty) return undefined
    await horizon.settle()
    if (horizon.unknown) await horizon.learnAll(this.#engines().map(({ primary }) => primary))
    return this.#tokens.encode(horizon.positions, horizon.unknown)
  }

  /** Whether every server there is has what was seen: then any of them will do for the next read. */
  isEverywhere(horizon: Horizon): boolean {
    return !horizon.unknown && horizon.positions.every((position) => this.#engines().every((engine) => engine.has(position)))
  }
}
