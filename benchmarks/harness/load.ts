// Asks a server over connections that are kept open, each asking again as soon as it is answered. As cheap as it can be: requests are bytes that were
// made before, and of an answer only its status and its length are looked at.
import { connect, type Socket } from 'node:net'

export class Load {
  readonly #sockets: readonly Socket[]
  readonly #requests: readonly Buffer[]
  #next = 0
  #answered = 0
  #until = 0
  #busy = 0
  #over: (() => void) | undefined
  #failed: Error | undefined

  private constructor(sockets: readonly Socket[], requests: readonly Buffer[]) {
    this.#sockets = sockets
    this.#requests = requests
    for (const socket of sockets) this.#listen(socket)
  }

  /** @param requests - asked for in turn */
  static async open(port: number, connections: number, requests: readonly Buffer[]): Promise<Load> {
    const opened = Array.from({ length: connections }, async () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
      return socket
    })
    return new Load(await Promise.all(opened), requests)
  }

  /** Asks for so long, or so often, and resolves to the number of answers when all have come. */
  async run(limit: { readonly ms?: number; readonly requests?: number }): Promise<number> {
    const first = this.#answered
    this.#until = limit.ms === undefined ? Infinity : performance.now() + limit.ms
    const last = this.#next + (limit.requests ?? Infinity)
    this.#last = last
    const over = new Promise<void>((resolve) => { this.#over = resolve })
    for (const socket of this.#sockets.slice(0, limit.requests)) {
      this.#busy++
      this.#ask(socket)
    }
    await over
    if (this.#failed !== undefined) throw this.#failed
    return this.#answered - first
  }

  #last = Infinity

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #listen(socket: Socket): void {
    let waiting: Buffer | undefined
    socket.on('data', (chunk) => {
      const answer = waiting === undefined ? chunk : Buffer.concat([waiting, chunk])
      const length = lengthOf(answer)
      waiting = length > answer.length ? answer : undefined
      if (waiting !== undefined) return
      if (answer[9] !== 0x32) this.#failed ??= new Error(`The application answers: ${answer.toString()}`) // of HTTP/1.1 200
      this.#answered++
      if (this.#next >= this.#last || this.#failed !== undefined || performance.now() >= this.#until) this.#stop()
      else this.#ask(socket)
    })
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('The application has closed a connection')))
  }

  #ask(socket: Socket): void {
    socket.write(this.#requests[this.#next++ % this.#requests.length]!)
  }

  #stop(): void {
    if (--this.#busy === 0) this.#over?.()
  }

  #fail(error: Error): void {
    this.#failed ??= error
    this.#over?.()
  }
}

const LENGTH = Buffer.from('\r\ncontent-length: ')
const END = Buffer.from('\r\n\r\n')

/** How long the whole answer is; infinite, while that is not known. */
function lengthOf(answer: Buffer): number {
  const body = answer.indexOf(END)
  if (body < 0) return Infinity
  const at = answer.indexOf(LENGTH)
  if (at < 0 || at > body) throw new Error(`An answer without its length: ${answer.toString()}`)
  let length = 0
  for (let index = at + LENGTH.length; answer[index] !== 0x0d; index++) length = length * 10 + (answer[index]! - 0x30)
  return body + END.length + length
}

/** The bytes of a request without a body, or with one in JSON. */
export function request(method: string, path: string, body?: object): Buffer {
  const text = body === undefined ? '' : JSON.stringify(body)
  const head = body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${head}\r\n${text}`)
}
