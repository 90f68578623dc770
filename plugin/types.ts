import type { FastifyRequest } from 'fastify'
import type { DbSessionsContainer, SqlAssist } from '../orm/index.ts'
import type { SqlAssistRouteOptions } from './route-options.ts'

/**
 * The engines of your application, for the types of `request.dbSession` and `app.sqlassist`:
 *
 * ```ts
 * declare module 'fastify-sqlassist' { interface SqlAssistEngines extends EnginesOf<typeof engines> {} }
 * ```
 *
 * Without it `reader`, `writer` and `logger` are typed, as EntityManagers of no particular driver.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- open for augmentation
export interface SqlAssistEngines {}

declare module 'fastify' {
  interface FastifyInstance {
    /** The engines of this scope. */
    sqlassist: SqlAssist<SqlAssistEngines>
  }
  interface FastifyContextConfig {
    /** What this route says differently from the plugin's options. */
    sqlassist?: SqlAssistRouteOptions
  }
  interface FastifyRequest {
    /** The sessions of this request, one per engine, opened when they are touched. */
    readonly dbSession: DbSessionsContainer<SqlAssistEngines>
  }
}

declare module '../orm/sessions/info.ts' {
  interface SessionInfo {
    /** The request that the session was opened in. */
    request?: FastifyRequest
  }
}
