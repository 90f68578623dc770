import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RequestNotReadyError, SessionClosedError } from '../orm/index.ts'
import { Bag, type Bagged } from '../orm/bag.ts'
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

const kExchange: unique symbol = Symbol('fastify-sqlassist.exchange')
const kReply: unique symbol = Symbol('fastify-sqlassist.reply')

/** A request that has touched its container, and the reply to it. */
class Exchange implements Bagged {
  readonly reply: FastifyReply
  /** With `retry` each attempt has its own. */
  container: SessionsContainer | null = null
  $place = -1

  constructor(reply: FastifyReply) {
    this.reply = reply
  }
}

/** What we keep on a request: two slots, declared up front so that every request has the same shape. */
interface RequestSlots {
  [kExchange]: Exchange | null
  [kReply]: FastifyReply | null
}

const slotsOf = (request: FastifyRequest): RequestSlots => request as unknown as RequestSlots

/** Those whose requests have a container, while they last. */
export type LiveExchanges = Bag<Exchange>

/** The containers of the requests of a scope. A request that does not touch its own pays for two assignments. */
export class RequestContainers {
  readonly live: LiveExchanges = new Bag()
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
    app.decorateRequest(kExchange, null)
    app.decorateRequest(kReply, null)
    app.addHook('onRequest', function rememberReply(request, reply, done) {
      slotsOf(request)[kReply] = reply
      done()
    })
  }

  /** The container of a request, if it was touched. */
  known(request: FastifyRequest): SessionsContainer | undefined {
    return slotsOf(request)[kExchange]?.container ?? undefined
  }

  /**
   * The container of a request, born now if it was not touched before.
   *
   * @throws SessionClosedError where the request is over, RequestNotReadyError where we have not seen it yet
   */
  of(request: FastifyRequest): SessionsContainer {
    const slots = slotsOf(request)
    const known = slots[kExchange]?.container
    if (known !== null && known !== undefined) return known
    const reply = slots[kReply]
    if (reply === null) throw new RequestNotReadyError(this.#settings.attribute)
    const { url, config } = request.routeOptions // Fastify makes them anew for everybody who asks
    const label = `Request ${request.id} (${request.method} ${url ?? 'without a route'})`
    if (isOver(reply)) throw new SessionClosedError(label)
    const container = this.#factory.create({ owner: new Owner(label, { request }, request.id, originOf), logger: request.log, transaction: this.#transactionOf(request), horizon: this.#horizonOf(request), guards: config.sqlassist })
    const exchange = (slots[kExchange] ??= new Exchange(reply))
    exchange.container = container
    if (!this.live.has(exchange)) {
      this.live.add(exchange)
      const cancels = config.sqlassist?.cancelOnDisconnect ?? this.#settings.cancelOnDisconnect
      endWithRequest(reply, () => this.#leave(exchange), cancels)
    }
    return container
  }

  #leave(exchange: Exchange): SessionsContainer | null {
    this.live.delete(exchange)
    return exchange.container
  }

  #horizonOf(request: FastifyRequest): HorizonWish | undefined {
    return this.#token && { consistency: routeOptionsOf(request).consistency ?? this.#settings.consistency, tokens: this.#token.read(request) }
  }

  /** Ends the container of an attempt that has failed: the next one gets another. */
  async renew(request: FastifyRequest): Promise<void> {
    const exchange = slotsOf(request)[kExchange]
    const container = exchange?.container
    if (exchange !== null) exchange.container = null
    await container?.close({ aborted: true })
  }
}
