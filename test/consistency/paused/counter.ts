// A number that only goes up, and when each value was committed: what any later read is measured by.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { COUNTER } from '../service/item.ts'

interface Commit {
  readonly value: number
  /** When the COMMIT had been answered, of the wall clock. */
  readonly at: number
}

export class Counter {
  readonly #commits: Commit[] = [{ value: 0, at: 0 }]
  readonly #client: pg.Client
  #over = false
  #idle = false
  #running: Promise<void> = Promise.resolve()

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async start(url: string): Promise<Counter> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const counter = new Counter(client)
    counter.#running = counter.#count()
    return counter
  }

  get value(): number {
    return this.#commits.at(-1)!.value
  }

  /** Whether nothing is written for a while. */
  idle(idle: boolean): void {
    this.#idle = idle
  }

  /** What had been committed at a time, at least; the clocks of two processes may differ by a tick. */
  valueAt(time: number): number {
    let [low, high] = [0, this.#commits.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#commits[middle]!.at < time - 1) low = middle
      else high = middle - 1
    }
    return this.#commits[low]!.value
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    if (this.#over) return
    this.#over = true
    await this.#running
    await this.#client.end()
  }

  async #count(): Promise<void> {
    while (!this.#over) {
      if (!this.#idle) {
        const { rows } = await this.#client.query<{ value: number }>('update item set value = value + 1 where id = $1 returning value', [COUNTER])
        this.#commits.push({ value: rows[0]!.value, at: Date.now() })
      }
      await sleep(2)
    }
  }
}
