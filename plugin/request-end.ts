import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { SessionsContainer } from '../orm/sessions/container.ts'

/** The response under a reply, over HTTP/1.1 or HTTP/2. */
type RawResponse = ServerResponse & { readonly closed?: boolean; readonly stream?: { readonly closed: boolean; readonly destroyed: boolean; readonly rstCode?: number } }

const rawOf = (reply: FastifyReply): RawResponse => reply.raw

/**
 * Whether the exchange is over already, so that its 'close' event will not come any more.
 */
export function isOver(reply: FastifyReply): boolean {
  const raw = rawOf(reply)
  return raw.closed === true || raw.destroyed || raw.stream?.closed === true || raw.stream?.destroyed === true
}

/**
 * Ends the container with its request. Of everything that Fastify and Node.js report, only the response's 'close' event comes exactly
 * once however a request ends: `onResponse` is not called when the client has left, `onRequestAbort` not after a body was read, and
 * after a hijack neither is certain.
 */
export function endWithRequest(reply: FastifyReply, container: SessionsContainer): void {
  const raw = rawOf(reply)
  raw.once('close', function endSessions() {
    // HTTP/2 says 'finished' also of a stream that the client has reset.
    const reset = raw.stream !== undefined && (raw.stream.rstCode ?? 0) !== 0
    void container.close({ aborted: reset || !raw.writableFinished })
  })
}

/** Cuts off an exchange that does not end by itself, so that a server that is closing can close. */
export function cutOff(reply: FastifyReply): void {
  rawOf(reply).destroy()
}
