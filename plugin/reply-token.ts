import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Horizon } from '../orm/routing/horizon.ts'
import type { Horizons } from '../orm/routing/horizons.ts'
import type { ClientToken } from './client-token.ts'
import type { RequestContainers } from './request-containers.ts'

/**
 * Tells clients what they have seen, in every reply after which it matters; after the transactions have ended, so that what was committed is in it.
 * Of what is read for a stream that is the reply nothing can be told: the headers have gone by then.
 */
export function tellTokens(app: FastifyInstance, horizons: Horizons, token: ClientToken, containers: RequestContainers): void {
  const write = async (request: FastifyRequest, reply: FastifyReply, horizon: Horizon): Promise<void> => {
    const text = await horizons.tokenOf(horizon)
    const brought = token.read(request)
    if (text !== undefined && !(brought.length === 1 && brought[0] === text) && !reply.raw.headersSent) token.write(request, reply, text)
  }
  // A promise, where it takes time: Fastify answers what goes wrong behind that with an error, and what is thrown by `done` is nobody's.
  const tell = (request: FastifyRequest, reply: FastifyReply, done: () => void): Promise<void> | undefined => {
    const horizon = containers.known(request)?.$horizon
    if (horizon?.wasUsed === true) return write(request, reply, horizon)
    done()
    return undefined
  }
  app.addHook('onRoute', function tellTokenOfRoute(route) {
    route.onSend = [route.onSend ?? []].flat().concat(function tellToken(request, reply, _payload, done) {
      return tell(request, reply, done)
    })
  })
  app.addHook('onSend', function tellTokenOfNoRoute(request, reply, _payload, done) {
    if (request.is404) return tell(request, reply, done)
    done()
    return undefined
  })
}
