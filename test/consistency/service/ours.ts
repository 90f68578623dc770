// The service with this package.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import sqlassist, { type SqlAssistPluginOptions } from 'fastify-sqlassist'
import { Item } from './item.ts'
import { addRoutes } from './routes.ts'
import type { RouteEvent, Sessions } from './sessions.ts'
import { SECRET, type ServiceSettings } from './settings.ts'

type Container = Record<'writer' | 'reader' | 'plain', EntityManager> & { $token(): Promise<string | undefined> }

const containerOf = (request: FastifyRequest): Container => request.dbSession as never

export async function startOurs(settings: ServiceSettings): Promise<FastifyInstance> {
  const { primary, replicas, transport, replicaWaitMs, poolMax } = settings
  const configOf = (clientUrl: string): object => defineConfig({ clientUrl, entities: [Item], pool: { max: poolMax }, discovery: { warnWhenNoEntities: false } })
  const options = {
    engines: {
      writer: { config: configOf(primary), default: true },
      reader: { readonly: true, follows: 'writer', replicas: replicas.map(configOf), limits: { replicaWaitMs } },
      plain: { config: configOf(replicas[0]!), readonly: true },
    },
    consistency: 'session',
    consistencyToken: { secret: SECRET, transport },
  }
  const app = Fastify({ logger: { level: 'fatal' }, forceCloseConnections: true }) as unknown as FastifyInstance
  await app.register(sqlassist, options as SqlAssistPluginOptions)
  const { routes, stop } = watchRoutes()
  app.addHook('onClose', async () => stop())
  const sessions: Sessions = {
    reader: (request) => containerOf(request).reader,
    writer: (request) => containerOf(request).writer,
    plain: (request) => containerOf(request).plain,
    routes: (request) => routes.get(request) ?? [],
    token: async (request) => await containerOf(request).$token(),
    async job(token, work) {
      await using container = app.sqlassist.session({ after: token })
      return await work((container as unknown as Container).reader)
    },
  }
  addRoutes(app, sessions, settings)
  return app
}

/** What is told of each request's reader. */
function watchRoutes(): { routes: WeakMap<object, RouteEvent[]>; stop: () => void } {
  const routes = new WeakMap<object, RouteEvent[]>()
  const listener = (message: unknown): void => {
    const { owner, ...event } = message as RouteEvent & { readonly owner?: { readonly info: { readonly request?: FastifyRequest } } }
    const request = owner?.info.request
    if (request === undefined || event.engine !== 'reader') return
    const { engine, server, why, asked, found, waitedMs } = event
    routes.set(request, [...(routes.get(request) ?? []), { engine, server, why, asked, found, waitedMs }])
  }
  subscribe('sqlassist:session:route', listener)
  return { routes, stop: () => unsubscribe('sqlassist:session:route', listener) }
}
