// The clients of the soak: keep-alive HTTP/1.1, pipelined HTTP/1.1 and HTTP/2, and each of them may leave at any moment.
import { Agent, request as http } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2'
import { connect } from 'node:net'
import type { Random } from './random.ts'

const GETS = ['/read', '/slow', '/forgotten', '/throws', '/outlives', '/stream'] as const
const POSTS = ['/write', '/flush'] as const
const ABORTED = 0.3

export interface Targets {
  readonly http1: number
  readonly http2: number
}

/** What the clients have seen. */
export class Seen {
  requests = 0
  answered = 0
  left = 0
  /** Streams of an HTTP/2 session that one of them has destroyed. */
  takenDown = 0
  broken = 0
  /** Texts whose POST was answered with 200: they must be in the database. */
  readonly saved = new Set<string>()
}

export class Clients {
  readonly seen = new Seen()
  readonly #targets: Targets
  readonly #random: Random
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  #session: ClientHttp2Session | undefined
  readonly #destroyed = new WeakSet<ClientHttp2Session>()
  #texts = 0

  constructor(targets: Targets, random: Random) {
    this.#targets = targets
    this.#random = random
  }

  /** One exchange, or two that are pipelined. Resolves when it is over for the client, and never rejects. */
  async next(): Promise<void> {
    const abort = this.#random.chance(ABORTED)
    const kind = this.#random.below(10)
    if (kind < 3) return await this.#overHttp1('GET', abort)
    if (kind < 5) return await this.#overHttp1('POST', abort)
    if (kind < 7) return await this.#pipelined(abort)
    if (kind < 9) return await this.#overHttp2('GET', abort)
    return await this.#overHttp2('POST', abort)
  }

  close(): void {
    this.#agent.destroy()
    this.#session?.destroy()
  }

  async #overHttp1(method: 'GET' | 'POST', abort: boolean): Promise<void> {
    this.seen.requests++
    const [path, text] = this.#what(method)
    await new Promise<void>((resolve) => {
      let status = 0
      let whole = false
      const headers = text === undefined ? {} : { 'content-type': 'application/json' }
      const outgoing = http({ port: this.#targets.http1, host: '127.0.0.1', method, path, agent: this.#agent, headers })
      outgoing.on('response', (incoming) => {
        status = incoming.statusCode!
        incoming.on('end', () => (whole = true)).on('error', () => {})
        incoming.resume()
      })
      outgoing.on('error', () => {})
      outgoing.on('close', () => {
        this.#note(whole, abort, status, text)
        resolve()
      })
      const body = text === undefined ? undefined : JSON.stringify({ text })
      if (abort && body !== undefined && this.#random.chance(0.3)) {
        outgoing.write(body.slice(0, 5)) // leaves in the middle of the body
      } else outgoing.end(body)
      if (abort) this.#soon(() => outgoing.destroy())
    })
  }

  async #pipelined(abort: boolean): Promise<void> {
    this.seen.requests += 2
    const paths = [this.#what('GET')[0], this.#what('GET')[0]]
    await new Promise<void>((resolve) => {
      let received = ''
      const socket = connect({ port: this.#targets.http1, host: '127.0.0.1' })
      socket.setEncoding('latin1')
      socket.on('data', (part: string) => (received += part))
      socket.on('error', () => {})
      socket.on('close', () => {
        const answers = received.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0
        this.#note(answers >= 1, abort, 0)
        this.#note(answers >= 2, abort, 0)
        resolve()
      })
      const [first, second] = paths
      socket.write(`GET ${first} HTTP/1.1\r\nhost: x\r\n\r\nGET ${second} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
      if (abort) this.#soon(() => (this.#random.chance(0.5) ? socket.resetAndDestroy() : socket.destroy()))
    })
  }

  async #overHttp2(method: 'GET' | 'POST', abort: boolean): Promise<void> {
    this.seen.requests++
    const [path, text] = this.#what(method)
    const session = this.#openSession()
    await new Promise<void>((resolve) => {
      let status = 0
      let whole = false
      const headers = { ':path': path, ':method': method, ...(text === undefined ? {} : { 'content-type': 'application/json' }) }
      const stream = session.request(headers, { endStream: text === undefined })
      stream.on('response', (answer) => (status = answer[':status']!))
      stream.on('end', () => (whole = stream.rstCode === 0 && status !== 0)).on('error', () => {})
      stream.on('close', () => {
        this.#note(whole, abort, status, text, this.#destroyed.has(session))
        resolve()
      })
      stream.resume()
      if (text !== undefined) stream.end(JSON.stringify({ text }))
      if (!abort) return
      const destroysAll = this.#random.chance(0.02)
      this.#soon(() => (destroysAll ? this.#destroy(session) : stream.close(constants.NGHTTP2_CANCEL)))
    })
  }

  #destroy(session: ClientHttp2Session): void {
    this.#destroyed.add(session)
    session.destroy()
  }

  #openSession(): ClientHttp2Session {
    let session = this.#session
    if (session === undefined || session.destroyed || session.closed) {
      session = connectHttp2(`http://127.0.0.1:${this.#targets.http2}`)
      session.on('error', () => {})
      this.#session = session
    }
    return session
  }

  #what(method: 'GET' | 'POST'): [path: string, text?: string] {
    if (method === 'GET' && this.#random.chance(0.01)) return ['/raw'] // each costs a connection, and a new one is slow
    return method === 'GET' ? [this.#random.of(GETS)] : [this.#random.of(POSTS), `saved ${++this.#texts}`]
  }

  /** Some leave in the same turn, before a byte was sent; most while the handler is at work; some after the answer. */
  #soon(leave: () => void): void {
    const when = this.#random.below(10)
    if (when === 0) leave()
    else if (when === 1) setImmediate(leave)
    else setTimeout(leave, this.#random.below(12))
  }

  #note(whole: boolean, abort: boolean, status: number, text?: string, takenDown = false): void {
    const { seen } = this
    if (whole) seen.answered++
    else if (abort) seen.left++
    else if (takenDown) seen.takenDown++
    else seen.broken++
    if (whole && status === 200 && text !== undefined) seen.saved.add(text)
  }
}
