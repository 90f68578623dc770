// The service under test, with handlers that behave and handlers that do not.
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import sqlassist, { createSqlAssist, type Session, type SqlAssist } from 'fastify-sqlassist'
import { FIRST_LINES, firstLines, Line } from '../line.ts'
import { countedContainer, type Lives } from './container.ts'
import { type Listening, listenTwice } from './listening.ts'

export const POOL_MAX = 8

export type Writer = Session<EntityManager>

export interface Service extends Listening {
  readonly sqlassist: SqlAssist
  readonly lives: Lives
  /** How many connections the reads by key may share. */
  readonly sharedMax: number
  /** Nobody is at work, and everything is back in the pools. */
  quiet(): boolean
}

const sessionsOf = (request: FastifyRequest): { writer: Writer; reader: Writer } => request.dbSession as unknown as { writer: Writer; reader: Writer }

export async function startService(url: string, pipeline: boolean): Promise<Service> {
  const lives: Lives = { created: 0, closed: 0 }
  const config = defineConfig({ clientUrl: url, entities: [Line], pool: { max: POOL_MAX }, driverOptions: { connectionTimeoutMillis: 30_000 } })
  const db = (await createSqlAssist({ engines: { writer: { config }, reader: { config, readonly: true, pipeline } } })) as unknown as SqlAssist
  const { orm } = db.engine('writer')
  await orm.schema.create()
  await orm.em.fork().insertMany(Line, firstLines())
  const containerClass = countedContainer(lives)
  const listening = await listenTwice(async (app) => {
    await app.register(sqlassist, { sqlassist: db, containerClass })
    addRoutes(app)
  })
  return {
    ...listening,
    sqlassist: db,
    lives,
    sharedMax: pipeline ? 4 : 0,
    quiet() {
      const pools = Object.values(db.stats()).flatMap(({ pool }) => pool ?? [])
      return lives.created === lives.closed && pools.every(({ total, idle, waiting }) => total === idle && waiting === 0)
    },
    async close() {
      await listening.close()
      await db.dispose()
    },
  }
}

function addRoutes(app: FastifyInstance): void {
  app.get('/read', async (request) => (await sessionsOf(request).reader.find(Line, {}, { limit: 5 })).length)
  app.get('/line', async (request) => (await sessionsOf(request).reader.findOne(Line, 1 + Math.floor(Math.random() * FIRST_LINES)))!.text)
  app.get('/slow', async (request) => {
    const { reader } = sessionsOf(request)
    await reader.execute('select pg_sleep(0.003)')
    return await reader.count(Line)
  })
  app.get('/forgotten', async (request) => {
    const { writer } = sessionsOf(request)
    await writer.begin()
    await writer.insert(Line, { text: 'forgotten' })
    return 'forgot to commit'
  })
  app.get('/raw', async (request) => {
    await sessionsOf(request).writer.execute('begin')
    return 'forgot, in raw SQL'
  })
  app.get('/throws', async (request) => {
    await sessionsOf(request).writer.transactional(async (em) => {
      await em.insert(Line, { text: 'thrown away' })
      throw new Error('thrown on purpose')
    })
  })
  app.get('/outlives', async (request, reply) => {
    const { writer } = sessionsOf(request)
    await writer.begin()
    await Promise.race([once(reply.raw, 'close'), sleep(5)])
    await writer.insert(Line, { text: 'forgotten' })
    return 'went on'
  })
  app.get('/stream', async (request, reply) => {
    const { writer } = sessionsOf(request)
    await writer.begin()
    const rows = writer.stream(Line, { where: { text: { $like: 'line %' } } })
    const text = async function* (): AsyncGenerator<string> {
      for await (const line of rows) yield `${line.text}\n`
    }
    return reply.type('text/plain').send(Readable.from(text()))
  })
  app.post<{ Body: { text: string } }>('/write', async (request) => {
    const { writer } = sessionsOf(request)
    await writer.begin()
    await writer.insert(Line, { text: request.body.text })
    await writer.commit()
    return 'saved'
  })
  app.post<{ Body: { text: string } }>('/flush', async (request) => {
    const { writer } = sessionsOf(request)
    await writer.persistAndFlush(writer.create(Line, { text: request.body.text }))
    return 'saved'
  })
}
