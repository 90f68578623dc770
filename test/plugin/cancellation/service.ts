// The service whose clients leave, and an administrator who holds the tables, so that statements surely run when they do.
import type { AddressInfo } from 'node:net'
import { defineConfig as postgresConfig, type EntityManager } from '@mikro-orm/postgresql'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { createSqlAssist, sqlassist, type Session, type SqlAssistPluginOptions } from 'fastify-sqlassist'
import type { EngineOptions, EngineStats, SqlAssist } from 'fastify-sqlassist/orm'
import type { Test } from 'tap'
import { postgresDatabase } from '../../support/databases.ts'
import { Author, Book, Tag } from './model.ts'

/** A writer as these tests use it, whatever other tests declare. */
export type Writer = Session<EntityManager>

export const writerIn = (container: object): Writer => (container as { writer: Writer }).writer
export const writerOf = (request: FastifyRequest): Writer => writerIn(request.dbSession)

export const entities = [Author, Book, Tag]
export const POOL_MAX = 3

/** An engine over a database, with a pool that is small enough for a lost connection to show. */
export function enginesOn(url: string, driverOptions: object = {}, more: Partial<EngineOptions> = {}): { writer: EngineOptions } {
  return { writer: { config: postgresConfig({ clientUrl: url, entities, pool: { max: POOL_MAX }, driverOptions }), ...more } }
}

/** A new database with the tables in it, and two books of one author, with a tag. */
export async function library(t: Test): Promise<string> {
  const url = await postgresDatabase(t)
  await fill(url)
  return url
}

export async function fill(url: string, driverOptions: object = {}): Promise<void> {
  await using db = await createSqlAssist({ engines: enginesOn(url, driverOptions) })
  await db.engine('writer').orm.schema.create()
  await using container = db.session()
  const em = writerIn(container)
  const author = em.create(Author, { name: 'Joyce', books: [] })
  const tag = em.create(Tag, { label: 'classic' })
  for (const title of ['Ulysses', 'Dubliners']) em.create(Book, { title, author, tags: [tag] })
  await em.flush()
}

export interface ServiceOptions extends Omit<SqlAssistPluginOptions, 'engines' | 'sqlassist'> {
  readonly server?: object
  readonly driverOptions?: object
  readonly engine?: Partial<EngineOptions>
}

/** An application that ends with the test. Routes are still to come. */
export async function service(t: Test, url: string, { server = {}, driverOptions, engine, ...options }: ServiceOptions = {}): Promise<FastifyInstance> {
  const app = Fastify(server) as unknown as FastifyInstance
  await app.register(sqlassist, { engines: enginesOn(url, driverOptions, engine), ...options })
  t.teardown(async () => await app.close())
  return app
}

export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

export const statsOf = (db: SqlAssist): EngineStats => db.stats()['writer']!

/** Whether every connection that was taken is back. */
export function allBack(db: SqlAssist): boolean {
  const { pool, sessions } = statsOf(db)
  return sessions.open === 0 && (pool === null || (pool.total === pool.idle && pool.waiting === 0 && pool.total <= POOL_MAX))
}
