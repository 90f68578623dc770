import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { FastifyReply } from 'fastify'
import type { SessionsContainer } from '../orm/sessions/container.ts'

/** The response under a reply; over HTTP/2 it stands in front of a stream, and `inject()` has its own, which is never 'finished'. */
type RawResponse = ServerResponse & { readonly stream?: ServerHttp2Stream; readonly isLightMyRequest?: boolean }

const rawOf = (reply: FastifyReply): RawResponse => reply.raw

/**
 * Whether the exchange is over already, so that its 'close' event will not come any more. HTTP/1.1, `inject()` and WebSockets mark the
 * response before they tell its listeners, HTTP/2 the stream under it.
 */
export function isOver(reply: FastifyReply): boolean {
  const { destroyed, stream } = rawOf(reply)
  return destroyed || stream?.destroyed === true
}

/** Whether the client has got its whole answer. HTTP/2 says 'finished' also of a stream that was reset. */
export function isAnswered(reply: FastifyReply): boolean {
  const { writableFinished, writableEnded, stream, isLightMyRequest } = rawOf(reply)
  if (stream !== undefined) return stream.writableFinished && stream.rstCode === 0
  return isLightMyRequest === true ? writableEnded : writableFinished
}

/**
 * Ends the container with its request. Of everything that Fastify and Node.js report, only the response's 'close' event comes exactly
 * once however a request ends: `onResponse` is not called when the client has left, `onRequestAbort` not after a body was read, and
 * after a hijack neither is certain.
 *
 * @param containerOf - the container by then: with `retry` each attempt has its own
 * @param cancelOnDisconnect - whether the database is to stop what still runs for a client that has left
 */
export function endWithRequest(reply: FastifyReply, containerOf: () => SessionsContainer | null, cancelOnDisconnect: boolean): void {
  const raw = rawOf(reply)
  raw.once('close', function endSessions() {
    const aborted = !isAnswered(reply)
    void containerOf()?.close({ aborted, stop: aborted && cancelOnDisconnect })
  })
}

/**
 * Lets the connection end with this exchange: Fastify says so only to requests that come while it closes, and a kept-alive connection
 * would hold a server that is closing until its keep-alive timeout.
 */
export function endConnectionWith(reply: FastifyReply): void {
  const raw = rawOf(reply)
  if (raw.stream === undefined && !raw.headersSent) raw.setHeader('connection', 'close')
}

/** Cuts off an exchange that does not end by itself, so that a server that is closing can close. */
export function cutOff(reply: FastifyReply): void {
  rawOf(reply).destroy()
}
