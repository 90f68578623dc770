import type { PgClient } from '../postgres/pg.ts'
import { Sampler } from './sampler.ts'
import type { Position } from './position.ts'
import type { Sample } from './sample.ts'

/** How many old positions are remembered. */
const MOST = 256

/** When there are more of them, two that are closer than this part of their age are one: many reads would soon have pushed out what is a little older. */
const NEAREST = 1 / 16

/** For how long positions go on being taken after somebody has last asked how old a state is, in ms. */
const INTEREST_MS = 5000

/** How often they are taken: so many times in the period that is asked for, within these bounds, in ms. */
const PER_PERIOD = 4
const SHORTEST_MS = 20
const LONGEST_MS = 1000

/** The server of a writable engine, as those see it who follow it: how far its log is, and was. */
export class Primary {
  readonly sampler: Sampler
  readonly #history: Sample[] = []
  #interest: { readonly until: number; readonly everyMs: number } | undefined
  #timer: NodeJS.Timeout | undefined
  /** Told of each answer, where somebody wants to know. */
  onSeen: ((sample: Sample) => void) | undefined
  /** Told where it does not answer, or accepts no writes any more. */
  onTrouble: ((refused: boolean) => void) | undefined

  constructor(connect: (timeoutMs: number) => Promise<PgClient>) {
    this.sampler = new Sampler(connect)
  }

  /**
   * Where its log ends now: everything that was committed before the call is before that.
   *
   * @throws NotPrimary where it is a standby by now, or what the network says
   */
  async position(): Promise<Sample> {
    const sample = await this.sampler.sample().catch((error: unknown) => {
      this.onTrouble?.(false)
      throw error
    })
    if (!sample.primary) {
      this.onTrouble?.(true)
      throw new Error('the server that is followed accepts no writes: it is no primary')
    }
    this.onSeen?.(sample)
    this.#remember(sample)
    return sample
  }

  /**
   * A position that a state must have reached so as to be no older than so many ms. Taken by one clock, ours: no clock of a server counts, and a primary on which
   * nothing happens makes nothing older.
   */
  async positionWithin(ms: number): Promise<Position> {
    this.#goOnFor(ms)
    const since = performance.now() - ms
    return this.#history.find(({ askedAt }) => askedAt >= since) ?? (await this.position())
  }

  /** The last position that was taken at least so many ms ago: a state that has not reached it is older. Undefined where none was taken then. */
  positionBefore(ms: number): Position | undefined {
    const until = performance.now() - ms
    return this.#history.findLast(({ askedAt }) => askedAt <= until)
  }

  /** The connections lead somewhere else from now on. */
  renew(): void {
    this.#history.length = 0
    this.sampler.renew()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#interest = undefined
    this.sampler.close()
  }

  #remember(sample: Sample): void {
    const last = this.#history.at(-1)
    if (last !== undefined && last.timeline !== sample.timeline) this.#history.length = 0
    this.#history.push(sample)
    if (this.#history.length > MOST) this.#thinOut()
  }

  #thinOut(): void {
    const now = performance.now()
    let kept = -Infinity
    const apart = this.#history.filter(({ askedAt }) => {
      if (askedAt - kept < (now - askedAt) * NEAREST) return false
      kept = askedAt
      return true
    })
    this.#history.splice(0, this.#history.length, ...apart.slice(-MOST))
  }

  /** So that there is a position to find that is a little older than now, which replicas have reached: without it everybody would wait for a new one. */
  #goOnFor(ms: number): void {
    const everyMs = Math.min(Math.max(ms / PER_PERIOD, SHORTEST_MS), LONGEST_MS, this.#interest?.everyMs ?? LONGEST_MS)
    this.#interest = { until: performance.now() + INTEREST_MS, everyMs }
    this.#timer ??= this.#schedule()
  }

  #schedule(): NodeJS.Timeout | undefined {
    const { until, everyMs } = this.#interest ?? { until: 0, everyMs: 0 }
    if (performance.now() > until) {
      this.#interest = undefined
      return undefined
    }
    return setTimeout(() => {
      const again = (): void => void (this.#timer = this.#schedule())
      this.position().then(again, again)
    }, everyMs).unref()
  }
}
