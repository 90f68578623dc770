import type { Socket } from 'node:net'
import { controlOf } from './control.ts'
import { startSettings, type Settings } from './settings.ts'
import { ALREADY_SENT, UNTOLD } from './failures.ts'
import type { SharedDatabase } from './shared-database.ts'
import type { AppTransaction } from './transaction.ts'
import type { Visit } from './visit.ts'
import { type Failure, errorResponse, Frames, message, type Message, readyForQuery, sync, textAt, textEnd } from '../wire/messages.ts'
import { boundBy, preparedBy, renamed } from '../wire/renamed.ts'

const SSL_REQUEST = 80_877_103
const CANCEL_REQUEST = 80_877_102
const GSS_REQUEST = 80_877_104

let visitors = 0

/** A connection of the application's, which takes us for its server. */
export class Visitor implements Visit {
  settings: Settings = new Map()
  transaction: AppTransaction | undefined
  stopWaiting: ((error: Error) => void) | undefined
  readonly key = Math.floor(Math.random() * 2 ** 31)
  readonly #id = ++visitors
  readonly #socket: Socket
  readonly #shared: SharedDatabase
  readonly #frames = new Frames()
  readonly #names = new Map<string, string>()
  readonly #prepared = new Map<string, Buffer>()
  readonly #texts = new Map<string, string>()
  #started = false
  #gone = false
  #together: Message[] = []
  /** A message has failed, and those that went with it are not to be looked at. */
  #skipping = false
  #work: Promise<void> = Promise.resolve()

  constructor(socket: Socket, shared: SharedDatabase) {
    this.#socket = socket
    this.#shared = shared
    socket.unref() // the application's end of it keeps the process alive
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.on('error', () => {}) // 'close' follows
    socket.on('close', () => this.leave())
  }

  get readsOnly(): boolean {
    return this.settings.get('default_transaction_read_only') === 'on'
  }

  get prepared(): Iterable<Buffer> {
    return this.#prepared.values()
  }

  send(...messages: readonly Buffer[]): void {
    if (this.#socket.destroyed) return
    // What arrives together goes on together.
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork()
      process.nextTick(() => this.#socket.uncork())
    }
    for (const bytes of messages) this.#socket.write(bytes)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  leave(): void {
    if (this.#gone) return
    this.#gone = true
    this.stopWaiting?.(new Error('The connection is closed'))
    const prepared = [...this.#names.values()]
    void this.#work.then(async () => await this.#shared.left(this, prepared)).catch(() => {}) // the test has ended, or its connection is lost
    this.#socket.destroy()
  }

  #received(chunk: Buffer): void {
    this.#frames.add(chunk)
    if (!this.#started) this.#start()
    if (this.#started) for (let next = this.#frames.next(); next !== undefined; next = this.#frames.next()) this.#take(next)
  }

  #start(): void {
    for (let start = this.#frames.nextUntyped(); start !== undefined && !this.#started; start = this.#frames.nextUntyped()) {
      const code = start.readInt32BE(4)
      if (code === SSL_REQUEST || code === GSS_REQUEST) this.send(Buffer.from('N'))
      else if (code === CANCEL_REQUEST) return void this.#shared.cancel(start.readInt32BE(12)).finally(() => this.destroy())
      else return this.#welcome(start)
    }
  }

  #welcome(start: Buffer): void {
    this.#started = true
    const parameters = new Map<string, string>()
    for (let at = 8; start[at] !== 0 && at < start.length; ) {
      const name = textAt(start, at)
      at = textEnd(start, at)
      parameters.set(name, textAt(start, at))
      at = textEnd(start, at)
    }
    this.settings = startSettings(parameters)
    this.#shared.visits.add(this)
    const reported = this.#shared.reported.map(([name, value]) => message('S', name, this.settings.get(name.toLowerCase()) ?? value))
    this.send(message('R', 0), ...reported, message('K', this.#shared.pid, this.key), readyForQuery('I'))
  }

  #take(next: Message): void {
    const { type } = next
    if (type === 'X') return this.leave()
    if (type === 'd' || type === 'c' || type === 'f') return this.#shared.copy(this, next.bytes)
    if (type === 'Q') return this.#then(async () => await this.#answerQuery(textAt(next.bytes, 5)))
    if (type === 'H' || type === 'S') {
      const together = this.#together
      this.#together = []
      return this.#then(async () => await this.#answerTogether(together, type === 'S'))
    }
    this.#together.push(next)
  }

  #then(work: () => Promise<void>): void {
    const before = this.#work
    const run = async (): Promise<void> => {
      await before
      if (!this.#gone) await work()
    }
    this.#work = run().catch(() => this.destroy()) // the server's connection is lost
  }

  /** A text, which may be several statements. */
  async #answerQuery(text: string): Promise<void> {
    const failure = await this.#shared.query(this, text)
    this.#tell(failure)
    this.#ready()
  }

  /** @param ends - they are answered with "ready"; else more follows that goes with them */
  async #answerTogether(together: readonly Message[], ends: boolean): Promise<void> {
    if (!this.#skipping && together.length > 0) {
      const text = this.#textOf(together)
      const bytes = Buffer.concat([...together.map((part) => renamed(part, (name) => this.#own(name)).bytes), sync])
      const failure = await (controlOf(text) === 'other' ? this.#shared.ask(this, { bytes, text, again: () => this.#again(together) }) : Promise.resolve(UNTOLD))
      this.#tell(failure)
      this.#skipping = failure !== undefined
    }
    if (!ends) return
    this.#skipping = false
    this.#ready()
  }

  /** The same once more: what was prepared under a name is still there. */
  #again(together: readonly Message[]): Buffer {
    const parts = together.filter((part) => (preparedBy(part)?.name ?? '') === '')
    return Buffer.concat([...parts.map((part) => renamed(part, (name) => this.#own(name)).bytes), sync])
  }

  #textOf(together: readonly Message[]): string {
    for (const part of together) {
      const prepared = preparedBy(part)
      if (prepared !== undefined) this.#texts.set(prepared.name, prepared.text)
      if (prepared !== undefined && prepared.name !== '') this.#prepared.set(prepared.name, renamed(part, (name) => this.#own(name)).bytes)
    }
    const bound = together.map(boundBy).find((name) => name !== undefined)
    return this.#texts.get(bound ?? '') ?? ''
  }

  #own(name: string): string {
    if (name === '') return ''
    const known = this.#names.get(name)
    if (known !== undefined) return known
    const own = `sqlassist_${this.#id}_${this.#names.size}`
    this.#names.set(name, own)
    return own
  }

  #tell(failure: Failure | undefined): void {
    if (failure !== undefined && failure !== ALREADY_SENT) this.send(errorResponse(failure))
  }

  #ready(): void {
    this.send(readyForQuery(this.transaction?.status ?? 'I'))
  }
}
