// What goes on between a pool and its server, seen from the sockets.
import { Socket } from 'node:net'

/** PostgreSQL's documentation, "Message Formats", CancelRequest. */
const CANCEL_LENGTH = 16
const CANCEL_CODE = 80_877_102

interface Pool {
  on(event: 'connect' | 'remove', listener: () => void): unknown
}

export class PoolCounts {
  cancelled = 0
  connected = 0
  destroyed = 0

  /** pg's option that makes sockets. */
  readonly stream = (): Socket => {
    const socket = new Socket()
    // Node.js takes it back when the socket connects.
    socket.once('connect', () => {
      const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
      socket.write = (...args: unknown[]) => {
        const [data] = args
        if (Buffer.isBuffer(data) && data.length === CANCEL_LENGTH && data.readUInt32BE(4) === CANCEL_CODE) this.cancelled++
        return write(...args)
      }
    })
    return socket
  }

  /** MikroORM's option that is told of the pool. */
  readonly watch = (pool: unknown): void => {
    ;(pool as Pool).on('connect', () => this.connected++)
    ;(pool as Pool).on('remove', () => this.destroyed++)
  }
}
