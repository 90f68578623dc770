// One client after the other that writes something, and looks whether it is there.
import type { Random } from '../../soak/random.ts'
import { type Answer, Client } from '../client.ts'
import { WAYS, type Writing } from '../service/writes.ts'
import type { Verdicts } from './verdicts.ts'

/** How many pairs a client lives for. */
const LIFE = 20

export interface LaneScene {
  readonly ports: readonly number[]
  readonly random: Random
  readonly verdicts: Verdicts
  /** Those of pairs where answers have overtaken each other. */
  readonly overtaken: Verdicts
  /** Whether there is another pair to be made, when it may begin. */
  more(): boolean | Promise<boolean>
}

export class Lane {
  readonly #scene: LaneScene
  readonly #firstId: number
  #rows = 0
  #pairs = 0
  #value = 0
  #client = new Client()
  #tab = new Client(this.#client.jar)

  /** @param firstId - this lane's rows begin here */
  constructor(scene: LaneScene, firstId: number) {
    this.#scene = scene
    this.#firstId = firstId
  }

  /** May be called again when it has come to its end. */
  async run(): Promise<void> {
    while (await this.#scene.more()) {
      if (this.#pairs++ % LIFE === 0) this.#renew()
      await this.#pair()
    }
    this.#close()
  }

  async #pair(): Promise<void> {
    const { random, verdicts, ports } = this.#scene
    const isNew = this.#rows === 0 || random.chance(0.5)
    const writing = { id: this.#firstId + (isNew ? this.#rows++ : this.#rows - 1), value: ++this.#value, isNew }
    const [here, there] = [random.of(ports), random.of(ports)]
    const dice = random.next()
    if (dice < 0.05) return verdicts.judge('in the same request', writing, await this.#client.ask(here, 'POST', '/write-and-read', writing))
    if (dice < 0.12) return await this.#job(here, there, writing)
    if (dice < 0.15) return await this.#overtaken(here, there, writing)
    const fails = dice < 0.2
    const way = random.of(WAYS)
    if (fails) await this.#client.ask(here, 'POST', '/write-and-fail', writing)
    else if (!verdicts.written(await this.#client.write(here, way, writing))) return
    verdicts.judge(fails ? 'after a request that failed' : `after ${way}`, writing, await this.#client.read(there, 'session', { id: writing.id }))
  }

  /** Who reads knows nothing but what it was handed. */
  async #job(here: number, there: number, writing: Writing): Promise<void> {
    const { verdicts } = this.#scene
    const enqueued: Answer = await this.#client.ask(here, 'POST', '/enqueue', writing)
    if (!verdicts.written(enqueued)) return
    const stranger = new Client()
    const { token } = enqueued
    verdicts.judge('in a job', writing, await stranger.ask(there, 'POST', '/job', { id: writing.id, ...(token === undefined ? {} : { token }) }))
    stranger.close()
  }

  /** Two tabs of a browser: an older read is answered after the write, and its cookie is the last one. */
  async #overtaken(here: number, there: number, writing: Writing): Promise<void> {
    const { verdicts, overtaken } = this.#scene
    const older = this.#tab.read(there, 'session', { id: writing.id, times: 2, gapMs: 50 })
    const written = verdicts.written(await this.#client.write(here, 'flush', writing))
    await older
    if (written) overtaken.judge('after an older read that was answered later', writing, await this.#client.read(there, 'session', { id: writing.id }))
  }

  #renew(): void {
    this.#close()
    this.#client = new Client()
    this.#tab = new Client(this.#client.jar)
  }

  #close(): void {
    this.#client.close()
    this.#tab.close()
  }
}
