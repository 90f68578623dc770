// Clients that do what no HTTP library does on purpose: stop in the middle, say two things at once, leave without a word.
import { once } from 'node:events'
import { connect as connectTo, type Socket } from 'node:net'

/** One TCP connection to a server on this machine. */
export class RawClient {
  readonly #socket: Socket
  #received = ''
  #over = false
  #head = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => (this.#received += text))
    socket.on('error', () => {}) // a reset is what some tests are about; 'close' follows
    socket.on('close', () => (this.#over = true))
    socket.on('end', () => (this.#over = true))
  }

  static async connect(port: number, options: { readonly allowHalfOpen?: boolean } = {}): Promise<RawClient> {
    const socket = connectTo({ port, host: '127.0.0.1', ...options })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Sends a request; `headers` and `body` as they go over the wire. */
  request(method: string, path: string, { headers = '', body, version = '1.1' }: { headers?: string; body?: string; version?: string } = {}): this {
    this.#head = method === 'HEAD'
    const length = body === undefined || /content-length|transfer-encoding/i.test(headers) ? '' : `content-length: ${body.length}\r\ncontent-type: application/json\r\n`
    return this.send(`${method} ${path} HTTP/${version}\r\nhost: localhost\r\n${headers}${length}\r\n${body ?? ''}`)
  }

  send(text: string): this {
    this.#socket.write(text, 'latin1')
    return this
  }

  /** What has come so far. */
  get received(): string {
    return this.#received
  }

  /** Resolves when the connection has ended, or what has come matches; to the statuses of the answers, and how they broke off. */
  async answered(pattern?: RegExp): Promise<string> {
    while (!this.#over && !(pattern?.test(this.#received) ?? false)) await Promise.race([once(this.#socket, 'data'), once(this.#socket, 'end'), once(this.#socket, 'close')])
    const statuses = [...this.#received.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => status)
    const cut = pattern === undefined && !this.#head && isCutOff(this.#received)
    if (statuses.length === 0) return 'connection closed'
    return `${statuses.join(', ')}${cut ? ', cut off' : ''}`
  }

  /** Leaves: closes the connection, or resets it, or only says that nothing more will be sent. */
  leave(how: 'fin' | 'reset' | 'half-close' = 'fin'): string {
    if (how === 'fin') this.#socket.destroy()
    else if (how === 'reset') this.#socket.resetAndDestroy()
    else this.#socket.end()
    return 'left'
  }

  /** Takes nothing more from the connection, so that it fills up. */
  stopReading(): this {
    this.#socket.pause()
    return this
  }

  readOn(): this {
    this.#socket.resume()
    return this
  }
}

/** Whether the last answer lacks a part of its body. */
function isCutOff(received: string): boolean {
  const head = received.slice(received.lastIndexOf('HTTP/1.')).split('\r\n\r\n', 1)[0]!
  if (/^transfer-encoding: chunked/im.test(head)) return !received.endsWith('\r\n0\r\n\r\n')
  const length = /^content-length: (\d+)/im.exec(head)?.[1]
  const body = received.length - received.lastIndexOf('HTTP/1.') - head.length - 4
  return length !== undefined && body < Number(length)
}

/** One request on a connection of its own that the server closes after the answer. */
export async function exchange(port: number, method: string, path: string, options: { headers?: string; body?: string; version?: string } = {}): Promise<string> {
  const client = await RawClient.connect(port)
  const { headers = '' } = options
  return await client.request(method, path, { ...options, headers: `${headers}connection: close\r\n` }).answered()
}
