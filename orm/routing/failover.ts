import { setTimeout as sleep } from 'node:timers/promises'
import { TwoPrimariesError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'
import type { Sample } from './sample.ts'
import type { Sampler } from './sampler.ts'

/** How often it is asked who is the primary while the known one is not, in ms. */
const EVERY_MS = 100

/** For how long, in ms; whoever runs into the trouble again begins anew. */
const SEARCH_MS = 60_000

/** A server that may be the primary some day. */
export interface Candidate {
  readonly name: string
  readonly sampler: Sampler
  /** What a connection there is made of. */
  readonly options: () => Record<string, unknown>
}

/** The connections of a writable engine, seen from its failover. */
export interface Movable {
  readonly engine: string
  /** Where they lead now. */
  readonly sampler: Sampler
  /** New connections are made there from now on, as whom and with whatever settings they were made before. */
  moveTo(options: Record<string, unknown>): void
  log(): SqlAssistLogger
}

/**
 * Finds the primary again where a replica has been promoted: among the servers that the application has named, one that accepts writes, is of the same cluster, and of
 * a later timeline than any primary before. Nobody goes back to an earlier timeline: a former primary that comes back accepts writes that are lost.
 */
export class Failover {
  readonly #pool: Movable
  readonly #candidates: Candidate[] = []
  /** The last primary that was seen. */
  #known: Sample | undefined
  #searching = false
  #closed = false

  constructor(pool: Movable, home: Candidate) {
    this.#pool = pool
    this.#candidates.push(home)
  }

  add(candidates: readonly Candidate[]): void {
    this.#candidates.push(...candidates)
  }

  /** A primary was seen where the connections lead. */
  saw(sample: Sample): void {
    if (this.#known === undefined || sample.timeline >= this.#known.timeline) this.#known = sample
  }

  /**
   * Looks before anything is written.
   *
   * @throws TwoPrimariesError where a replica has been promoted, and the own server accepts writes as well: one of the two is wrong
   */
  async look(): Promise<void> {
    const own = await this.#pool.sampler.sample().catch(() => undefined)
    if (own?.primary === true) this.saw(own)
    const promoted = await this.#promoted()
    if (promoted === undefined) return
    if (own?.primary === true) throw new TwoPrimariesError(this.#pool.engine, promoted.name)
    this.#moveTo(promoted)
  }

  /**
   * Connections fail, or writes are refused.
   *
   * @param refused - the server is there, and accepts no writes
   */
  trouble(refused: boolean): void {
    if (this.#closed || this.#searching) return
    this.#searching = true
    void this.#search(refused).finally(() => (this.#searching = false))
  }

  close(): void {
    this.#closed = true
    this.#candidates[0]?.sampler.close()
  }

  async #search(refused: boolean): Promise<void> {
    for (const until = performance.now() + SEARCH_MS; performance.now() < until && !this.#closed; await sleep(EVERY_MS, undefined, { ref: false })) {
      const [own, promoted] = await Promise.all([this.#pool.sampler.sample().catch(() => undefined), this.#promoted()])
      const ownServes = own?.primary === true && own.timeline >= (this.#known?.timeline ?? 0)
      if (ownServes) this.saw(own)
      if (promoted !== undefined && (refused || !ownServes)) return this.#moveTo(promoted)
      if (ownServes) return
    }
  }

  /** A server of the cluster that has become its primary since. */
  async #promoted(): Promise<(Candidate & { readonly sample: Sample }) | undefined> {
    const asked = await Promise.all(this.#candidates.map(async (candidate) => ({ ...candidate, sample: await candidate.sampler.sample().catch(() => undefined) })))
    const answered = asked.flatMap(({ sample, ...candidate }) => (sample === undefined ? [] : [{ ...candidate, sample }]))
    const system = this.#known?.system ?? answered[0]?.sample.system
    const oldest = this.#known?.timeline ?? Math.min(...answered.filter(({ sample }) => !sample.primary).map(({ sample }) => sample.timeline), Infinity)
    const promoted = answered.filter(({ sample }) => sample.primary && sample.system === system && (sample.timeline > oldest || oldest === Infinity))
    return promoted.toSorted((a, b) => b.sample.timeline - a.sample.timeline)[0]
  }

  #moveTo({ name, options, sample }: Candidate & { readonly sample: Sample }): void {
    this.#known = sample
    const { engine } = this.#pool
    this.#pool.log().warn({ engine, server: name }, `Engine '${engine}' writes to ${name} from now on: it has become the primary, on timeline ${sample.timeline}`)
    this.#pool.moveTo(options())
  }
}
