// Clients that watch a number which only goes up, and notice when it goes down, or is too old.
import type { Random } from '../../soak/random.ts'
import { Tally } from '../../soak/tally.ts'
import { Client } from '../client.ts'
import { COUNTER } from '../service/item.ts'
import type { Read } from '../service/reads.ts'
import type { Sources } from '../sources.ts'
import type { Counter } from './counter.ts'

const CLIENTS = 16
const READS = 5
/** How many of the requests want a bound of the lag. */
const BOUNDED = 0.3
/** How many take their time between the reads, and how long, in ms. */
const SLOW = 0.02
const GAP_MS = 40

export interface WatcherScene {
  readonly ports: readonly number[]
  readonly random: Random
  readonly counter: Counter
  readonly maxLagMs: number
}

export class Watcher {
  readonly errors = new Tally()
  requests = 0
  reads = 0
  stepsBackInRequest = 0
  stepsBack = 0
  /** Older than the bound when the request was sent. */
  tooOld = 0
  /** Older than the bound when that very read began. */
  tooOldLater = 0
  boundedReads = 0
  #worstMs = 0
  readonly #scene: WatcherScene
  readonly #clients: readonly { readonly client: Client; last: number }[]

  constructor(scene: WatcherScene, clients: number = CLIENTS) {
    this.#scene = scene
    this.#clients = Array.from({ length: clients }, () => ({ client: new Client(), last: 0 }))
  }

  /** By how much the bound was missed at most. */
  get worst(): string {
    return `${this.#worstMs} ms`
  }

  /** Resolves when so many requests were made; `while` ends it earlier. */
  async watch(requests: number, sources: Sources, goOn: () => boolean = () => true): Promise<void> {
    let left = requests
    await Promise.all(this.#clients.map(async (state) => {
      while (left-- > 0 && goOn()) await this.#request(state, sources)
    }))
  }

  close(): void {
    for (const { client } of this.#clients) client.close()
  }

  async #request(state: { readonly client: Client; last: number }, sources: Sources): Promise<void> {
    const { ports, random, counter, maxLagMs } = this.#scene
    const bounded = random.chance(BOUNDED)
    const gapMs = random.chance(SLOW) ? GAP_MS : 0
    const due = counter.valueAt(Date.now() - maxLagMs)
    const answer = await state.client.read(random.of(ports), bounded ? 'bounded' : 'session', { id: COUNTER, times: READS, gapMs })
    if (answer.status !== 200) return this.errors.add(answer.code ?? String(answer.status))
    this.requests++
    this.reads += answer.reads.length
    sources.add(answer)
    this.#compare(state, answer.reads)
    if (bounded) this.#judge(due, answer.reads)
  }

  #compare(state: { last: number }, reads: readonly Read[]): void {
    reads.forEach(({ value }, index) => {
      if (value! < state.last && index === 0) this.stepsBack++
      if (value! < state.last && index > 0) this.stepsBackInRequest++
      state.last = Math.max(state.last, value!)
    })
  }

  #judge(due: number, reads: readonly Read[]): void {
    const { counter, maxLagMs } = this.#scene
    this.boundedReads += reads.length
    for (const { at, value } of reads) {
      if (value! < due) this.tooOld++
      if (value! >= counter.valueAt(at - maxLagMs)) continue
      this.tooOldLater++
      let ms = 0
      while (value! < counter.valueAt(at - maxLagMs - ms)) ms++
      this.#worstMs = Math.max(this.#worstMs, ms)
    }
  }
}
