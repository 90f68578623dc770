// What a browser keeps of the answers: the last cookie of each name, or what a client keeps of a header.
import type { IncomingHttpHeaders } from 'node:http'

const NAME = 'sqlassist-after'

export class Jar {
  readonly #cookies = new Map<string, string>()
  #header: string | undefined

  /** Headers of the next request. */
  get headers(): Record<string, string> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return { ...(cookie === '' ? {} : { cookie }), ...(this.#header === undefined ? {} : { [NAME]: this.#header }) }
  }

  keep(headers: IncomingHttpHeaders): void {
    for (const cookie of headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!
      if (/max-age=0\b/i.test(cookie)) this.#cookies.delete(name!)
      else this.#cookies.set(name!, value!)
    }
    const header = headers[NAME]
    if (typeof header === 'string') this.#header = header
  }

  get token(): string | undefined {
    return this.#cookies.get(NAME) ?? this.#header
  }

  /** As somebody does who makes up a cookie. */
  forge(token: string): void {
    this.#cookies.set(NAME, token)
  }

  empty(): void {
    this.#cookies.clear()
    this.#header = undefined
  }
}
