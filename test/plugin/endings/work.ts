// What the handlers of these tests do with the database, and what they and the client wait for.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Held, hold, unrefused } from './late-uses.ts'
import { Note } from './model.ts'
import { writerOf } from './service.ts'

/** How a handler opens the transaction that it never ends. */
export type Opening = 'begin()' | 'transactional()'

export class Work {
  readonly text: string
  readonly held: Held[] = []
  readonly #opening: Opening
  readonly #opened: PromiseWithResolvers<void> = Promise.withResolvers()
  readonly #goingOn: Promise<string[]>[] = []
  readonly #ends = new Map<string, Promise<unknown>>()
  readonly #signals = new Map<string, PromiseWithResolvers<void>>()
  readonly #expected: number

  /**
   * @param text - the text of the notes that must not stay
   * @param expected - how many requests of the ending open a transaction
   */
  constructor(text: string, opening: Opening, expected: number) {
    this.text = text
    this.#opening = opening
    this.#expected = expected
  }

  /** Opens a transaction in the request's session and inserts a note, and leaves it at that. */
  async open(request: FastifyRequest): Promise<void> {
    const held = await hold(request)
    await (this.#opening === 'begin()' ? this.#begin(request) : this.#enterTransactional(request))
    this.held.push(held)
    if (this.held.length === this.#expected) this.#opened.resolve()
  }

  async #begin(request: FastifyRequest): Promise<void> {
    const writer = writerOf(request)
    await writer.begin()
    await writer.insert(Note, { text: this.text })
  }

  async #enterTransactional(request: FastifyRequest): Promise<void> {
    const inserted = Promise.withResolvers<void>()
    const forever = writerOf(request).transactional(async (em) => {
      await em.insert(Note, { text: this.text })
      inserted.resolve()
      await new Promise(() => {})
    })
    forever.catch(inserted.reject)
    await inserted.promise
  }

  /** Resolves when all requests of the ending are inside their transactions. */
  async opened(): Promise<void> {
    await this.#opened.promise
  }

  /** Watches all exchanges of an application from their beginning. */
  listen(app: FastifyInstance): void {
    app.addHook('onRequest', async ({ id }, { raw }) => void this.#ends.set(id, new Promise((resolve) => raw.once('close', resolve))))
  }

  /** Waits for the end of the exchange, as a handler does that is busy with something else, and then uses everything it has. */
  async outlive(reply: FastifyReply): Promise<void> {
    await this.#ends.get(reply.request.id)
    const going = this.held.filter(({ request }) => request.id === reply.request.id).map(async (held) => await unrefused(held))
    this.#goingOn.push(...going)
    await Promise.all(going)
  }

  /** What the handlers that went on could do in spite of the end. */
  async unrefused(): Promise<string[]> {
    return (await Promise.all(this.#goingOn)).flat()
  }

  /** A step that one side of an ending waits for and the other one takes. */
  step(name: string): PromiseWithResolvers<void> {
    let signal = this.#signals.get(name)
    if (signal === undefined) this.#signals.set(name, (signal = Promise.withResolvers()))
    return signal
  }
}
