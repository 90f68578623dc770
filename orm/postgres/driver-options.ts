import type { PoolGuard, GuardablePool } from './pool-guard.ts'

/** How long a checkout may take, a new connection included, in ms. pg's own default is to wait for ever. */
const CHECKOUT_TIMEOUT_MS = 5000

/** Sent with the start-up packet: it holds from the first statement on and costs no round trip. */
const READ_ONLY = '-c default_transaction_read_only=on'

/**
 * pg's options for an engine, over the user's own.
 *
 * @param guard - watches the pool that MikroORM makes of these options
 */
export function postgresDriverOptions(user: Record<string, unknown>, engine: string, readonly: boolean, guard: PoolGuard): Record<string, unknown> {
  const { onPoolCreated } = user as { onPoolCreated?: (pool: unknown) => unknown }
  return {
    connectionTimeoutMillis: CHECKOUT_TIMEOUT_MS,
    application_name: `fastify-sqlassist/${engine}`,
    ...user,
    ...(readonly ? readOnly(user) : {}),
    onPoolCreated: (pool: GuardablePool): unknown => {
      guard.watch(pool)
      return onPoolCreated?.(pool)
    },
  }
}

/** pg takes `options` from its connection string first, then from its own options, then from the environment; in each the last word holds. */
function readOnly(user: Record<string, unknown>): Record<string, unknown> {
  const { connectionString, options = process.env['PGOPTIONS'] } = user as { connectionString?: string; options?: string }
  return {
    options: options ? `${options} ${READ_ONLY}` : READ_ONLY,
    ...(connectionString === undefined ? {} : { connectionString: connectionString.replaceAll(/[?&]options=[^&#]*/g, `$&+${READ_ONLY.replace(' ', '+')}`) }),
  }
}
