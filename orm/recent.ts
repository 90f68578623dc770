/** A map of so many entries: what was asked for longest ago makes room. */
export class Recent<K, V> {
  readonly #most: number
  readonly #entries = new Map<K, V>()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key)
    // Where there is room for many more, nobody need know what was asked for last.
    if (value === undefined || this.#entries.size * 2 < this.#most) return value
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  /** @returns what had to make room, if anything */
  set(key: K, value: V): readonly [K, V] | undefined {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#most) return undefined
    const oldest = this.#entries.entries().next().value!
    this.#entries.delete(oldest[0])
    return oldest
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }

  keys(): IterableIterator<K> {
    return this.#entries.keys()
  }

  clear(): void {
    this.#entries.clear()
  }
}
