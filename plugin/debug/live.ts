import { Readable } from 'node:stream'
import type { Panel } from './panel.ts'
import { summaryOf } from './summary.ts'

/** What may wait for one reader, in characters; who is slower than that is sent away, and its browser connects again. */
const MOST_WAITING = 512 * 1024
const MOST_READERS = 20
const HEARTBEAT_MS = 15_000

/** The requests as they begin and end, for everybody who looks, as server-sent events. */
export class Live {
  readonly #readers = new Set<Readable>()
  readonly #stop: () => void
  readonly #heartbeat: NodeJS.Timeout

  constructor({ recorder, analyst }: Panel) {
    this.#stop = recorder.listen((record) => {
      if (this.#readers.size > 0) this.#send(`event: request\ndata: ${JSON.stringify(summaryOf(record, analyst))}\n\n`)
    })
    /* c8 ignore next -- no test waits so long */
    this.#heartbeat = setInterval(() => this.#send(': still here\n\n'), HEARTBEAT_MS).unref()
  }

  /** @returns what a new reader is sent; undefined where there are too many already */
  open(): Readable | undefined {
    if (this.#readers.size >= MOST_READERS) return undefined
    const reader = new Readable({ read() {} })
    this.#readers.add(reader)
    reader.once('close', () => this.#readers.delete(reader))
    reader.push('retry: 1000\n: connected\n\n')
    return reader
  }

  close(): void {
    clearInterval(this.#heartbeat)
    this.#stop()
    for (const reader of this.#readers) reader.push(null)
    this.#readers.clear()
  }

  #send(text: string): void {
    for (const reader of this.#readers) {
      if (reader.readableLength + text.length > MOST_WAITING) reader.destroy()
      else reader.push(text)
    }
  }
}
