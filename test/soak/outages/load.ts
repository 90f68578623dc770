// Clients that ask without a pause, and note since when everything is well.
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { exchange, type Wish } from '../exchange.ts'
import { Ledger } from '../ledger.ts'
import type { Random } from '../random.ts'
import { Tally } from '../tally.ts'

const LANES = 16
const GETS = ['/read', '/line', '/rows', '/check'] as const
const POSTS = ['/write', '/flush', '/transactional'] as const

/** So many in a row must go well before all is well. */
const IN_A_ROW = 50

export class Load {
  requests = 0
  readonly ledger = new Ledger()
  readonly answers = new Tally()
  readonly #port: number
  readonly #random: Random
  readonly #agent = new Agent({ keepAlive: true })
  #over = false
  /** The end of the outage; what was begun before does not count. */
  #back = 0
  #wellInARow = 0
  #firstWell: number | undefined
  #lastFailure: number | undefined
  #done: Promise<unknown> = Promise.resolve()

  constructor(port: number, random: Random) {
    this.#port = port
    this.#random = random
  }

  start(): void {
    this.#done = Promise.all(Array.from({ length: LANES }, async () => {
      while (!this.#over) await this.#next()
    }))
  }

  async stop(): Promise<void> {
    this.#over = true
    await this.#done
    this.#agent.destroy()
  }

  /** Resolves when all is well again: to when the first request went well, and when the last one failed, in ms from now on. */
  async healed(): Promise<{ readonly firstWellMs: number; readonly lastFailureMs: number }> {
    const back = performance.now()
    this.#back = back
    this.#wellInARow = 0
    this.#firstWell = this.#lastFailure = undefined
    while (this.#wellInARow < IN_A_ROW && performance.now() - back < 30_000) await sleep(20)
    return { firstWellMs: (this.#firstWell ?? Infinity) - back, lastFailureMs: (this.#lastFailure ?? back) - back }
  }

  async #next(): Promise<void> {
    this.requests++
    const wish: Wish = this.#random.chance(0.5) ? { method: 'GET', path: this.#random.of(GETS) } : { method: 'POST', path: this.#random.of(POSTS), text: this.ledger.next() }
    const started = performance.now()
    const { status, whole, code } = await exchange(this.#port, this.#agent, wish)
    if (whole && wish.text !== undefined) this.ledger.told(wish.text, { status, code })
    this.answers.add(whole ? `${status} ${status === 200 ? '' : (code ?? '')}`.trim() : 'no answer')
    if (started >= this.#back) this.#note(status === 200)
    if (status !== 200) await sleep(10)
  }

  #note(well: boolean): void {
    const now = performance.now()
    this.#wellInARow = well ? this.#wellInARow + 1 : 0
    if (well) this.#firstWell ??= now
    else this.#lastFailure = now
  }
}
