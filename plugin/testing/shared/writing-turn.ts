import { TestDeadlockError } from '../../../orm/errors.ts'
import type { AppTransaction } from './transaction.ts'
import type { Visit } from './visit.ts'

/** How often those who wait look whether anything happens, in ms. */
const LOOK_MS = 50

/** Of the application's transactions that write one is open at a time: a savepoint cannot be kept when one around it is undone. */
export class WritingTurn {
  readonly #deadlockMs: number
  readonly #running: () => Visit | undefined
  #holder: Visit | undefined
  #released = Promise.withResolvers<void>()
  #lastHeard = 0

  /**
   * @param deadlockMs - how long a transaction may do nothing while another one waits for it
   * @param running - who has a statement running
   */
  constructor(deadlockMs: number, running: () => Visit | undefined) {
    this.#deadlockMs = deadlockMs
    this.#running = running
  }

  /** @throws TestDeadlockError, or what {@link Visit.stopWaiting} was given */
  async take(visit: Visit): Promise<void> {
    while (this.#holder !== undefined) await this.#wait(visit)
    this.#holder = visit
    this.heard(visit)
  }

  async #wait(visit: Visit): Promise<void> {
    const { promise: stopped, reject } = Promise.withResolvers<never>()
    const look = setInterval(() => {
      if (this.#running() !== this.#holder && performance.now() - this.#lastHeard > this.#deadlockMs) reject(new TestDeadlockError(this.#deadlockMs))
    }, LOOK_MS)
    visit.stopWaiting = reject
    try {
      await Promise.race([this.#released.promise, stopped])
    } finally {
      clearInterval(look)
      visit.stopWaiting = undefined
    }
  }

  /** Somebody has had a statement answered. */
  heard(visit: Visit): void {
    if (this.#holder === visit) this.#lastHeard = performance.now()
  }

  give(visit: Visit): void {
    if (this.#holder === visit) this.giveUp()
  }

  /** Whoever has it, has it no more. */
  giveUp(): void {
    this.#holder = undefined
    this.#released.resolve()
    this.#released = Promise.withResolvers()
  }

  /** The transaction of somebody else in which everything happens now. */
  around(visit: Visit): AppTransaction | undefined {
    const transaction = this.#holder === visit ? undefined : this.#holder?.transaction
    return transaction?.begun === true ? transaction : undefined
  }
}
