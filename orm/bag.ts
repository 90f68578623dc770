/** Where something is in the bag that it is in. Name the field in its class, so that all objects of it have the same shape. */
export interface Bagged {
  $place: number
}

/**
 * Things that come and go with every request, in no order. Each knows its place, and the last one takes the place of one that leaves. A Set makes a new table for
 * every few that come and go, and each table leads to the next: once one of them is old, all that follow, with everything in them, live until the next collection of the
 * whole heap. That made each collection of the young generation ten times as long.
 */
export class Bag<T extends Bagged> {
  readonly #all: T[] = []

  get size(): number {
    return this.#all.length
  }

  add(item: T): void {
    if (!this.has(item)) item.$place = this.#all.push(item) - 1
  }

  has(item: T): boolean {
    return this.#all[item.$place] === item
  }

  delete(item: T): void {
    if (!this.has(item)) return
    const last = this.#all.pop()!
    if (last === item) return
    this.#all[item.$place] = last
    last.$place = item.$place
  }

  /** Of a copy: they change places while somebody goes through them. */
  [Symbol.iterator](): IterableIterator<T> {
    return [...this.#all].values()
  }
}
