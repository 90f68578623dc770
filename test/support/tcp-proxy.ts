// A network between an application and its database that does what networks do: stand still, break, and be slow.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

interface Teardown {
  teardown(fn: () => unknown): unknown
}

/** What stands still: what the application sends, what the server answers, or both. */
export type Direction = 'requests' | 'answers'

/** One direction of one connection: keeps the order, also where it is slow. */
class Flow {
  readonly source: Socket
  readonly #target: Socket
  #queue: (Buffer | undefined)[] = []

  constructor(source: Socket, target: Socket, delayMs: () => number, passing: () => void) {
    this.source = source
    this.#target = target
    const pass = (chunk?: Buffer): void => {
      this.#queue.push(chunk)
      if (delayMs() === 0 && this.#queue.length === 1) this.#next()
      else setTimeout(() => this.#next(), delayMs())
    }
    source.on('data', (chunk) => (passing(), pass(chunk)))
    source.on('end', () => pass())
    source.on('error', () => {}) // 'close' follows
    source.on('close', (failed) => failed && target.destroy())
  }

  #next(): void {
    const chunk = this.#queue.shift()
    if (chunk === undefined) this.#target.end()
    else this.#target.write(chunk)
  }
}

export class TcpProxy {
  /** Where the application connects to. */
  readonly url: string
  /** How often an application has sent something after an answer. */
  roundTrips = 0
  readonly #server: Server
  readonly #port: number
  readonly #flows: Record<Direction, Set<Flow>> = { requests: new Set(), answers: new Set() }
  readonly #paused = new Set<Direction>()
  #delayMs = 0
  #target: URL

  private constructor(target: URL, server: Server) {
    this.#target = target
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
    const url = new URL(target)
    url.host = `127.0.0.1:${this.#port}`
    this.url = url.href
    server.on('connection', (near) => this.#join(near, connect(Number(this.#target.port), this.#target.hostname)))
  }

  static async start(target: string): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TcpProxy(new URL(target), server)
  }

  #join(near: Socket, far: Socket): void {
    let answered = true
    const delayMs = (): number => this.#delayMs
    this.#add('requests', new Flow(near, far, delayMs, () => {
      if (answered) this.roundTrips++
      answered = false
    }))
    this.#add('answers', new Flow(far, near, delayMs, () => (answered = true)))
  }

  #add(direction: Direction, flow: Flow): void {
    this.#flows[direction].add(flow)
    flow.source.on('close', () => this.#flows[direction].delete(flow))
    if (this.#paused.has(direction)) flow.source.pause()
  }

  /** How many connections of applications there are. */
  get connections(): number {
    return this.#flows.requests.size
  }

  /** From here on nothing arrives, on any connection, and nobody says so. */
  pause(...what: Direction[]): void {
    for (const direction of directions(what)) this.#paused.add(direction)
    this.freeze(...what)
  }

  /** The same, on the connections that there are: new ones work. */
  freeze(...what: Direction[]): void {
    for (const direction of directions(what)) for (const { source } of this.#flows[direction]) source.pause()
  }

  /** What was held back arrives now. */
  resume(): void {
    this.#paused.clear()
    for (const flows of Object.values(this.#flows)) for (const { source } of flows) source.resume()
  }

  /** Breaks all connections; what was held back is lost. */
  cut(): void {
    for (const flows of Object.values(this.#flows)) for (const { source } of flows) source.resetAndDestroy()
  }

  /** Whether new connections are refused, as by a machine on which no server runs. */
  refuse(refused: boolean): void {
    if (refused) this.#server.close()
    else this.#server.listen(this.#port, '127.0.0.1')
  }

  /** New connections go to another server from now on, as after a failover. */
  leadTo(target: string): void {
    this.#target = new URL(target)
  }

  /** Everything takes longer from now on, in each direction. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  stop(): void {
    this.cut()
    this.#server.close()
  }
}

const directions = (what: readonly Direction[]): readonly Direction[] => (what.length === 0 ? ['requests', 'answers'] : what)

/** A proxy in front of a database that goes with the test. */
export async function tcpProxy(t: Teardown, target: string): Promise<TcpProxy> {
  const proxy = await TcpProxy.start(target)
  t.teardown(() => proxy.stop())
  return proxy
}
