import type { FastifyInstance } from 'fastify'
import { startByHand } from './by-hand.ts'
import { startOurs } from './ours.ts'
import type { ServiceSettings } from './settings.ts'

export async function startService(settings: ServiceSettings): Promise<FastifyInstance> {
  return settings.kind === 'ours' ? await startOurs(settings) : await startByHand(settings)
}
