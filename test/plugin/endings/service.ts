// The service whose requests end: a writer with a small pool and a reader, on one database.
import type { AddressInfo } from 'node:net'
import { defineConfig as postgresConfig, type EntityManager as PostgresManager } from '@mikro-orm/postgresql'
import { defineConfig as sqliteConfig } from '@mikro-orm/sqlite'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { sqlassist, type Session } from 'fastify-sqlassist'
import type { EngineStats } from 'fastify-sqlassist/orm'
import type { Test } from 'tap'
import { postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { Author, Book, Note } from './model.ts'

/** A writer as these tests use it, whatever the driver and whatever other tests declare. */
export type Writer = Session<PostgresManager>

export const writerOf = (request: FastifyRequest): Writer => (request.dbSession as unknown as { writer: Writer }).writer

export type Dialect = 'postgresql' | 'sqlite'

/** A database of one of the two dialects: a URL or a file. */
export interface Database {
  readonly dialect: Dialect
  readonly at: string
}

export interface ServiceOptions {
  readonly database: Database
  readonly server?: object
  readonly driverOptions?: object
  readonly closeTimeoutMs?: number
  /** Registered before sqlassist. */
  readonly before?: (app: FastifyInstance) => Promise<unknown> | void
}

const entities = [Author, Book, Note]

export function configOf({ dialect, at }: Database, driverOptions: object = {}): object {
  if (dialect === 'sqlite') return sqliteConfig({ dbName: at, entities })
  return postgresConfig({ clientUrl: at, entities, pool: { max: 3 }, driverOptions })
}

export async function makeService({ database, server = {}, driverOptions, closeTimeoutMs = 10_000, before }: ServiceOptions): Promise<FastifyInstance> {
  const app = Fastify(server) as unknown as FastifyInstance
  await before?.(app)
  const config = configOf(database, driverOptions)
  await app.register(sqlassist, { engines: { writer: { config }, reader: { config, readonly: true } }, closeTimeoutMs })
  return app
}

/** Makes the tables, and a book to load. */
export async function prepare(database: Database): Promise<void> {
  const app = await makeService({ database })
  const { orm } = app.sqlassist.engine('writer')
  await orm.schema.create()
  const em = orm.em.fork()
  em.create(Book, { title: 'Ulysses', author: em.create(Author, { name: 'Joyce', books: [] }) })
  await em.flush()
  await app.close()
}

export const portOf = (app: FastifyInstance): number => (app.server.address() as AddressInfo).port

export const statsOf = (app: FastifyInstance, engine = 'writer'): EngineStats => app.sqlassist.stats()[engine]!

/** A new PostgreSQL database with the tables in it. */
export async function postgres(t: Test): Promise<Database> {
  const database: Database = { dialect: 'postgresql', at: await postgresDatabase(t) }
  await prepare(database)
  return database
}

/** A new SQLite file with the tables in it. */
export async function sqlite(t: Test): Promise<Database> {
  const database: Database = { dialect: 'sqlite', at: sqliteFile(t) }
  await prepare(database)
  return database
}
