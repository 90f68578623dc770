import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import type { RetryOptions } from '../orm/index.ts'
import { backoffMs } from '../orm/transactions/retry-options.ts'
import { type Attempts, countAttempts } from './attempts.ts'
import { ReplyState, watchReply } from './reply-state.ts'
import type { RequestContainers } from './request-containers.ts'
import type { TransactionSettings } from './transaction-settings.ts'

/**
 * A handler that is called again where another attempt may succeed. Most serialization failures come with COMMIT, so that it is sent here, and not after
 * the handler has replied: what the handler returns is serialized first, because that may fail as well, then everything is committed, and only then
 * does Fastify get it.
 */
export function retrying(handler: RouteHandlerMethod, settings: TransactionSettings, retry: RetryOptions, containers: RequestContainers): RouteHandlerMethod {
  if (made.has(handler)) return handler // of a GET route, when Fastify makes the HEAD route beside it
  let warned = false
  const warn = (request: FastifyRequest, why: string): void => {
    if (warned) return
    warned = true
    request.log.warn({ code: 'SQLASSIST_NOT_RETRIED' }, `${request.method} ${request.routeOptions.url ?? ''} is not called again when its transaction fails: ${why} [docs/transactions.md#retry]`)
  }

  async function callAgain(this: FastifyInstance, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const attempts = countAttempts(request, reply, retry.attempts)
    const before = new ReplyState(reply)
    if (await hasWritten(request, containers)) {
      attempts.final = true
      warn(request, 'a hook before the handler has written in it, and is not called again')
    }
    for (;;) {
      try {
        return await callOnce.call(this, request, reply, attempts)
      } catch (error) {
        const transaction = containers.known(request)?.transaction
        // Also not where a part of the work was committed in between.
        if (!attempts.mayFollow(error) || transaction?.$willRetry(error) === false) throw error
        await transaction?.abort(error)
        await containers.renew(request)
        before.restore()
        await sleep(backoffMs(retry, attempts.number++))
      }
    }
  }

  async function callOnce(this: FastifyInstance, request: FastifyRequest, reply: FastifyReply, attempts: Attempts): Promise<unknown> {
    const watch = watchReply(reply)
    let result: unknown
    let byItself = false
    try {
      const returned = handler.call(this, request, reply)
      const later = returned === undefined
      result = await (returned === reply ? undefined : returned)
      byItself = later || returned === reply
    } finally {
      byItself ||= watch.used || reply.sent // also where it has failed after that
      attempts.final ||= byItself
      if (byItself) warn(request, 'it replies by itself; let it return what it replies with')
      watch.end()
    }
    if (byItself) return reply.sent ? result : reply
    if (isStream(result)) {
      attempts.final = true
      warn(request, 'it returns a stream')
      return result
    }
    const transaction = containers.known(request)?.transaction
    if (transaction === undefined) return result // it has touched no session
    if (typeof result === 'object' && result !== null && !ArrayBuffer.isView(result)) reply.serialize(result)
    if (transaction.isDoomed || settings.commitVeto(request, reply)) await transaction.abort()
    else await transaction.commit()
    return result
  }

  made.add(callAgain)
  return callAgain
}

const made = new WeakSet<RouteHandlerMethod>()

/** What a hook has done in the transaction, the next attempt would not do again. */
async function hasWritten(request: FastifyRequest, containers: RequestContainers): Promise<boolean> {
  return (await containers.known(request)?.transaction.$hasWork()) === true
}

const isStream = (payload: unknown): boolean =>
  typeof payload === 'object' && payload !== null &&
  (typeof (payload as { pipe?: unknown }).pipe === 'function' || typeof (payload as { getReader?: unknown }).getReader === 'function' || payload instanceof Response)
