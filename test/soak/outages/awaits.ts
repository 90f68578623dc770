// How long each wait of the service has taken, against the limit that was set for it.
import type { Report } from '../report.ts'
import { Times } from '../times.ts'

/** How much later than its limit a wait may end, in ms. */
const LATE_MS = 1000

interface Kind {
  readonly limitMs: number
  readonly times: Times
}

export class Awaits {
  readonly #kinds = new Map<string, Kind>()
  readonly #open = new Map<object, string>()

  /** Waits, and notes for how long. */
  async timed<T>(name: string, limitMs: number, work: () => Promise<T>): Promise<T> {
    const kind = this.#kinds.get(name) ?? { limitMs, times: new Times() }
    this.#kinds.set(name, kind)
    const wait = {}
    this.#open.set(wait, name)
    const started = performance.now()
    try {
      return await work()
    } finally {
      this.#open.delete(wait)
      kind.times.add(performance.now() - started)
    }
  }

  /** To be asked when every request has been answered. */
  promise(report: Report, patience: number): void {
    for (const [name, { limitMs, times }] of this.#kinds) {
      report.promise(`wait: ${name} ends by its ${limitMs} ms + 1 s`, times.max < limitMs + LATE_MS * patience, `${times.toString()} of ${times.size}`)
    }
    report.promise('waits that have not ended = 0', this.#open.size === 0, [...this.#open.values()].join(', ') || 0)
  }
}
