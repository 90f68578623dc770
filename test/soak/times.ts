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

  /** `p50 3 ms, p99 12 ms, max 20 ms` */
  toString(): string {
    if (this.size === 0) return 'none'
    const sorted = this.#all.toSorted((one, other) => one - other)
    const at = (share: number): string => `${Math.round(sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)]!)} ms`
    return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`
  }
}
