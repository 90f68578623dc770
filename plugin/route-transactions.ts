import type { FastifyRequest, RouteOptions } from 'fastify'
import type { PluginSettings } from './options.ts'
import { isDisabledByEnvironment, settingsOf, type TransactionSettings } from './transaction-settings.ts'

/** Where a route keeps what holds for it: Fastify copies the `config` that a route is registered with, and what is in it. */
const kSettings: unique symbol = Symbol('fastify-sqlassist.transaction')

interface RouteConfig {
  readonly [kSettings]?: TransactionSettings
}

/** What holds for each route of the scope. */
export class RouteTransactions {
  readonly #plugin: PluginSettings
  readonly #disabled = isDisabledByEnvironment()
  /** What holds for a request that no route answers. */
  readonly ofNoRoute: TransactionSettings
  readonly #wanted: string[] = []

  constructor(plugin: PluginSettings) {
    this.#plugin = plugin
    this.ofNoRoute = settingsOf(plugin.transaction, {}, this.#disabled)
  }

  /** What holds for a request. */
  of(request: FastifyRequest): TransactionSettings {
    return (request.routeOptions.config as RouteConfig | undefined)?.[kSettings] ?? this.ofNoRoute
  }

  register(route: RouteOptions): TransactionSettings {
    const own = route.config?.sqlassist ?? {}
    if (this.#disabled && (own.transaction ?? this.#plugin.transaction.transaction) === 'request') this.#wanted.push(`${String(route.method)} ${route.url}`)
    const settings = settingsOf(this.#plugin.transaction, own, this.#disabled)
    route.config = { ...route.config, [kSettings]: settings } as typeof route.config & RouteConfig
    return settings
  }

  /** The routes that asked for more than the environment allows. */
  get overruled(): readonly string[] {
    return this.#wanted
  }
}
