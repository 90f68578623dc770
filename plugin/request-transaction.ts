import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RequestContainers } from './request-containers.ts'
import { isOver } from './request-end.ts'
import { retrying } from './retrying-handler.ts'
import type { RouteTransactions } from './route-transactions.ts'
import type { TransactionSettings } from './transaction-settings.ts'

/**
 * Ends the transactions of requests before the first byte of the reply, in the last onSend hook: whichever way a handler replies, it goes through there.
 */
export function endTransactions(app: FastifyInstance, routes: RouteTransactions, containers: RequestContainers): void {
  const settle = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => await endTransaction(request, reply, routes.of(request), containers)
  app.addHook('onRoute', function endTransactionOfRoute(route) {
    const settings = routes.register(route)
    if (settings.mode !== 'request') return
    if (settings.retry !== undefined && settings.retry.attempts > 1) route.handler = retrying(route.handler, settings, settings.retry, containers)
    // After the hooks of the scope, and after those that the route has: one that fails must find nothing committed.
    route.onSend = [route.onSend ?? []].flat().concat(async function commitBeforeReply(request, reply) {
      await settle(request, reply)
    })
  })
  // A request that no route answers has the plugin's options.
  if (routes.ofNoRoute.mode === 'request') {
    app.addHook('onSend', async function commitBeforeNotFound(request, reply) {
      if (request.is404) await settle(request, reply)
    })
  }
  // Before the error handler runs, which may answer with anything.
  app.addHook('onError', async function abortOnError(request, _reply, error) {
    if (routes.of(request).mode === 'request') await containers.known(request)?.transaction.abort(error)
  })
  app.addHook('onReady', async function warnOfEnvironment() {
    if (routes.overruled.length === 0) return
    app.log.warn({ routes: routes.overruled }, `SQLASSIST_DISABLE_TRANSACTION is set: these routes asked for transaction: 'request' and have none: ${routes.overruled.join(', ')}`)
  })
}

async function endTransaction(request: FastifyRequest, reply: FastifyReply, settings: TransactionSettings, containers: RequestContainers): Promise<void> {
  const transaction = containers.known(request)?.transaction
  if (settings.mode !== 'request' || transaction === undefined) return
  if (isOver(reply)) return // the client has left: the end of the request aborts
  if (transaction.isDoomed || settings.commitVeto(request, reply)) await transaction.abort()
  else await transaction.commit()
}
