import type { FastifyInstance } from 'fastify'

export async function healthRoutes(app: FastifyInstance): Promise<void> {
  /** For a load balancer: 200 while every database answers, and the writable ones can be written to. */
  app.get('/health', { logLevel: 'warn' }, async (_request, reply) => {
    const health = await app.sqlassist.check()
    return await reply.code(health.ok ? 200 : 503).send(health)
  })
}
