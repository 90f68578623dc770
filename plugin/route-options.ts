import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Consistency, type GuardOptions, InvalidOptionsError } from '../orm/index.ts'
import { assertConsistency, assertGuardOptions, assertKnownOptions, GUARD_OPTIONS, isPlainObject } from '../orm/validation.ts'
import { assertRequestTransaction, REQUEST_TRANSACTION_OPTIONS, type RequestTransactionOptions } from './transaction-settings.ts'

/** What a route may say differently from the plugin's options: `config: { sqlassist: { cancelOnDisconnect: false } }`. */
export interface SqlAssistRouteOptions extends RequestTransactionOptions, GuardOptions {
  /** See the plugin's option of that name. */
  readonly cancelOnDisconnect?: boolean
  /** See the plugin's option of that name. */
  readonly consistency?: Consistency
}

const KNOWN: ReadonlySet<string> = new Set(['cancelOnDisconnect', 'consistency', ...GUARD_OPTIONS, ...REQUEST_TRANSACTION_OPTIONS])

/**
 * Checks the options of every route of the scope when it is registered.
 *
 * @throws InvalidOptionsError naming the route
 */
export function checkRoutes(app: FastifyInstance): void {
  app.addHook('onRoute', function checkSqlAssistOptions({ config, method, url }) {
    const options: unknown = config?.sqlassist
    if (options === undefined) return
    const where = `config.sqlassist of ${String(method)} ${url}`
    if (!isPlainObject(options)) throw new InvalidOptionsError(where, 'must be an object')
    assertKnownOptions(options, KNOWN, `${where}: `)
    const { cancelOnDisconnect } = options
    if (cancelOnDisconnect !== undefined && typeof cancelOnDisconnect !== 'boolean') throw new InvalidOptionsError(`${where}: cancelOnDisconnect`, 'must be true or false')
    assertConsistency(`${where}: consistency`, options['consistency'])
    assertGuardOptions(options, `${where}: `)
    assertRequestTransaction(options, `${where}: `)
  })
}

/** What the route of a request says, if anything. A request that no route answers has none. */
export function routeOptionsOf(request: FastifyRequest): SqlAssistRouteOptions {
  return request.routeOptions.config?.sqlassist ?? {}
}
