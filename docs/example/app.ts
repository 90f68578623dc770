import { mkdirSync } from 'node:fs'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import sqlassist from 'fastify-sqlassist'
import { keepAudit } from './audit.ts'
import { enginesIn } from './engines.ts'
import { answerErrors } from './errors.ts'
import { groupRoutes } from './routes/groups.ts'
import { healthRoutes } from './routes/health.ts'
import { memberRoutes } from './routes/members.ts'
import { mistakeRoutes } from './routes/mistake.ts'
import { statusRoutes } from './routes/status.ts'
import { updateSchemas } from './schema.ts'

/** Where the SQLite files are. */
export const defaultFolder = (): string => process.env.EXAMPLE_DATA ?? '.data/example'

/**
 * The service, ready to listen or to be injected into.
 *
 * @param folder - where the SQLite files are; made if it is not there
 */
export async function buildApp(folder: string = defaultFolder(), options: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app = Fastify(options)
  mkdirSync(folder, { recursive: true })
  await app.register(sqlassist, { engines: enginesIn(folder) })
  await updateSchemas(app.sqlassist)
  answerErrors(app)
  keepAudit(app)
  await app.register(groupRoutes)
  await app.register(memberRoutes)
  await app.register(mistakeRoutes)
  await app.register(statusRoutes)
  await app.register(healthRoutes)
  return app
}
