// Clients, and the ways in which they leave before they have their answer.
import { once } from 'node:events'
import { type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { FastifyInstance } from 'fastify'
import { RawClient } from '../../support/http-client.ts'

export interface Target {
  readonly app: FastifyInstance
  readonly port: number
}

/** Sends a request; resolves to how to leave. */
export type Client = (target: Target) => Promise<() => void>

const body = '{"text":"hello"}'

export const http1 = (how: 'fin' | 'reset' | 'half-close' = 'fin', method = 'GET'): Client =>
  async ({ port }) => {
    const client = await RawClient.connect(port, { allowHalfOpen: how === 'half-close' })
    client.request(method, '/', method === 'POST' ? { body } : {})
    return () => void client.leave(how)
  }

export const pipelined: Client = async ({ port }) => {
  const client = (await RawClient.connect(port)).request('GET', '/').request('GET', '/')
  return () => void client.leave()
}

/** Leaves when a part of the answer is there. */
export const inTheAnswer: Client = async ({ port }) => {
  const client = (await RawClient.connect(port)).request('GET', '/')
  await client.answered(/a part/)
  return () => void client.leave()
}

async function http2(port: number, method: string): Promise<ClientHttp2Stream> {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  await once(session, 'connect')
  const stream = session.request({ ':path': '/', ':method': method, 'content-type': 'application/json' }, { endStream: method === 'GET' })
  stream.on('error', () => {})
  if (method === 'POST') stream.end(body)
  return stream
}

export const resetStream = (method = 'GET'): Client =>
  async ({ port }) => {
    const stream = await http2(port, method)
    return () => {
      stream.close(constants.NGHTTP2_CANCEL)
      stream.once('close', () => stream.session?.close())
    }
  }

export const destroySession: Client = async ({ port }) => {
  const stream = await http2(port, 'GET')
  return () => stream.session?.destroy()
}

export const injected: Client = async ({ app }) => {
  const leaving = new AbortController()
  app.inject({ url: '/', signal: leaving.signal }).catch(() => {}) // nobody is there to hear it
  return () => leaving.abort()
}
