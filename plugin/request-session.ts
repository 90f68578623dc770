import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RequestNotReadyError, SessionClosedError } from '../orm/index.ts'
import type { ContainerFactory } from '../orm/sessions/container-factory.ts'
import type { SessionsContainer } from '../orm/sessions/container.ts'
import type { PluginSettings } from './options.ts'
import { endWithRequest, isOver } from './request-end.ts'
import { routeOptionsOf } from './route-options.ts'

const kContainer: unique symbol = Symbol('fastify-sqlassist.container')
const kReply: unique symbol = Symbol('fastify-sqlassist.reply')

/** What we keep on a request: two slots, declared up front so that every request has the same shape. */
interface RequestSlots {
  [kContainer]: SessionsContainer | null
  [kReply]: FastifyReply | null
}

/** The replies whose requests have a container, while they last. */
export type LiveReplies = Set<FastifyReply>

/** What the requests of a scope are given their containers with. */
export interface RequestSessions {
  readonly settings: PluginSettings
  readonly containers: ContainerFactory
  readonly live: LiveReplies
}

/**
 * Gives every request of the scope a container that comes to life when it is first touched. A request that does not touch it pays for
 * one assignment.
 */
export function decorateRequests(app: FastifyInstance, settings: PluginSettings, containers: ContainerFactory): RequestSessions {
  const sessions: RequestSessions = { settings, containers, live: new Set() }
  app.decorateRequest(kContainer, null)
  app.decorateRequest(kReply, null)
  app.decorateRequest(settings.attribute, {
    getter(this: FastifyRequest): SessionsContainer {
      return containerOf(this, sessions)
    },
  })
  app.addHook('onRequest', function rememberReply(request, reply, done) {
    ;(request as unknown as RequestSlots)[kReply] = reply
    done()
  })
  return sessions
}

/** The container of a request, born now if it was not touched before. */
export function containerOf(request: FastifyRequest, { settings, containers, live }: RequestSessions): SessionsContainer {
  const slots = request as unknown as RequestSlots
  const known = slots[kContainer]
  if (known !== null) return known
  const reply = slots[kReply]
  if (reply === null) throw new RequestNotReadyError(settings.attribute)
  const label = `Request ${request.id} (${request.method} ${request.routeOptions.url ?? 'without a route'})`
  if (isOver(reply)) throw new SessionClosedError(label)
  const container = containers.create({ request }, request.log, label)
  slots[kContainer] = container
  live.add(reply)
  reply.raw.once('close', () => live.delete(reply))
  endWithRequest(reply, container, routeOptionsOf(request).cancelOnDisconnect ?? settings.cancelOnDisconnect)
  return container
}
