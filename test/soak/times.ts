// How long things have taken, in ms.

export class Times {
  readonly #all: number[] = []

  add(ms: number): void {
    this.#all.push(ms)
  }

  get size(): number {
    return this.#all.length
  }

  get max(): number {
    return this.#all.reduce((max, ms) => Math.max(max, ms), 0)
  }

  /** What this share of them did not exceed; 0 where there are none. */
  at(share: number): number {
    return this.#sorted()[Math.min(Math.floor(share * this.size), this.size - 1)] ?? 0
  }

  /** Which share of them was as long or longer. */
  shareFrom(ms: number): number {
    return this.size === 0 ? 0 : this.#all.filter((one) => one >= ms).length / this.size
  }

  /** `p50 3 ms, p99 12 ms, max 20 ms` */
  toString(): string {
    if (this.size === 0) return 'none'
    const text = (share: number): string => `${format(this.at(share))} ms`
    return `p50 ${text(0.5)}, p99 ${text(0.99)}, max ${text(1)}`
  }

  #sorted(): number[] {
    return this.#all.toSorted((one, other) => one - other)
  }
}

/** Tenths where they tell something. */
const format = (ms: number): string => (Math.abs(ms) < 10 ? ms.toFixed(1) : String(Math.round(ms)))
