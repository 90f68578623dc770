import type { FastifyReply } from 'fastify'

/** What a reply was like before a handler touched it. */
export class ReplyState {
  readonly #reply: FastifyReply
  readonly #statusCode: number
  readonly #headers: ReturnType<FastifyReply['getHeaders']>

  constructor(reply: FastifyReply) {
    this.#reply = reply
    this.#statusCode = reply.statusCode
    this.#headers = copy(reply.getHeaders())
  }

  restore(): void {
    this.#reply.raw.statusCode = this.#statusCode // reply.code() would be remembered as somebody's choice
    for (const name of Object.keys(this.#reply.getHeaders())) this.#reply.removeHeader(name)
    for (const [name, value] of Object.entries(copy(this.#headers))) this.#reply.header(name, value)
  }
}

/** Several cookies are an array, to which Fastify adds in place. */
const copy = <T extends object>(headers: T): T =>
  Object.fromEntries(Object.entries(headers).map(([name, value]: [string, unknown]) => [name, Array.isArray(value) ? [...(value as unknown[])] : value])) as T

/** Notices when a handler replies by itself. */
export interface ReplyWatch {
  readonly used: boolean
  end(): void
}

export function watchReply(reply: FastifyReply): ReplyWatch {
  const watch = { used: false, end: () => void Reflect.deleteProperty(reply, 'send') }
  const send = reply.send.bind(reply)
  reply.send = (payload?: unknown) => {
    watch.used = true
    return send(payload)
  }
  return watch
}
