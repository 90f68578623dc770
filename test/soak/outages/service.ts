// A service with short limits that measures each of its waits.
import type { AddressInfo } from 'node:net'
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql'
import Fastify, { type FastifyRequest } from 'fastify'
import sqlassist, { DbSessionsContainer, type Session } from 'fastify-sqlassist'
import { FIRST_LINES, firstLines, Line } from '../line.ts'
import type { Awaits } from './awaits.ts'

const LIMITS = { checkoutTimeoutMs: 1000, statementTimeoutMs: 1500, commitTimeoutMs: 2000 }
const { checkoutTimeoutMs: CHECKOUT, statementTimeoutMs: STATEMENT, commitTimeoutMs: COMMIT } = LIMITS

/** What the library allows BEGIN and ROLLBACK, and `check()`, which asks twice, in ms. */
const CONTROL = 2000
const CHECK = 2000

type Em = Session<EntityManager>
type App = Awaited<ReturnType<typeof startService>>

const sessionsOf = (request: FastifyRequest): { writer: Em; reader: Em } => request.dbSession as unknown as { writer: Em; reader: Em }

export async function startService(url: string, awaits: Awaits, pipeline: boolean) {
  class MeasuredContainer extends DbSessionsContainer {
    override async close(options?: { readonly aborted?: boolean; readonly stop?: boolean }): Promise<void> {
      await awaits.timed('close of the container', CONTROL, async () => await super.close(options))
    }
  }
  const config = defineConfig({ clientUrl: url, entities: [Line], pool: { max: 8 } })
  const app = Fastify()
  await app.register(sqlassist, { engines: { writer: { config, limits: LIMITS }, reader: { config, limits: LIMITS, readonly: true, pipeline } }, containerClass: MeasuredContainer })
  const { orm } = app.sqlassist.engine('writer')
  await orm.schema.create()
  await orm.em.fork().insertMany(Line, firstLines())
  addRoutes(app, awaits)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}

export const portOf = (app: App): number => (app.server.address() as AddressInfo).port

function addRoutes(app: App, awaits: Awaits): void {
  const begin = async (em: Em): Promise<void> => await awaits.timed('begin()', CHECKOUT + CONTROL, async () => await em.begin())
  app.get('/read', async (request) => {
    const { reader } = sessionsOf(request)
    return (await awaits.timed('find()', CHECKOUT + STATEMENT, async () => await reader.find(Line, {}, { limit: 5 }))).length
  })
  // Asked a second time, of the pool, where it has waited behind another statement, or its connection is lost.
  app.get('/line', async (request) => (await awaits.timed('findOne()', STATEMENT + CHECKOUT + STATEMENT, async () => await sessionsOf(request).reader.findOne(Line, 1 + Math.floor(Math.random() * FIRST_LINES))))!.text)
  app.get('/rows', async (request) => {
    const { reader } = sessionsOf(request)
    const rows = reader.stream(Line, { where: { text: { $like: 'line %' } } })
    let count = 0
    // The first row waits for a connection, and where it fails the cursor is closed.
    const limit = (): number => (count === 0 ? CHECKOUT + CONTROL : CONTROL) + STATEMENT
    while ((await awaits.timed(count === 0 ? 'first row of a stream' : 'next row of a stream', limit(), async () => await rows.next())).done !== true) count++
    return count
  })
  app.get('/check', async (_request, reply) => {
    const health = await awaits.timed('check()', CHECK, async () => await app.sqlassist.check())
    return await reply.code(health.ok ? 200 : 503).send({ code: health.ok ? 'OK' : 'SQLASSIST_CHECK_NOT_OK' })
  })
  app.post<{ Body: { text: string } }>('/write', async (request) => {
    const { writer } = sessionsOf(request)
    await begin(writer)
    await awaits.timed('insert()', STATEMENT, async () => await writer.insert(Line, { text: request.body.text }))
    await awaits.timed('commit()', COMMIT, async () => await writer.commit())
    return 'saved'
  })
  app.post<{ Body: { text: string } }>('/flush', async (request) => {
    const { writer } = sessionsOf(request)
    const limit = CHECKOUT + CONTROL + STATEMENT + COMMIT
    await awaits.timed('flush()', limit, async () => await writer.persistAndFlush(writer.create(Line, { text: request.body.text })))
    return 'saved'
  })
  app.post<{ Body: { text: string } }>('/transactional', async (request) => {
    const { writer } = sessionsOf(request)
    const limit = CHECKOUT + CONTROL + STATEMENT + COMMIT
    await awaits.timed('transactional()', limit, async () => await writer.transactional(async (em) => await em.insert(Line, { text: request.body.text })))
    return 'saved'
  })
}
