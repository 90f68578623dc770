// A network that reads along: it lets so many statements of a kind pass, and holds the next one, so that a process can be killed right there.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

interface Teardown {
  teardown(fn: () => unknown): unknown
}

/** Which statement to stop at. */
export interface Stop {
  /** Found in what is sent, in any case. */
  readonly text: string
  /** How many may pass before. */
  readonly after?: number
  /** Whether the statement reaches the server, and only its answer is held. */
  readonly answer?: boolean
}

export class StatementGate {
  readonly #server: Server
  readonly #port: number
  readonly #sockets = new Set<Socket>()
  readonly #held: (() => void)[] = []
  #stop: Stop | undefined
  #seen = 0
  /** Statements of the kind that have passed, and were not answered yet. */
  #passing = 0
  #reached = Promise.withResolvers<void>()

  private constructor(target: URL, server: Server) {
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
    server.on('connection', (near) => this.#join(near, connect(Number(target.port), target.hostname)))
  }

  static async start(target: string): Promise<StatementGate> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new StatementGate(new URL(target), server)
  }

  /** Where an application connects to, for a database of the server. */
  through(url: string): string {
    const through = new URL(url)
    through.host = `127.0.0.1:${this.#port}`
    return through.href
  }

  /** @returns resolves when the statement is held, and all that were to pass before are answered */
  async stopAt(stop: Stop): Promise<void> {
    this.#stop = stop
    this.#seen = this.#passing = 0
    this.#reached = Promise.withResolvers<void>()
    await this.#reached.promise
  }

  /** What is held goes on, and nothing is held from here on. */
  open(): void {
    this.#stop = undefined
    for (const pass of this.#held.splice(0)) pass()
  }

  /** What is held never arrives, and all connections end. */
  cut(): void {
    this.#stop = undefined
    this.#held.length = 0
    for (const socket of this.#sockets) socket.destroy()
  }

  stop(): void {
    this.cut()
    this.#server.close()
  }

  #join(near: Socket, far: Socket): void {
    let [held, passing] = [false, false]
    const prepared = new Map<string, string>()
    for (const socket of [near, far]) {
      this.#sockets.add(socket)
      socket.on('error', () => {}) // 'close' follows
      socket.on('close', () => {
        this.#sockets.delete(socket)
        if (!held) (socket === near ? far : near).destroy()
      })
    }
    const hold = (pass: () => void): void => {
      held = true
      this.#held.push(() => ((held = false), pass()))
      this.#arrived()
    }
    near.on('data', (chunk) => {
      const text = sentIn(chunk, prepared).toLowerCase()
      const counts = this.#stop !== undefined && text.includes(this.#stop.text)
      if (!counts) return void far.write(chunk)
      if (this.#seen++ < (this.#stop!.after ?? 0)) {
        passing = true
        this.#passing++
        return void far.write(chunk)
      }
      if (this.#stop!.answer !== true) return hold(() => void far.write(chunk))
      far.removeAllListeners('data')
      far.once('data', (answer) => hold(() => (near.write(answer), far.on('data', (more) => void near.write(more)))))
      far.write(chunk)
    })
    far.on('data', (chunk) => {
      near.write(chunk)
      if (!passing) return
      passing = false
      this.#passing--
      this.#arrived()
    })
  }

  #arrived(): void {
    if (this.#held.length > 0 && this.#passing === 0 && this.#seen > (this.#stop?.after ?? 0)) this.#reached.resolve()
  }
}

/**
 * What is asked in a piece of what a client sends: Parse (P) brings a name and a text, Bind (B) the name alone.
 *
 * @param prepared - the texts of the connection's statements by name
 */
function sentIn(chunk: Buffer, prepared: Map<string, string>): string {
  const sent = chunk.toString('latin1')
  for (const [, name, text] of sent.matchAll(/P[^]{4}(sa_[^\0]+)\0([^\0]*)\0/g)) prepared.set(name!, text!)
  const named = [...sent.matchAll(/B[^]{4}\0(sa_[^\0]+)\0/g)].map(([, name]) => prepared.get(name!) ?? '')
  return [sent, ...named].join('\n')
}

/** A gate in front of a server, for a test. */
export async function statementGate(t: Teardown, target: string): Promise<StatementGate> {
  const gate = await StatementGate.start(target)
  t.teardown(() => gate.stop())
  return gate
}
