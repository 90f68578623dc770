// Two GETs over HTTP/1.1 that are sent at once, on a connection of their own.
import { connect, type Socket } from 'node:net'

/** Resolves to how many of the two were answered, and never rejects. */
export async function pipelined(port: number, [first, second]: readonly [string, string], soon?: (socket: Socket) => void): Promise<number> {
  return await new Promise<number>((resolve) => {
    let received = ''
    const socket = connect({ port, host: '127.0.0.1' })
    socket.setEncoding('latin1')
    socket.on('data', (part: string) => (received += part))
    socket.on('error', () => {})
    socket.on('close', () => resolve(received.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0))
    socket.write(`GET ${first} HTTP/1.1\r\nhost: x\r\n\r\nGET ${second} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
    soon?.(socket)
  })
}
