import type { AsyncLocalStorage } from 'node:async_hooks'
import { type EntityManager, RequestContext } from '@mikro-orm/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { SessionsContainer } from '../orm/sessions/container.ts'

/** MikroORM's own storage: `RequestContext.create()` would fork for every request, and we fork for those that ask. */
const storage = (RequestContext as unknown as { readonly storage: AsyncLocalStorage<RequestContext> }).storage

/**
 * What MikroORM looks a request's EntityManager up in, by context name. It holds one, which is opened by the look-up.
 */
class LazyContext extends Map<string, EntityManager> {
  readonly #names: readonly string[]
  readonly #open: () => EntityManager

  constructor(names: readonly string[], open: () => EntityManager) {
    super()
    this.#names = names
    this.#open = open
  }

  override get(name: string): EntityManager | undefined {
    return this.#names.includes(name) ? this.#open() : undefined
  }

  override has(name: string): boolean {
    return this.#names.includes(name)
  }
}

/**
 * Makes the session of one engine what MikroORM's RequestContext gives inside a request: under the engine's own context name, which its
 * global EntityManager asks for, and as the default, which `@Transactional` without a context asks for.
 */
export function provideRequestContext(app: FastifyInstance, engine: string, contextName: string, containerOf: (request: FastifyRequest) => SessionsContainer): void {
  const names = ['default', contextName]
  app.addHook('onRequest', function enterRequestContext(request, _reply, done) {
    storage.run(new RequestContext(new LazyContext(names, () => containerOf(request).get(engine))), done)
  })
}
