import type { FastifyInstance } from 'fastify'
import { AuditLine } from '../entities/audit-line.ts'

export async function statusRoutes(app: FastifyInstance): Promise<void> {
  /** The last lines of the audit log, newest first. */
  app.get('/audit', async (request) => {
    return await request.dbSession.logger.find(AuditLine, {}, { orderBy: { id: 'desc' }, limit: 20 })
  })

  /** What the engines are doing, and what this request has touched of them: one table, so one session. */
  app.get('/status', async (request) => {
    const groups = await request.dbSession.reader.getConnection().isConnected()
    return { ok: groups, thisRequest: request.dbSession.status, engines: app.sqlassist.stats() }
  })
}
