import type { Socket } from 'node:net'
import type { PgClient } from '../../../orm/postgres/pg.ts'
import { type Failure, failureOf, Frames, type Message, query, rowOf } from './messages.ts'

/** Messages that the server answers up to its "ready". */
export interface Part {
  readonly bytes: Buffer
  /** Hears all that is answered before that. */
  readonly heard?: (message: Message) => void
}

interface Awaited extends Part {
  failure: Failure | undefined
  readonly answered: (failure: Failure | undefined) => void
  readonly lost: (error: Error) => void
}

/** A connection to a server, in the protocol's own words. pg has made it: how to reach the server, and who is there, it knows better. */
export class ServerConnection {
  readonly client: PgClient
  readonly #stream: Socket
  readonly #frames = new Frames()
  readonly #awaited: Awaited[] = []
  #lost: Error | undefined

  /** @param client - connected, with nothing on its way; nobody else may use it any more */
  constructor(client: PgClient) {
    this.client = client
    this.#stream = client.connection.stream as unknown as Socket
    for (const event of ['data', 'error', 'end', 'close']) this.#stream.removeAllListeners(event)
    this.#stream.on('data', (chunk: Buffer) => this.#received(chunk))
    this.#stream.on('error', (error) => this.#end(error))
    this.#stream.on('close', () => this.#end(new Error('The server has closed the connection')))
    this.#stream.unref()
  }

  /** Why it cannot be used any more. */
  get lost(): Error | undefined {
    return this.#lost
  }

  /** Sends it all at once. Resolves when everything is answered: to the error of each part, where it has one. */
  async exchange(...parts: readonly Part[]): Promise<(Failure | undefined)[]> {
    if (this.#lost !== undefined) throw this.#lost
    this.#stream.ref()
    const answers = parts.map(async (part) => await new Promise<Failure | undefined>((answered, lost) => void this.#awaited.push({ ...part, failure: undefined, answered, lost })))
    this.#stream.write(Buffer.concat(parts.map(({ bytes }) => bytes)))
    return await Promise.all(answers)
  }

  /** Asks something of our own. */
  async rows(sql: string): Promise<(string | null)[][]> {
    const rows: (string | null)[][] = []
    const [failure] = await this.exchange({ bytes: query(sql), heard: (message) => void (message.type === 'D' && rows.push(rowOf(message))) })
    if (failure !== undefined) throw Object.assign(new Error(failure.message), { code: failure.code })
    return rows
  }

  /** Sends what belongs to an exchange that is on its way, such as the rows of a COPY. */
  write(bytes: Buffer): void {
    this.#stream.write(bytes)
  }

  end(): void {
    this.#end(new Error('The connection is closed'))
    this.#stream.destroy()
  }

  #received(chunk: Buffer): void {
    this.#frames.add(chunk)
    for (let message = this.#frames.next(); message !== undefined; message = this.#frames.next()) this.#hear(message)
  }

  #hear(message: Message): void {
    const [awaited] = this.#awaited
    if (awaited === undefined) return // said by the server of its own accord
    if (message.type === 'E') awaited.failure ??= failureOf(message)
    if (message.type !== 'Z') return awaited.heard?.(message)
    this.#awaited.shift()
    if (this.#awaited.length === 0) this.#stream.unref()
    awaited.answered(awaited.failure)
  }

  #end(error: Error): void {
    this.#lost ??= error
    for (const { lost } of this.#awaited.splice(0)) lost(this.#lost)
  }
}
