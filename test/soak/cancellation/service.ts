// The service whose clients leave: what answers, and what takes so long that nobody waits for it.
import type { AddressInfo } from 'node:net'
import { defineConfig, type EntityManager, raw } from '@mikro-orm/postgresql'
import Fastify, { type FastifyInstance } from 'fastify'
import { sqlassist, type Session } from 'fastify-sqlassist'
import type { SqlAssist } from 'fastify-sqlassist/orm'
import { sql } from 'kysely'
import { firstLines, Line } from '../line.ts'
import { PoolCounts } from './pool-counts.ts'

export type Writer = Session<EntityManager>

export const POOL_MAX = 5

/** One request: its number, and for how many seconds the database shall be at it. */
export interface Ask {
  readonly n: number
  readonly seconds: number
}

const hash = `select md5(?) hash from pg_sleep(?)`
const pause = (em: Writer, seconds: number): Promise<unknown> => em.execute('select pg_sleep(?)', [seconds])

/** Each answers with the MD5 of the request's number, as the server has computed it for this request. */
export const answering: Readonly<Record<string, (writer: Writer, ask: Ask) => Promise<string>>> = {
  execute: async (writer, { n, seconds }) => (await writer.execute<[{ hash: string }]>(hash, [`${n}`, seconds]))[0].hash,
  kysely: async (writer, { n, seconds }) =>
    (await sql<{ hash: string }>`select md5(${`${n}`}) hash from pg_sleep(${seconds})`.execute(writer.getKysely())).rows[0]!.hash,
  transaction: async (writer, { n, seconds }) =>
    await writer.transactional(async (em) => {
      await em.insert(Line, { text: `${n}` })
      await pause(em, seconds)
      return (await em.execute<[{ hash: string }]>('select md5(text) hash from line where text = ?', [`${n}`]))[0].hash
    }),
  flush: async (writer, { n }) => {
    await writer.persistAndFlush(writer.create(Line, { text: `${n}` }))
    return await answering['query builder']!(writer, { n, seconds: 0 })
  },
  'query builder': async (writer, { n }) => {
    const row = (await writer.qb(Line).select(raw('md5(?) as hash', [`${n}`])).limit(1).execute('get')) as unknown as { hash: string }
    return row.hash
  },
  stream: async (writer, { n }) => {
    let last = ''
    const rows = writer.getConnection().stream<{ hash: string }>('select md5(?) hash from generate_series(1, 20)', [`${n}`], undefined, undefined, 7)
    for await (const { hash } of rows as AsyncIterable<{ hash: string }>) last = hash
    return last
  },
}

/** These take their time. What they save they save twice, in one transaction: there may be two of it, or none. */
export const leaving: Readonly<Record<string, (writer: Writer, ask: Ask) => Promise<unknown>>> = {
  execute: async (writer, { seconds }) => await pause(writer, seconds),
  transaction: async (writer, { n, seconds }) =>
    await writer.transactional(async (em) => {
      await em.insert(Line, { text: `pair ${n}` })
      await pause(em, seconds)
      await em.insert(Line, { text: `pair ${n}` })
    }),
  'begin() and commit()': async (writer, { n, seconds }) => {
    await writer.begin()
    for (let copies = 0; copies < 2; copies++) writer.create(Line, { text: `pair ${n}` })
    await pause(writer, seconds)
    await writer.commit()
  },
  flush: async (writer, { n }) => {
    for (let copies = 0; copies < 2; copies++) writer.create(Line, { text: `pair ${n}` })
    await writer.flush()
  },
  'many at once': async (writer, { seconds }) => await Promise.all(Array.from({ length: 10 }, async () => await pause(writer, seconds / 5))),
  kysely: async (writer, { seconds }) => await sql`select pg_sleep(${seconds})`.execute(writer.getKysely()),
  'kysely: a transaction': async (writer, { n, seconds }) =>
    await writer.getKysely().transaction().execute(async (trx) => {
      for (let copies = 0; copies < 2; copies++) await sql`insert into line (text) select ${`pair ${n}`} from pg_sleep(${seconds / 2})`.execute(trx)
    }),
  stream: async (writer, { seconds }) => {
    const rows = writer.getConnection().stream('select pg_sleep(?) from generate_series(1, 20)', [seconds / 20], undefined, undefined, 3)
    for await (const _row of rows as AsyncIterable<unknown>) void _row
  },
}

export interface Service {
  readonly app: FastifyInstance
  readonly db: SqlAssist
  readonly port: number
  readonly counts: PoolCounts
}

/** Somebody who wants to know how the handlers fare, by the numbers of their requests. */
export interface Observer {
  begun(n: number): void
  settled(n: number, error: unknown): void
}

export async function startService(clientUrl: string, observer: Observer): Promise<Service> {
  const counts = new PoolCounts()
  const driverOptions = { stream: counts.stream, onPoolCreated: counts.watch }
  const config = defineConfig({ clientUrl, entities: [Line], pool: { max: POOL_MAX }, driverOptions })
  const app = Fastify() as unknown as FastifyInstance
  await app.register(sqlassist, { engines: { writer: { config, limits: { checkoutTimeoutMs: 60_000 } } } })
  const { orm } = app.sqlassist.engine('writer')
  await orm.schema.create()
  await orm.em.fork().insertMany(Line, firstLines())
  const routes = { answering, leaving } as const
  app.get<{ Params: { route: keyof typeof routes; kind: string; n: string; seconds: string } }>('/:route/:kind/:n/:seconds', async (request) => {
    const { route, kind, ...ask } = request.params
    const n = Number(ask.n)
    const writer = (request.dbSession as unknown as { writer: Writer }).writer
    observer.begun(n)
    return await routes[route][kind]!(writer, { n, seconds: Number(ask.seconds) }).then(
      (answer) => (observer.settled(n, undefined), answer ?? 'done'),
      (error: unknown) => (observer.settled(n, error), Promise.reject(error as Error)),
    )
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, db: app.sqlassist as unknown as SqlAssist, port: (app.server.address() as AddressInfo).port, counts }
}
