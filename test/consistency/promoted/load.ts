// Clients that write, and read what they have written, whatever they are answered.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../soak/random.ts'
import { Tally } from '../../soak/tally.ts'
import { Times } from '../../soak/times.ts'
import { Client } from '../client.ts'
import { type Way, WAYS } from '../service/writes.ts'

const LANES = 16
const FIRST_ID = 1_000_000

/** A write that was answered with 200. */
export interface Acknowledged {
  readonly id: number
  readonly port: number
  readonly way: Way
  /** When it was sent and answered, of `performance.now()`. */
  readonly sent: number
  readonly at: number
}

/**
 * Whether it is there after a change of the primary: what the new one has accepted, and before that what has waited for the replicas. A COMMIT with
 * `synchronous_commit = off` waits for nobody, whatever the server is told of standbys.
 *
 * @param synchronous - whether the old primary was told to wait
 * @param promoted - when there was a new one
 */
export function mustLast({ sent, way }: Acknowledged, synchronous: boolean, promoted: number): boolean {
  return sent >= promoted || (synchronous && way !== 'asynchronous')
}

export class Load {
  readonly acknowledged: Acknowledged[] = []
  readonly failed = new Tally()
  readonly failedReads = new Tally()
  readonly failedTook = new Times()
  /** Rows that their client did not see after their write was acknowledged. */
  readonly stale: Acknowledged[] = []
  #nextId: number
  #over = false
  readonly #lanes: Promise<void>[]

  constructor(ports: readonly number[], random: Random, firstId = FIRST_ID) {
    this.#nextId = firstId
    this.#lanes = Array.from({ length: LANES }, async () => {
      const client = new Client()
      while (!this.#over) await this.#pair(client, random.of(ports), random.of(ports), random)
      client.close()
    })
  }

  get failures(): number {
    return [...this.failed.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Resolves when so many more writes were acknowledged; false where that takes too long. */
  async goesOn(writes: number, hopelessMs = 15_000): Promise<boolean> {
    const [wanted, started] = [this.acknowledged.length + writes, performance.now()]
    while (this.acknowledged.length < wanted && performance.now() - started < hopelessMs) await sleep(5)
    return this.acknowledged.length >= wanted
  }

  /** The first write of a process that was sent after a moment and went well. */
  async firstOf(port: number, after: number, hopelessMs = 15_000): Promise<Acknowledged | undefined> {
    const started = performance.now()
    for (;;) {
      const first = this.acknowledged.find((write) => write.port === port && write.sent >= after)
      if (first !== undefined || performance.now() - started > hopelessMs) return first
      await sleep(5)
    }
  }

  async stop(): Promise<void> {
    this.#over = true
    await Promise.all(this.#lanes)
  }

  async #pair(client: Client, here: number, there: number, random: Random): Promise<void> {
    const id = this.#nextId++
    const sent = performance.now()
    const way = random.of(WAYS)
    const { status, code, tookMs } = await client.write(here, way, { id, value: id, isNew: true })
    if (status !== 200) {
      this.failed.add(`${status} ${code}`)
      this.failedTook.add(tookMs)
      return await sleep(5)
    }
    const write = { id, port: here, way, sent, at: performance.now() }
    this.acknowledged.push(write)
    const read = await client.read(there, 'session', { id })
    if (read.status !== 200) this.failedReads.add(`${read.status} ${read.code}`)
    else if (read.reads[0]?.value !== id) this.stale.push(write)
  }
}
