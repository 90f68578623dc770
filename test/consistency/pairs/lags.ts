// Replicas that lag: at random, mostly by little, for a long lag only means that they are not asked; or by ten seconds, which take ten seconds to come.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../soak/random.ts'
import type { ClusterMember } from '../../support/cluster-member.ts'

export const LONGEST_MS = 10_000

/** Up to so much, in ms, with what probability. */
const LAGS: readonly (readonly [maxMs: number, probability: number])[] = [[0, 0.45], [20, 0.2], [100, 0.15], [500, 0.1], [3000, 0.05], [LONGEST_MS, 0.05]]

/** How long a lag stays, in ms; a longer one until it is there. */
const STAY_MS = 400

export class Lags {
  changes = 0
  readonly #replicas: readonly ClusterMember[]
  readonly #random: Random
  #over = new AbortController()
  #running: Promise<unknown> = Promise.resolve()

  constructor(replicas: readonly ClusterMember[], random: Random) {
    this.#replicas = replicas
    this.#random = random
  }

  /** @param late - replicas that have the longest lag from now on; those of the others change */
  async start(late: readonly ClusterMember[] = []): Promise<void> {
    this.#over = new AbortController()
    for (const replica of late) await replica.lag(LONGEST_MS)
    this.#running = Promise.all(this.#replicas.filter((replica) => !late.includes(replica)).map(async (replica) => await this.#change(replica)))
  }

  async stop(): Promise<void> {
    this.#over.abort()
    await this.#running
    for (const replica of this.#replicas) await replica.lag(0)
  }

  async #change(replica: ClusterMember): Promise<void> {
    while (!this.#over.signal.aborted) {
      const ms = this.#next()
      await replica.lag(ms)
      this.changes++
      await sleep(Math.max(this.#random.below(2 * STAY_MS), ms), undefined, { signal: this.#over.signal }).catch(() => {})
    }
  }

  #next(): number {
    let dice = this.#random.next()
    const [maxMs] = LAGS.find(([, probability]) => (dice -= probability) < 0) ?? LAGS[0]!
    return Math.round(this.#random.next() * maxMs)
  }
}
