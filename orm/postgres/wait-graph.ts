import { Bag, type Bagged } from '../bag.ts'

/** Who waits for a connection. */
export interface Waiter {
  /** The container whose session waits; undefined for work outside of sessions. */
  readonly owner: object | undefined
  /** Of `performance.now()`. */
  readonly since: number
  fail(error: unknown): void
}

/** A connection that is checked out, seen from here. */
export interface Holder {
  readonly owner: object | undefined
  /** Nothing runs on it, and nothing has for a while. */
  readonly quiet: boolean
}

/** A pool, seen from here. */
export interface WaitingPool extends Bagged {
  readonly full: boolean
  readonly waiters: Iterable<Waiter>
  readonly holders: Iterable<Holder>
}

/** The pools of the process that somebody waits for: a request may hold a connection of one and wait for another's. */
const waitedFor = new Bag<WaitingPool>()

export function noteWaiting(pool: WaitingPool, waiting: boolean): void {
  if (waiting) waitedFor.add(pool)
  else waitedFor.delete(pool)
}

/**
 * Who holds connections of pools that wait for themselves, this one among them: all who hold theirs wait for one more, of it or of a pool of
 * which the same is true. That is what is left when every pool has been taken away of which somebody may still give a connection back.
 *
 * @returns undefined where the pool is not one of them
 */
export function deadlockedHolders(pool: WaitingPool): ReadonlySet<object> | undefined {
  const stuck = new Set([...waitedFor].filter(({ full }) => full))
  for (let before = -1; before !== stuck.size; ) {
    before = stuck.size
    const waiting = new Set([...stuck].flatMap(({ waiters }) => [...waiters].map(({ owner }) => owner)))
    for (const candidate of stuck) {
      const blocked = [...candidate.holders].every(({ owner, quiet }) => quiet && owner !== undefined && waiting.has(owner))
      if (!blocked) stuck.delete(candidate)
    }
  }
  return stuck.has(pool) ? new Set([...stuck].flatMap(({ holders }) => [...holders].map(({ owner }) => owner!))) : undefined
}
