// What happens to a replica in the course of its life, at random, one thing after the other.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../soak/random.ts'
import { Tally } from '../../soak/tally.ts'
import type { ClusterMember } from '../../support/cluster-member.ts'

interface Fault {
  readonly name: string
  begin(replica: ClusterMember, random: Random): Promise<void> | void
  end(replica: ClusterMember): Promise<void> | void
}

/** In ms. */
const LONGEST_LAG = 5000

const FAULTS: readonly Fault[] = [
  { name: 'paused', begin: async (replica) => await replica.pause(), end: async (replica) => await replica.resume() },
  { name: 'late', begin: async (replica, random) => await replica.lag(random.below(LONGEST_LAG)), end: async (replica) => await replica.lag(0) },
  { name: 'killed', begin: async (replica) => await replica.kill(), end: async (replica) => await replica.start() },
  { name: 'stopped', begin: async (replica) => await replica.stop(), end: async (replica) => await replica.start() },
  { name: 'cut off', begin: (replica) => replica.cutOff(), end: (replica) => replica.rejoin() },
  { name: 'frozen', begin: (replica) => replica.freeze(), end: (replica) => replica.thaw() },
]

/** How long a fault lasts, and how long a replica is left alone, at most, in ms. */
const LONGEST_FAULT = 4000
const LONGEST_REST = 3000

export class Faults {
  readonly counts = new Tally()
  readonly #random: Random
  readonly #over = new AbortController()
  readonly #running: Promise<unknown>

  constructor(replicas: readonly ClusterMember[], random: Random) {
    this.#random = random
    this.#running = Promise.all(replicas.map(async (replica) => await this.#trouble(replica)))
  }

  /** Resolves when all replicas are well. */
  async stop(): Promise<void> {
    this.#over.abort()
    await this.#running
  }

  async #trouble(replica: ClusterMember): Promise<void> {
    while (!this.#over.signal.aborted) {
      const fault = this.#random.of(FAULTS)
      this.counts.add(fault.name)
      await fault.begin(replica, this.#random)
      await this.#for(LONGEST_FAULT)
      await fault.end(replica)
      await this.#for(LONGEST_REST)
    }
  }

  async #for(longestMs: number): Promise<void> {
    await sleep(this.#random.below(longestMs), undefined, { signal: this.#over.signal }).catch(() => {})
  }
}
