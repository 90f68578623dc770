// What the routes need of whoever opens sessions for them.
import type { EntityManager } from '@mikro-orm/postgresql'
import type { FastifyRequest } from 'fastify'

/** Where a session was sent, as the package tells it. */
export interface RouteEvent {
  readonly engine: string
  readonly server: string
  readonly why: string
  readonly asked: string | undefined
  readonly found: string | undefined
  readonly waitedMs: number
}

export interface Sessions {
  reader(request: FastifyRequest): EntityManager
  writer(request: FastifyRequest): EntityManager
  /** A readonly engine on the first replica, without any of this. */
  plain(request: FastifyRequest): EntityManager
  /** What a job is given, to see what the request has seen. */
  token(request: FastifyRequest): Promise<string | undefined>
  /** The reader of a job that was given such a token. */
  job<T>(token: string | undefined, work: (reader: EntityManager) => Promise<T>): Promise<T>
  routes(request: FastifyRequest): readonly RouteEvent[]
}
