import type { AsyncLocalStorage } from 'node:async_hooks'
import { type EntityManager, RequestContext } from '@mikro-orm/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Engine, InvalidOptionsError, type SqlAssist } from '../orm/index.ts'
import type { SessionsContainer } from '../orm/sessions/container.ts'

/** MikroORM's own storage: `RequestContext.create()` would fork for every request, and we fork for those that ask. */
const storage = (RequestContext as unknown as { readonly storage: AsyncLocalStorage<RequestContext> }).storage

/** The name that `@Transactional` and its like ask for when they are given none. */
const DEFAULT_NAME = 'default'

/**
 * What MikroORM looks a request's EntityManager up in, by context name. It holds one, which is opened by the look-up.
 */
class LazyContext extends Map<string, EntityManager> {
  readonly #isOurs: (name: string) => boolean
  readonly #open: () => EntityManager

  constructor(isOurs: (name: string) => boolean, open: () => EntityManager) {
    super()
    this.#isOurs = isOurs
    this.#open = open
  }

  override get(name: string): EntityManager | undefined {
    // The session may be in a transaction, and the EntityManager that asks may be one that cannot know it.
    return this.#isOurs(name) ? this.#open().getContext(false) : undefined
  }
}

/**
 * Makes the session of one engine what MikroORM's RequestContext gives inside a request: under the engine's own context name, which its
 * global EntityManager asks for, and as the default, which `@Transactional` without a context asks for.
 */
export function provideRequestContext(app: FastifyInstance, engine: Engine, containerOf: (request: FastifyRequest) => SessionsContainer): void {
  const isOurs = (name: string): boolean => name === DEFAULT_NAME || name === engine.contextName
  app.addHook('onRequest', function enterRequestContext(request, _reply, done) {
    storage.run(new RequestContext(new LazyContext(isOurs, () => containerOf(request).get(engine.name))), done)
  })
}

/**
 * Refuses a context in which the global EntityManager of one engine would get the session of another: a MikroORM made without us has
 * the name that `@Transactional` asks for, unless it was given one.
 *
 * @throws InvalidOptionsError
 */
export function assertContextUnambiguous(engine: Engine, sqlassist: SqlAssist): void {
  for (const name of sqlassist.engineNames) {
    if (name === engine.name || sqlassist.engine(name).contextName !== DEFAULT_NAME) continue
    throw new InvalidOptionsError('requestContext', `is '${engine.name}', but the MikroORM of engine '${name}' has the contextName 'default' and would get its sessions: ` +
      `make that one with sqlAssistConfig('${name}', ...), or give it a contextName`)
  }
}
