// The same service by hand, without us: the heap that Fastify, MikroORM, kysely, pg and the clients need by themselves.
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineConfig, MikroORM, type SqlEntityManager } from '@mikro-orm/postgresql'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { FIRST_LINES, firstLines, Line } from '../line.ts'
import { type Listening, listenTwice } from './listening.ts'
import { POOL_MAX } from './service.ts'

export interface BareService extends Listening {
  quiet(): boolean
}

export async function startBareService(url: string): Promise<BareService> {
  let pool: Pool | undefined
  const driverOptions = { connectionTimeoutMillis: 30_000, onPoolCreated: (made: Pool) => void (pool = made) }
  const orm = await MikroORM.init(defineConfig({ clientUrl: url, entities: [Line], pool: { max: 2 * POOL_MAX }, driverOptions }))
  await orm.schema.create()
  await orm.em.fork().insertMany(Line, firstLines())
  const listening = await listenTwice((app) => addRoutes(app, () => orm.em.fork()))
  return {
    ...listening,
    quiet: () => listening.open() === 0 && pool!.totalCount === pool!.idleCount && pool!.waitingCount === 0,
    async close() {
      await listening.close()
      await orm.close()
    },
  }
}

/** What our sessions do by themselves: whatever is not committed is rolled back. */
async function inTransaction<T>(em: SqlEntityManager, work: () => Promise<T>): Promise<T> {
  await em.begin()
  try {
    return await work()
  } finally {
    if (em.isInTransaction()) await em.rollback()
  }
}

function addRoutes(app: FastifyInstance, fork: () => SqlEntityManager): void {
  app.get('/line', async () => (await fork().findOne(Line, 1 + Math.floor(Math.random() * FIRST_LINES)))!.text)
  app.get('/read', async () => (await fork().find(Line, {}, { limit: 5 })).length)
  app.get('/slow', async () => {
    const em = fork()
    await em.execute('select pg_sleep(0.003)')
    return await em.count(Line)
  })
  app.get('/forgotten', async () => {
    const em = fork()
    return await inTransaction(em, async () => {
      await em.insert(Line, { text: 'forgotten' })
      return 'forgot to commit'
    })
  })
  app.get('/raw', async () => {
    await fork().execute('select 1')
    return 'nothing to forget'
  })
  app.get('/throws', async () => {
    await fork().transactional(async (em) => {
      await em.insert(Line, { text: 'thrown away' })
      throw new Error('thrown on purpose')
    })
  })
  app.get('/outlives', async (_request, reply) => {
    const em = fork()
    return await inTransaction(em, async () => {
      await Promise.race([once(reply.raw, 'close'), sleep(5)])
      await em.insert(Line, { text: 'forgotten' })
      return 'went on'
    })
  })
  app.get('/stream', async (_request, reply) => {
    const rows = fork().stream(Line, { where: { text: { $like: 'line %' } } })
    const text = async function* (): AsyncGenerator<string> {
      for await (const line of rows) yield `${line.text}\n`
    }
    return reply.type('text/plain').send(Readable.from(text()))
  })
  app.post<{ Body: { text: string } }>('/write', async ({ body: { text } }) => {
    const em = fork()
    return await inTransaction(em, async () => {
      await em.insert(Line, { text })
      await em.commit()
      return 'saved'
    })
  })
  app.post<{ Body: { text: string } }>('/flush', async ({ body: { text } }) => {
    const em = fork()
    em.persist(em.create(Line, { text }))
    await em.flush()
    return 'saved'
  })
}
