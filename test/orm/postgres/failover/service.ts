// An application whose database goes away: a writer and a reader with small pools and short limits.
import { setTimeout as sleep } from 'node:timers/promises'
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql'
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { sqlassist, type Session } from 'fastify-sqlassist'
import { createSqlAssist, type EngineOptions } from 'fastify-sqlassist/orm'
import type { Test } from 'tap'
import { LogLines } from '../../../plugin/endings/log-lines.ts'

@Entity()
export class Note {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) text!: string
}

export type Writer = Session<EntityManager>

/** The session of any engine, as these tests use it. */
export const sessionOf = (container: object, engine: string): Writer => (container as Record<string, Writer>)[engine]!

export const POOL_MAX = 4

export const configOf = (clientUrl: string, more: object = {}): object => defineConfig({ clientUrl, entities: [Note], pool: { max: POOL_MAX }, ...more })

/** Short, so that a test need not wait; the defaults would do the same. */
const limits = { checkoutTimeoutMs: 1000, statementTimeoutMs: 2000, commitTimeoutMs: 2000 }

/** So long that it cannot be what ends the waiting for a statement. */
export const patientLimits = { checkoutTimeoutMs: 4000, statementTimeoutMs: 600_000, commitTimeoutMs: 600_000 }

export type Engines = Record<string, Partial<EngineOptions> & { readonly config: object }>

export interface Service {
  readonly app: FastifyInstance
  readonly url: string
  readonly log: LogLines
}

export async function makeTables(url: string): Promise<void> {
  await using db = await createSqlAssist({ engines: { setup: { config: configOf(url) } } })
  await db.engine('setup').orm.schema.create()
}

/** Listens, and ends with the test. */
export async function serve(t: Test, engines: Engines, closeTimeoutMs = 1000): Promise<Service> {
  const log = new LogLines()
  const app = Fastify({ logger: { level: 'warn', stream: log }, forceCloseConnections: true }) as unknown as FastifyInstance
  const withLimits = Object.fromEntries(Object.entries(engines).map(([name, options]) => [name, { limits, ...options }]))
  await app.register(sqlassist, { engines: withLimits, closeTimeoutMs })
  addRoutes(app)
  t.teardown(async () => await app.close())
  return { app, url: await app.listen({ port: 0, host: '127.0.0.1' }), log }
}

const writerOf = ({ dbSession }: FastifyRequest): Writer => sessionOf(dbSession, 'writer')

function addRoutes(app: FastifyInstance): void {
  app.get('/notes', async ({ dbSession }) => await sessionOf(dbSession, 'reader').count(Note))
  app.get('/transaction', async (request) => await writerOf(request).transactional(async (em) => await em.count(Note)))
  app.get('/slow', async (request) => await writerOf(request).execute('select pg_sleep(0.05)'))
  app.get('/long', async (request) => await writerOf(request).execute('select pg_sleep(600)'))
  app.post<{ Body: { text: string } }>('/flush', async (request) => {
    await writerOf(request).persistAndFlush(writerOf(request).create(Note, request.body))
    return 'saved'
  })
  app.post<{ Body: { text: string } }>('/insert', async (request) => {
    await writerOf(request).insert(Note, request.body)
    return 'saved'
  })
}

/** Polls for a condition. Resolves to how long that took, in ms; the test's own timeout is its end. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<number> {
  const start = performance.now()
  while (!(await condition())) await sleep(10)
  return Math.round(performance.now() - start)
}
