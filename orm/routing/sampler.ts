import { settlesWithin } from '../bounded.ts'
import type { PgClient, PgResult } from '../postgres/pg.ts'
import { type Sample, SampleReader } from './sample.ts'

/** How long a server may take to answer, in ms. */
const ANSWER_MS = 2000

/** How long the connection is kept for the next question, in ms. */
const KEPT_MS = 30_000

/** What is asked of one server. */
interface Open {
  readonly client: PgClient
  readonly reader: SampleReader
}

/**
 * Asks a server how far it is, over a connection of its own: those of the pool may all be in use. However many want to know, one question is on its way, and
 * one more for all who came after it was sent: an answer counts only for those who were there before its question.
 */
export class Sampler {
  readonly #connect: (timeoutMs: number) => Promise<PgClient>
  #open: Promise<Open> | undefined
  #running: Promise<Sample> | undefined
  #next: Promise<Sample> | undefined
  #closing: NodeJS.Timeout | undefined
  #closed = false
  /** The last answer, for as long as the connection lasts: after that nobody knows. */
  latest: Sample | undefined
  /** How long answers take of late, in ms. */
  latencyMs = 1

  constructor(connect: (timeoutMs: number) => Promise<PgClient>) {
    this.#connect = connect
  }

  /**
   * How far the server is now, or later than now.
   *
   * @throws what the network says
   */
  sample(): Promise<Sample> {
    if (this.#running === undefined) return this.#run()
    this.#next ??= this.#running.then(async () => await this.#run(), async () => await this.#run())
    return this.#next
  }

  #run(): Promise<Sample> {
    this.#next = undefined
    const running = this.#ask().finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }

  async #ask(): Promise<Sample> {
    clearTimeout(this.#closing)
    const kept = this.#open
    try {
      return await this.#answer()
    } catch (error) {
      if (kept === undefined || this.#closed) throw error
      return await this.#answer() // the kept connection may have been what was wrong
    } finally {
      this.#closing = setTimeout(() => this.#hangUp(), KEPT_MS).unref()
    }
  }

  async #answer(): Promise<Sample> {
    const opening = (this.#open ??= this.#connected())
    try {
      const { client, reader } = await opening
      for (;;) {
        const askedAt = performance.now()
        const answering = client.query(reader.question) as Promise<PgResult>
        if (!(await settlesWithin(answering, ANSWER_MS))) throw new Error(`no answer within ${ANSWER_MS} ms`)
        const sample = reader.read(await answering, askedAt)
        this.latencyMs += (performance.now() - askedAt - this.latencyMs) / 8
        if (sample !== undefined) return (this.latest = sample)
      }
    } catch (error) {
      if (this.#open === opening) this.#hangUp()
      throw error
    }
  }

  async #connected(): Promise<Open> {
    const client = await this.#connect(ANSWER_MS)
    if (this.#closed) {
      client.connection.stream.destroy()
      throw new Error('the engine has been closed')
    }
    const opened = this.#open
    client.once('end', () => {
      if (this.#open === opened) this.renew()
    })
    return { client, reader: new SampleReader() }
  }

  /** The server may be another one from now on, or may have gone back: a standby that has crashed replays anew. */
  renew(): void {
    this.#hangUp()
  }

  close(): void {
    this.#closed = true
    this.#hangUp()
  }

  #hangUp(): void {
    clearTimeout(this.#closing)
    this.#open?.then(({ client }) => void client.connection.stream.destroy(), () => {})
    this.#open = undefined
    this.latest = undefined
  }
}
