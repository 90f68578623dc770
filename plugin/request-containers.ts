import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RequestNotReadyError, SessionClosedError } from '../orm/index.ts'
import { Owner } from '../orm/events/owner.ts'
import type { ContainerFactory } from '../orm/sessions/container-factory.ts'
import type { HorizonWish } from '../orm/routing/horizons.ts'
import type { SessionsContainer } from '../orm/sessions/container.ts'
import type { ManagerSettings } from '../orm/transactions/manager.ts'
import type { ClientToken } from './client-token.ts'
import type { PluginSettings } from './options.ts'
import { originOf } from './request-origin.ts'
import { endWithRequest, isOver } from './request-end.ts'
import { routeOptionsOf } from './route-options.ts'

const kContainer: unique symbol = Symbol('fastify-sqlassist.container')
const kReply: unique symbol = Symbol('fastify-sqlassist.reply')

/** What we keep on a request: two slots, declared up front so that every request has the same shape. */
interface RequestSlots {
  [kContainer]: SessionsContainer | null
  [kReply]: FastifyReply | null
}

const slotsOf = (request: FastifyRequest): RequestSlots => request as unknown as RequestSlots

/** The replies whose requests have a container, while they last. */
export type LiveReplies = Set<FastifyReply>

/** The containers of the requests of a scope. A request that does not touch its own pays for two assignments. */
export class RequestContainers {
  readonly live: LiveReplies = new Set()
  readonly #settings: PluginSettings
  readonly #factory: ContainerFactory
  readonly #transactionOf: (request: FastifyRequest) => ManagerSettings | undefined
  readonly #token: ClientToken | undefined

  /** @param token - how clients tell what they have seen; undefined where it does not matter */
  constructor(settings: PluginSettings, factory: ContainerFactory, transactionOf: (request: FastifyRequest) => ManagerSettings | undefined, token?: ClientToken) {
    this.#token = token
    this.#settings = settings
    this.#factory = factory
    this.#transactionOf = transactionOf
  }

  decorate(app: FastifyInstance): void {
    app.decorateRequest(kContainer, null)
    app.decorateRequest(kReply, null)
    app.addHook('onRequest', function rememberReply(request, reply, done) {
      slotsOf(request)[kReply] = reply
      done()
    })
  }

  /** The container of a request, if it was touched. */
  known(request: FastifyRequest): SessionsContainer | undefined {
    return slotsOf(request)[kContainer] ?? undefined
  }

  /**
   * The container of a request, born now if it was not touched before.
   *
   * @throws SessionClosedError where the request is over, RequestNotReadyError where we have not seen it yet
   */
  of(request: FastifyRequest): SessionsContainer {
    const slots = slotsOf(request)
    const known = slots[kContainer]
    if (known !== null) return known
    const reply = slots[kReply]
    if (reply === null) throw new RequestNotReadyError(this.#settings.attribute)
    const { url, config } = request.routeOptions // Fastify makes them anew for everybody who asks
    const label = `Request ${request.id} (${request.method} ${url ?? 'without a route'})`
    if (isOver(reply)) throw new SessionClosedError(label)
    const container = this.#factory.create({ owner: new Owner(label, { request }, request.id, originOf), logger: request.log, transaction: this.#transactionOf(request), horizon: this.#horizonOf(request), guards: config.sqlassist })
    slots[kContainer] = container
    if (!this.live.has(reply)) {
      this.live.add(reply)
      const cancels = config.sqlassist?.cancelOnDisconnect ?? this.#settings.cancelOnDisconnect
      endWithRequest(reply, () => this.#leave(request, reply), cancels)
    }
    return container
  }

  #leave(request: FastifyRequest, reply: FastifyReply): SessionsContainer | null {
    this.live.delete(reply)
    return slotsOf(request)[kContainer]
  }

  #horizonOf(request: FastifyRequest): HorizonWish | undefined {
    return this.#token && { consistency: routeOptionsOf(request).consistency ?? this.#settings.consistency, tokens: this.#token.read(request) }
  }

  /** Ends the container of an attempt that has failed: the next one gets another. */
  async renew(request: FastifyRequest): Promise<void> {
    const slots = slotsOf(request)
    const container = slots[kContainer]
    slots[kContainer] = null
    await container?.close({ aborted: true })
  }
}
