// One client after the other that writes something, and looks whether it is there.
import type { Random } from '../../soak/random.ts'
import { type Answer, Client } from '../client.ts'
import { WAYS } from '../service/routes.ts'
import type { Verdicts } from './verdicts.ts'

/** How many pairs a client lives for. */
const LIFE = 20

export interface LaneScene {
  readonly ports: readonly number[]
  readonly random: Random
  readonly verdicts: Verdicts
  /** Whether there is another pair to be made. */
  more(): boolean
}

export class Lane {
  readonly #scene: LaneScene
  readonly #firstId: number
  #rows = 0
  #pairs = 0
  #value = 0
  #client = new Client()

  /** @param firstId - this lane's rows begin here */
  constructor(scene: LaneScene, firstId: number) {
    this.#scene = scene
    this.#firstId = firstId
  }

  async run(): Promise<void> {
    while (this.#scene.more()) {
      if (this.#pairs++ % LIFE === 0) this.#renew()
      await this.#pair()
    }
    this.#client.close()
  }

  async #pair(): Promise<void> {
    const { random, verdicts, ports } = this.#scene
    const isNew = this.#rows === 0 || random.chance(0.5)
    const writing = { id: this.#firstId + (isNew ? this.#rows++ : this.#rows - 1), value: ++this.#value, isNew }
    const [here, there] = [random.of(ports), random.of(ports)]
    const dice = random.next()
    if (dice < 0.05) verdicts.judge('in the same request', writing, await this.#client.ask(here, 'POST', '/write-and-read', writing))
    else if (dice < 0.15) await this.#job(here, there, writing)
    else {
      const way = random.of(WAYS)
      if (!verdicts.written(await this.#client.write(here, way, writing))) return
      const read = await this.#client.read(there, 'session', { id: writing.id })
      verdicts.judge(`after ${way}`, writing, read)
    }
  }

  /** Who reads knows nothing but what it was handed. */
  async #job(here: number, there: number, writing: { readonly id: number; readonly value: number; readonly isNew: boolean }): Promise<void> {
    const { verdicts } = this.#scene
    const enqueued: Answer = await this.#client.ask(here, 'POST', '/enqueue', writing)
    if (!verdicts.written(enqueued)) return
    const stranger = new Client()
    const { token } = enqueued
    verdicts.judge('in a job', writing, await stranger.ask(there, 'POST', '/job', { id: writing.id, ...(token === undefined ? {} : { token }) }))
    stranger.close()
  }

  #renew(): void {
    this.#client.close()
    this.#client = new Client()
  }
}
