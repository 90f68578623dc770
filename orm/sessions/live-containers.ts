import type { SessionsContainer } from './container.ts'

/**
 * The containers that are not closed. Each knows its place, and the last one takes the place of one that leaves: a Set makes a new table for every few that come
 * and go.
 */
export class LiveContainers {
  readonly #all: SessionsContainer[] = []

  get size(): number {
    return this.#all.length
  }

  add(container: SessionsContainer): void {
    container.$place = this.#all.push(container) - 1
  }

  delete(container: SessionsContainer): void {
    const { $place: place } = container
    if (this.#all[place] !== container) return
    const last = this.#all.pop()!
    if (last === container) return
    this.#all[place] = last
    last.$place = place
  }

  /** Of a copy: they change places while somebody goes through them. */
  [Symbol.iterator](): IterableIterator<SessionsContainer> {
    return [...this.#all].values()
  }
}
