// A client of a service: it carries what it is given, as a browser does.
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { Jar } from './jar.ts'
import type { Consistency } from './service/settings.ts'
import type { Read, Wanted } from './service/reads.ts'
import type { RouteEvent } from './service/sessions.ts'
import type { Way, Writing } from './service/writes.ts'

export interface Answer {
  /** 0 where there was none. */
  readonly status: number
  readonly tookMs: number
  /** What an error calls itself: its code, or its message without numbers. */
  readonly code: string | undefined
  readonly reads: readonly Read[]
  readonly routes: readonly RouteEvent[]
  readonly token: string | undefined
}

export class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly jar: Jar

  /** @param jar - that of another client, as two tabs of a browser have the same */
  constructor(jar: Jar = new Jar()) {
    this.jar = jar
  }

  async write(port: number, way: Way, writing: Writing): Promise<Answer> {
    return await this.ask(port, 'POST', `/write/${way}`, writing)
  }

  async read(port: number, consistency: Consistency | 'plain' | 'slow', { id, times = 1, gapMs = 0 }: Partial<Wanted> & { readonly id: number }): Promise<Answer> {
    return await this.ask(port, 'GET', `/read/${consistency}?id=${id}&times=${times}&gapMs=${gapMs}`)
  }

  /** Never rejects. */
  async ask(port: number, method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
    const started = performance.now()
    const { status, headers, body: answered } = await this.#exchange(port, method, path, body)
    this.jar.keep(headers)
    const tookMs = performance.now() - started
    try {
      const { reads = [], routes = [], code, message, token } = JSON.parse(answered) as Partial<Answer> & { readonly message?: string }
      return { status, tookMs, reads, routes, token, code: status === 200 ? undefined : (code ?? message?.replaceAll(/\d+/g, 'N')) }
    } catch {
      return { status, tookMs, reads: [], routes: [], token: undefined, code: answered === '' ? 'no answer' : answered }
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #exchange(port: number, method: string, path: string, body: object | undefined): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
    const headers = { ...this.jar.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
    return await new Promise((resolve) => {
      const failed = (error: Error): void => resolve({ status: 0, headers: {}, body: JSON.stringify({ message: error.message }) })
      const outgoing = request({ port, host: '127.0.0.1', method, path, agent: this.#agent, headers }, (incoming) => {
        text(incoming).then((body) => resolve({ status: incoming.statusCode!, headers: incoming.headers, body }), failed)
      })
      outgoing.on('error', failed)
      outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
}
