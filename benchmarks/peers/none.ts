// Fastify and nothing beside it; with `way: 'import'` MikroORM is loaded, and not used.
import type { FastifyInstance } from 'fastify'
import type { Peer, Setting } from './peer.ts'

export default async function none(_app: FastifyInstance, { way }: Setting): Promise<Peer> {
  if (way === 'import') await import('@mikro-orm/postgresql')
  return {}
}
