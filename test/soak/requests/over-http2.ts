// Requests over one HTTP/2 session, which is made anew when one of them has destroyed it.
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { type Answer, codeOf, type Wish } from '../exchange.ts'

export class Http2Client {
  readonly #port: number
  #session: ClientHttp2Session | undefined

  constructor(port: number) {
    this.#port = port
  }

  /**
   * @param soon - called with what leaves: resets the stream, or takes the whole session down
   * @returns the answer, and whether somebody has taken its session down
   */
  async exchange({ method, path, text }: Wish, soon?: (reset: () => void, destroy: () => void) => void): Promise<Answer & { readonly takenDown: boolean }> {
    const session = this.#open()
    return await new Promise((resolve) => {
      let status = 0
      let whole = false
      let error = ''
      const headers = { ':path': path, ':method': method, ...(text === undefined ? {} : { 'content-type': 'application/json' }) }
      const stream = session.request(headers, { endStream: text === undefined })
      stream.setEncoding('utf8')
      stream.on('response', (answer) => (status = answer[':status']!))
      stream.on('data', (part: string) => {
        if (status >= 400) error += part
      })
      stream.on('end', () => (whole = stream.rstCode === 0 && status !== 0)).on('error', () => {})
      stream.on('close', () => resolve({ status, whole, ...codeOf(error), takenDown: session !== this.#session }))
      if (text !== undefined) stream.end(JSON.stringify({ text }))
      soon?.(() => stream.close(constants.NGHTTP2_CANCEL), () => this.#destroy(session))
    })
  }

  close(): void {
    this.#session?.destroy()
  }

  #destroy(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = undefined
    session.destroy()
  }

  #open(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.destroyed || this.#session.closed) {
      this.#session = connect(`http://127.0.0.1:${this.#port}`)
      this.#session.on('error', () => {})
    }
    return this.#session
  }
}
