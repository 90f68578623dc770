import type { EnginePool } from './engine-pool.ts'
import type { PgPool } from './pg.ts'
import { readOnlyOptions } from './read-only-options.ts'

/** When TCP begins to ask whether the other side is there, on a connection that lies idle, in ms; the system's own default is two hours. */
const KEEP_ALIVE_MS = 10_000

/**
 * pg's options for an engine, over the user's own.
 *
 * @param enginePool - watches the pool that MikroORM makes of these options
 */
export function postgresDriverOptions(user: Record<string, unknown>, engine: string, readonly: boolean, enginePool: EnginePool): Record<string, unknown> {
  const { onPoolCreated, connectionTimeoutMillis } = user as { onPoolCreated?: (pool: unknown) => unknown; connectionTimeoutMillis?: number }
  enginePool.completeLimits(connectionTimeoutMillis)
  return {
    keepAlive: true, // a server that is gone without a word is noticed some time
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    application_name: `fastify-sqlassist/${engine}`,
    ...user,
    connectionTimeoutMillis: 0, // the limits are ours: pg-pool would start a timer for everybody who waits
    ...(readonly ? readOnlyOptions(user) : {}),
    onPoolCreated: (pool: PgPool): unknown => {
      enginePool.watch(pool)
      return onPoolCreated?.(pool)
    },
  }
}
