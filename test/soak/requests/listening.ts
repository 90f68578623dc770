// One application over HTTP/1.1 and one over HTTP/2, with the same routes.
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { Tally } from '../tally.ts'

export interface Listening {
  readonly http1: number
  readonly http2: number
  /** How the exchanges have ended, as the server saw it. */
  readonly ends: Tally
  /** Exchanges that are not over. */
  readonly open: () => number
  close(): Promise<void>
}

export async function listenTwice(setUp: (app: FastifyInstance) => Promise<void> | void): Promise<Listening> {
  const ends = new Tally()
  let open = 0
  const apps = [Fastify(), Fastify({ http2: true }) as unknown as FastifyInstance] as const
  for (const app of apps) {
    app.addHook('onRequest', async (_request, { raw }) => {
      if (isOver(raw)) return // its 'close' has been
      open++
      raw.once('close', () => {
        open--
        ends.add(endOf(raw))
      })
    })
    await setUp(app)
    await app.listen({ port: 0, host: '127.0.0.1' })
  }
  const [http1, http2] = apps.map((app) => (app.server.address() as AddressInfo).port) as [number, number]
  return { http1, http2, ends, open: () => open, close: async () => void (await Promise.all(apps.map(async (app) => await app.close()))) }
}

interface RawResponse {
  readonly destroyed: boolean
  readonly headersSent: boolean
  readonly writableFinished: boolean
  readonly stream?: { readonly destroyed: boolean; readonly rstCode: number; readonly writableFinished: boolean }
}

const isOver = ({ destroyed, stream }: RawResponse): boolean => destroyed || stream?.destroyed === true

function endOf(raw: RawResponse): string {
  const { stream } = raw
  const protocol = stream === undefined ? 'HTTP/1.1' : 'HTTP/2'
  const whole = stream === undefined ? raw.writableFinished : stream.writableFinished && stream.rstCode === 0
  return `${protocol}: ${whole ? 'answered' : raw.headersSent ? 'aborted in the answer' : 'aborted before the answer'}`
}
