import type { FastifyInstance } from 'fastify'
import { AuditLine } from './entities/audit-line.ts'

/**
 * Writes a line for each request that asks for a change, whatever comes of it. `logger` is autocommit: a handler that fails, and the
 * transaction it fails in, undo nothing of this.
 */
export function keepAudit(app: FastifyInstance): void {
  app.addHook('onSend', async function writeAuditLine(request, reply) {
    const leftAlready = reply.raw.destroyed // its sessions ended with it
    if (request.method === 'GET' || leftAlready) return
    await request.dbSession.logger.persistAndFlush(new AuditLine(`${request.method} ${request.url}`, String(reply.statusCode)))
  })
}
