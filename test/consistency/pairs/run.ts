// Clients that make pairs, side by side, in phases of different lags.
import { setTimeout as sleep } from 'node:timers/promises'
import { Times } from '../../soak/times.ts'
import type { ReplicatedCluster } from '../../support/replicated-cluster.ts'
import type { Scene } from '../part.ts'
import type { ServiceSettings } from '../service/settings.ts'
import { Sources } from '../sources.ts'
import { settingsOf, startPair } from '../stage.ts'
import { LagWatch } from './lag-watch.ts'
import { Lags, LONGEST_MS } from './lags.ts'
import { Lane } from './lane.ts'
import { Verdicts } from './verdicts.ts'

const LANES = 16
/** Rows of one lane, at most. */
const ROWS = 1_000_000

interface Phase {
  readonly name: string
  /** Of the pairs. */
  readonly share: number
  /** How many replicas have the longest lag; those of the others change. */
  readonly late: number
}

const PHASES: readonly Phase[] = [
  { name: 'lags change', share: 0.6, late: 0 },
  { name: 'one replica is very late', share: 0.2, late: 1 },
  { name: 'both are', share: 0.2, late: 2 },
]

/** A lane's pause after each pair while a lag builds up, in ms: there must be commits all the time, and pairs left for afterwards. */
const TRICKLE_MS = 1000

interface PairsScene extends Scene {
  readonly cluster: ReplicatedCluster
  readonly settings: Partial<ServiceSettings>
  /** How many runs there were before. */
  readonly number: number
}

export class PairsRun {
  readonly verdicts: Verdicts
  readonly overtaken: Verdicts
  readonly lags: Lags
  /** How late the later replica was, whenever a pair began. */
  readonly late = new Times()
  readonly #scene: PairsScene
  #watch: LagWatch | undefined
  #left = 0
  #builtUp: () => boolean = () => true

  constructor(scene: PairsScene) {
    this.#scene = scene
    this.lags = new Lags(scene.cluster.replicas, scene.random)
    this.verdicts = new Verdicts(new Sources(scene.cluster))
    this.overtaken = new Verdicts(new Sources(scene.cluster))
  }

  get watch(): LagWatch {
    return this.#watch!
  }

  async run(): Promise<void> {
    const { cluster, settings, random, number } = this.#scene
    const services = await startPair(this.#scene, settingsOf(cluster, settings))
    this.#watch = await LagWatch.start(cluster)
    const { verdicts, overtaken } = this
    const scene = { ports: services.ports, random, verdicts, overtaken, more: async () => await this.#more() }
    const lanes = Array.from({ length: LANES }, (_, lane) => new Lane(scene, (number * LANES + lane + 1) * ROWS))
    for (const phase of PHASES) await this.#pass(phase, lanes)
    await services.stop()
    await cluster.caughtUp()
    await this.watch.stop()
  }

  async #pass({ name, share, late }: Phase, lanes: readonly Lane[]): Promise<void> {
    const { cluster, size, say } = this.#scene
    this.#left = Math.ceil(size * share)
    const hopeless = performance.now() + 6 * LONGEST_MS
    this.#builtUp = () => performance.now() > hopeless || this.watch.latest.slice(0, late).every((ms) => ms >= 0.95 * LONGEST_MS)
    await this.lags.start(cluster.replicas.slice(0, late))
    await Promise.all(lanes.map(async (lane) => await lane.run()))
    const lag = this.watch.latest.map((ms) => `${Math.round(ms)} ms`).join(' and ')
    await this.lags.stop()
    say(`${name}: ${this.verdicts.size} pairs, ${this.verdicts.staleSize} stale, ${lag} behind at last`)
  }

  /** Whether there is another pair to be made. */
  async #more(): Promise<boolean> {
    if (!this.#builtUp()) await sleep(TRICKLE_MS)
    else if (this.#left <= 0) return false
    this.#left--
    this.late.add(Math.max(...this.watch.latest))
    return true
  }
}
