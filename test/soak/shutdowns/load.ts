// Clients that go on until they are told to stop, whatever they are answered.
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { exchange, type Wish } from '../exchange.ts'
import type { Ledger } from '../ledger.ts'
import type { Random } from '../random.ts'
import type { Tally } from '../tally.ts'

const LANES = 12

interface Books {
  readonly random: Random
  readonly ledger: Ledger
  readonly answers: Tally
}

export class Load {
  readonly #port: number
  readonly #books: Books
  readonly #agent = new Agent({ keepAlive: true })
  readonly #lanes: Promise<void>[] = []
  #over = false
  #well = 0

  constructor(port: number, books: Books) {
    this.#port = port
    this.#books = books
  }

  start(): void {
    for (let lane = 0; lane < LANES; lane++) this.#lanes.push(this.#lane())
  }

  /** One more request, which would not end by itself. */
  sleep(): void {
    this.#lanes.push(this.#ask({ method: 'GET', path: '/sleep' }))
  }

  /** Resolves when so many requests went well. */
  async answered(times: number): Promise<void> {
    while (this.#well < times) await sleep(1)
  }

  async stop(): Promise<void> {
    this.#over = true
    await Promise.all(this.#lanes)
    this.#agent.destroy()
  }

  async #lane(): Promise<void> {
    const { random, ledger } = this.#books
    while (!this.#over) {
      await this.#ask(random.chance(0.2) ? { method: 'GET', path: '/read' } : { method: 'POST', path: random.of(['/write', '/flush']), text: ledger.next() })
    }
  }

  async #ask(wish: Wish): Promise<void> {
    const { ledger, answers } = this.#books
    const { status, whole, code } = await exchange(this.#port, this.#agent, wish)
    if (whole && wish.text !== undefined) ledger.told(wish.text, { status, code })
    answers.add(whole ? `${status} ${status === 200 ? '' : (code ?? '')}`.trim() : 'none, or not the whole')
    if (status === 200) this.#well++
    else await sleep(20)
  }
}
