// The same service by hand, with MikroORM's own replicas: what everything is measured against.
import { defineConfig, type EntityManager, MikroORM } from '@mikro-orm/postgresql'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { Item } from './item.ts'
import { addRoutes } from './routes.ts'
import type { Sessions } from './sessions.ts'
import type { ServiceSettings } from './settings.ts'

export async function startByHand(settings: ServiceSettings): Promise<FastifyInstance> {
  const { primary, replicas, poolMax } = settings
  const orm = await MikroORM.init(defineConfig({ clientUrl: primary, entities: [Item], pool: { max: poolMax }, replicas: replicas.map(connectionOf) }))
  const app = Fastify({ logger: { level: 'fatal' }, forceCloseConnections: true }) as unknown as FastifyInstance
  app.addHook('onClose', async () => await orm.close(true))
  const forks = new WeakMap<FastifyRequest, EntityManager>()
  const fork = (request: FastifyRequest): EntityManager => {
    if (!forks.has(request)) forks.set(request, orm.em.fork())
    return forks.get(request)!
  }
  const sessions: Sessions = {
    reader: fork,
    writer: fork,
    plain: fork,
    routes: () => [],
    token: async () => undefined,
    job: async (_token, work) => await work(orm.em.fork()),
  }
  addRoutes(app, sessions, settings)
  return app
}

function connectionOf(address: string): object {
  const { hostname: host, port, username: user, password, pathname } = new URL(address)
  return { host, port: Number(port), user, password, dbName: pathname.slice(1) }
}
