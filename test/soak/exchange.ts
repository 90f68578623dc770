// One request over HTTP/1.1, seen from a client that may leave at any moment.
import { type Agent, request } from 'node:http'

/** What a client asks for. */
export interface Wish {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** The line to be saved. */
  readonly text?: string | undefined
}

/** What a client has seen of its answer. */
export interface Answer {
  /** 0 where there was none. */
  readonly status: number
  /** Whether the answer has come to its end. */
  readonly whole: boolean
  /** What an error calls itself: its code, else its message. */
  readonly code?: string | undefined
}

/** When and how a client leaves. */
export interface Leaving {
  /** Calls `leave` at some moment. */
  readonly soon: (leave: () => void) => void
  /** In the middle of its own request. */
  readonly midBody: boolean
}

/** Resolves when it is over for the client, and never rejects. */
export async function exchange(port: number, agent: Agent, { method, path, text }: Wish, leaving?: Leaving): Promise<Answer> {
  return await new Promise<Answer>((resolve) => {
    let status = 0
    let whole = false
    let error = ''
    const headers = text === undefined ? {} : { 'content-type': 'application/json' }
    const outgoing = request({ port, host: '127.0.0.1', method, path, agent, headers })
    outgoing.on('response', (incoming) => {
      status = incoming.statusCode!
      incoming.on('end', () => (whole = incoming.complete)).on('error', () => {})
      if (status >= 400) incoming.setEncoding('utf8').on('data', (part: string) => (error += part))
      else incoming.resume()
    })
    outgoing.on('error', () => {})
    outgoing.on('close', () => resolve({ status, whole, ...codeOf(error) }))
    const body = text === undefined ? undefined : JSON.stringify({ text })
    if (leaving?.midBody === true && body !== undefined) outgoing.write(body.slice(0, 5))
    else outgoing.end(body)
    leaving?.soon(() => outgoing.destroy())
  })
}

/** What Fastify has said of an error. */
export function codeOf(body: string): { readonly code?: string } {
  try {
    const { code, message } = JSON.parse(body) as { code?: string; message?: string }
    return { code: code ?? message ?? 'an error without a message' }
  } catch {
    return {}
  }
}
