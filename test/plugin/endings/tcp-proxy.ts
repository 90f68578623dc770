// A connection to the database that can freeze, as behind a switch that has lost power: nothing arrives, and nobody says so.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class TcpProxy {
  readonly url: string
  readonly #server: Server
  readonly #sockets: Set<Socket>

  private constructor(url: string, server: Server, sockets: Set<Socket>) {
    this.url = url
    this.#server = server
    this.#sockets = sockets
  }

  static async start(target: string): Promise<TcpProxy> {
    const url = new URL(target)
    const sockets = new Set<Socket>()
    const { port, hostname } = url
    const server = createServer((near) => {
      const far = connect(Number(port), hostname)
      for (const [one, other] of [[near, far], [far, near]] as const) {
        sockets.add(one)
        one.pipe(other)
        one.on('error', () => other.destroy())
        one.on('close', () => (other.destroy(), sockets.delete(one)))
      }
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    return new TcpProxy(url.href, server, sockets)
  }

  /** From here on nothing passes on the connections that there are; new ones are not affected. */
  freeze(): void {
    for (const socket of this.#sockets) socket.unpipe().pause()
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}
