import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { SessionsContainer } from '../orm/sessions/container.ts'
import type { RequestContainers } from './request-containers.ts'

/** Gives every request of the scope a container that comes to life when it is first touched. */
export function decorateRequests(app: FastifyInstance, attribute: string, containers: RequestContainers): void {
  containers.decorate(app)
  app.decorateRequest(attribute, {
    getter(this: FastifyRequest): SessionsContainer {
      return containers.of(this)
    },
  })
}
