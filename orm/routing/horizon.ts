import type { Consistency } from './consistency.ts'
import { later, type Position } from './position.ts'

/** A server that can say how far it is: what was read of it, or written to it, before the call is no later than that. */
export interface Source {
  position(): Promise<Position>
}

/** What a client has seen, and written: no read of it may be older. One for each request or job. */
export class Horizon {
  readonly consistency: Consistency
  readonly #positions = new Map<string, Position>()
  /** Servers that have been used since they were asked last. */
  readonly #used = new Set<Source>()
  readonly #held = new Map<Source, number>()
  /** Answers that are on their way. */
  readonly #settling = new Set<Promise<void>>()
  /** Something was used that the client did not know of before: it is to be told. */
  wasUsed = false
  /** Nobody can say any more what was seen: only a primary is not behind that. */
  unknown: boolean

  /** @param seen - undefined where the client has shown what we cannot read */
  constructor(consistency: Consistency, seen: readonly Position[] | undefined) {
    this.consistency = consistency
    this.unknown = seen === undefined
    for (const position of seen ?? []) this.#learn(position)
  }

  /** A connection to a server is about to be used. */
  took(source: Source, toRead: boolean): void {
    if (toRead && this.consistency === 'eventual') return // what is seen there, nobody need see again
    this.#held.set(source, (this.#held.get(source) ?? 0) + 1)
    this.#used.add(source)
    this.wasUsed = true
  }

  /** It was used, and a commit may have been the last thing. */
  gaveBack(source: Source): void {
    const held = this.#held.get(source)
    if (held === undefined) return
    this.#held.set(source, held - 1)
    this.#used.add(source)
  }

  /** What must have been replayed of a cluster, as far as is known; {@link settle} first. */
  of(system: string): Position | undefined {
    return this.#positions.get(system)
  }

  get positions(): readonly Position[] {
    return [...this.#positions.values()]
  }

  /** Whether there is anything that a later read must not be older than. */
  get isEmpty(): boolean {
    return this.#positions.size === 0 && this.#used.size === 0 && this.#settling.size === 0 && !this.unknown
  }

  /**
   * Asks the servers that were used how far they are, and waits for what others have asked already: it was used before, too.
   *
   * @param except - one that need not be asked: what is read there next is no older
   */
  async settle(except?: Source): Promise<void> {
    for (const source of this.#used) {
      if (source === except) continue
      this.#used.delete(source)
      const settling = this.#settle(source).finally(() => this.#settling.delete(settling))
      this.#settling.add(settling)
    }
    await Promise.all(this.#settling)
  }

  /** Learns what no read can be older than, from the primaries: then it is no matter what was seen. */
  async learnAll(primaries: readonly Source[]): Promise<void> {
    const positions = await Promise.all(primaries.map(async (primary) => await primary.position())).catch(() => undefined)
    if (positions === undefined) return
    for (const position of positions) this.#learn(position)
    this.unknown = false
  }

  async #settle(source: Source): Promise<void> {
    try {
      this.#learn(await source.position())
    } catch {
      this.unknown = true
    }
    if ((this.#held.get(source) ?? 0) > 0) this.#used.add(source)
  }

  #learn(position: Position): void {
    const known = this.#positions.get(position.system)
    this.#positions.set(position.system, known === undefined ? position : later(known, position))
  }
}
