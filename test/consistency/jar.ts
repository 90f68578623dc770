// What a browser keeps of the answers: the last cookie of each name, or what a client keeps of a header.
import type { IncomingHttpHeaders } from 'node:http'

const NAME = 'sqlassist-after'

/** Of how many answers a client keeps the header: as many as it may have on their way at once. */
const MOST = 10

export class Jar {
  readonly #cookies = new Map<string, string>()
  readonly #headers: string[] = []

  /** Headers of the next request. */
  get headers(): Record<string, string> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return { ...(cookie === '' ? {} : { cookie }), ...(this.#headers.length === 0 ? {} : { [NAME]: this.#headers.join(', ') }) }
  }

  keep(headers: IncomingHttpHeaders): void {
    for (const cookie of headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!
      if (/max-age=0\b/i.test(cookie)) this.#cookies.delete(name!)
      else this.#cookies.set(name!, value!)
    }
    const header = headers[NAME]
    if (typeof header !== 'string') return
    this.#headers.push(header)
    if (this.#headers.length > MOST) this.#headers.shift()
  }

  get token(): string | undefined {
    return [...this.#cookies].findLast(([name]) => name.startsWith(NAME))?.[1] ?? this.#headers.at(-1)
  }

  /** As somebody does who makes up a cookie. */
  forge(token: string): void {
    this.#cookies.set(`${NAME}-forged`, token)
  }

  empty(): void {
    this.#cookies.clear()
    this.#headers.length = 0
  }
}
