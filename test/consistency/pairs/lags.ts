// Replicas whose lag changes at random: short ones mostly, for a long one only means that they are not asked.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../soak/random.ts'
import type { ClusterMember } from '../../support/cluster-member.ts'

/** Up to so much, in ms, with what probability. */
const LAGS: readonly (readonly [maxMs: number, probability: number])[] = [[0, 0.45], [20, 0.2], [100, 0.15], [500, 0.1], [3000, 0.05], [10_000, 0.05]]

/** How long a lag stays, in ms; a longer one until it is there. */
const STAY_MS = 400

export class Lags {
  /** The longest that was set. */
  longestMs = 0
  /** The longest that was seen. */
  seenMs = 0
  changes = 0
  readonly #replicas: readonly ClusterMember[]
  readonly #random: Random
  #over = new AbortController()
  #running: Promise<unknown> = Promise.resolve()

  constructor(replicas: readonly ClusterMember[], random: Random) {
    this.#replicas = replicas
    this.#random = random
  }

  start(): void {
    this.#over = new AbortController()
    this.#running = Promise.all(this.#replicas.map(async (replica) => await this.#change(replica)))
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
      this.longestMs = Math.max(this.longestMs, ms)
      await sleep(Math.max(this.#random.below(2 * STAY_MS), ms), undefined, { signal: this.#over.signal }).catch(() => {})
      this.seenMs = Math.max(this.seenMs, await lagOf(replica))
    }
  }

  #next(): number {
    let dice = this.#random.next()
    const [maxMs] = LAGS.find(([, probability]) => (dice -= probability) < 0) ?? LAGS[0]!
    return Math.round(this.#random.next() * maxMs)
  }
}

/** How old the last commit is that was replayed, while others are waiting. */
async function lagOf(replica: ClusterMember): Promise<number> {
  const [{ ms }] = await replica.query<[{ ms: number | null }]>(`
    select case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
      else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 end::float ms`)
  return ms ?? 0
}
