import { type Consistency, DEFAULT_CONSISTENCY } from './consistency.ts'
import { Horizon } from './horizon.ts'
import type { Primary } from './primary.ts'
import type { Tokens } from './token.ts'

/** An engine with replicas, seen from those who have been told what was seen there. */
export interface ReplicatedEngine {
  readonly primary: Primary
}

/** What a container is to see again. */
export interface HorizonWish {
  /** Default: that of the application. */
  readonly consistency?: Consistency | undefined
  /** What a client has brought, see `Tokens`: of several, all hold. */
  readonly tokens?: readonly string[] | undefined
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

  create({ consistency = this.#consistency, tokens = [] }: HorizonWish = {}): Horizon {
    const seen = tokens.map((token) => this.#tokens.decode(token))
    return new Horizon(consistency, seen.includes(undefined) ? undefined : seen.flatMap((positions) => positions ?? []))
  }

  /** What was committed by anybody, until now. */
  async now(): Promise<string | undefined> {
    return await this.tokenOf(new Horizon('session', undefined))
  }

  /** What to ask for again; undefined where nothing was seen. */
  async tokenOf(horizon: Horizon): Promise<string | undefined> {
    if (horizon.isEmpty) return undefined
    await horizon.settle()
    if (horizon.unknown) await horizon.learnAll(this.#engines().map(({ primary }) => primary))
    return this.#tokens.encode(horizon.positions, horizon.unknown)
  }
}
