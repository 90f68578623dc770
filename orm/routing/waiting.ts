import { setTimeout as sleep } from 'node:timers/promises'
import { type LogWait, WAITS_SINCE } from './log-wait.ts'
import type { Position } from './position.ts'
import { hasReached } from './reached.ts'
import type { Sample } from './sample.ts'
import type { Sampler } from './sampler.ts'

/** How long to wait before the next question, in ms: soon at first, because a replica that is not behind needs a millisecond. */
const FIRST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 10

interface Waiter {
  readonly position: Position
  readonly done: (reached: boolean) => void
}

/** Those who wait until a server has replayed a position. One question at a time is asked for all of them. */
export class Waiting {
  readonly #sampler: Sampler
  readonly #log: LogWait
  readonly #waiters = new Set<Waiter>()
  #asking = false

  constructor(sampler: Sampler, log: LogWait) {
    this.#sampler = sampler
    this.#log = log
  }

  /** @returns whether it has been replayed within the time; false also where the server does not answer */
  async reached(position: Position, timeoutMs: number): Promise<boolean> {
    if (hasReached(this.#sampler.latest, position)) return true
    if (timeoutMs <= 0) return false
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const waiter: Waiter = { position, done: resolve }
    const timer = setTimeout(resolve, timeoutMs, false)
    this.#waiters.add(waiter)
    void this.#ask()
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiters.delete(waiter)
    }
  }

  async #ask(): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    for (let pauseMs = FIRST_PAUSE_MS; this.#waiters.size > 0; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const sample = await this.#sampler.sample().catch(() => undefined)
      for (const { position, done } of this.#waiters) {
        if (sample === undefined) done(false)
        else if (hasReached(sample, position)) done(true)
      }
      if (this.#waiters.size > 0 && !(await this.#serverWaits(sample))) await sleep(pauseMs)
    }
    this.#asking = false
  }

  /** Where the server can say when it is so far, it need not be asked again and again. */
  async #serverWaits(sample: Sample | undefined): Promise<boolean> {
    if (sample === undefined || sample.primary || sample.version < WAITS_SINCE) return false
    const wanted = [...this.#waiters].map(({ position }) => position.lsn).filter((lsn) => lsn > sample.lsn)
    return wanted.length > 0 && (await this.#log.replayed(wanted.reduce((a, b) => (a < b ? a : b))))
  }
}
