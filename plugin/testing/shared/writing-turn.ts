import { TestDeadlockError } from '../../../orm/errors.ts'
import type { AppTransaction } from './transaction.ts'
import type { Visit } from './visit.ts'

/** How often those who wait look whether anything happens, in ms. */
const LOOK_MS = 10

/** How long a transaction must have done nothing for another one to begin inside of it, in ms: it may be waiting for just that one. */
const INSIDE_MS = 30

/** Of the application's transactions that write only the one that was begun last goes on: a savepoint cannot be kept, or undone, before those in it. */
export class WritingTurn {
  readonly #deadlockMs: number
  /** Those who wait for an answer: they are not idle, even if nothing of theirs runs yet. */
  readonly #asking = new Set<Visit>()
  /** Each is in the one before. */
  readonly #open: Visit[] = []
  #changed = Promise.withResolvers<void>()
  #lastHeard = 0

  /** @param deadlockMs - how long a transaction may do nothing while another one waits for it */
  constructor(deadlockMs: number) {
    this.#deadlockMs = deadlockMs
  }

  /** Does what a connection asks for. */
  async during<T>(visit: Visit, work: () => Promise<T>): Promise<T> {
    this.#asking.add(visit)
    try {
      return await work()
    } finally {
      this.#asking.delete(visit)
      if (this.#last === visit) this.#lastHeard = performance.now()
    }
  }

  get #last(): Visit | undefined {
    return this.#open.at(-1)
  }

  /**
   * Begins a transaction: when there is no other, or in one that does nothing.
   *
   * @throws what {@link Visit.stopWaiting} was given
   */
  async take(visit: Visit): Promise<void> {
    while (this.#last !== undefined && !this.#quietFor(INSIDE_MS)) await this.#wait(visit, INSIDE_MS)
    this.#open.push(visit)
  }

  /**
   * Goes on with a transaction, when those in it have ended.
   *
   * @throws TestDeadlockError, or what {@link Visit.stopWaiting} was given
   */
  async resume(visit: Visit, deadlockMs: number = this.#deadlockMs): Promise<void> {
    while (this.#open.includes(visit) && this.#last !== visit) {
      await this.#wait(visit, deadlockMs)
      if (this.#open.includes(visit) && this.#last !== visit && this.#quietFor(deadlockMs)) throw new TestDeadlockError(deadlockMs)
    }
  }

  #quietFor(ms: number): boolean {
    return !this.#asking.has(this.#last!) && performance.now() - this.#lastHeard > ms
  }

  /** Waits until a transaction has ended, or the last one has done nothing for a while. */
  async #wait(visit: Visit, quietMs: number): Promise<void> {
    const { promise: stopped, resolve: quiet, reject } = Promise.withResolvers<void>()
    const look = setInterval(() => this.#quietFor(quietMs) && quiet(), LOOK_MS)
    visit.stopWaiting = reject
    try {
      await Promise.race([this.#changed.promise, stopped])
    } finally {
      clearInterval(look)
      visit.stopWaiting = undefined
    }
  }

  /** A transaction has ended. */
  give(visit: Visit): void {
    if (this.#last === visit) this.#open.pop()
    this.#lastHeard = performance.now()
    this.#tell()
  }

  /** All have ended. */
  giveUp(): void {
    this.#open.length = 0
    this.#tell()
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** The transaction in which everything happens now. */
  get current(): AppTransaction | undefined {
    return this.#last?.transaction
  }
}
