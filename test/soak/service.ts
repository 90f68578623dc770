// The service under the soak: one application over HTTP/1.1 and one over HTTP/2, on the same engines, with handlers that behave and
// handlers that do not.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import sqlassist, { createSqlAssist, DbSessionsContainer, type Session, type SqlAssist } from 'fastify-sqlassist'
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'

@Entity()
export class Line {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) text!: string
}

type Writer = Session<EntityManager>

export const POOL_MAX = 8

/** What has happened, as counted by the service itself. */
export class Counts {
  created = 0
  closed = 0
  readonly #kinds = new Map<string, number>()

  add(kind: string): void {
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1)
  }

  get(kind: string): number {
    return this.#kinds.get(kind) ?? 0
  }

  entries(): [string, number][] {
    return [...this.#kinds].toSorted(([one], [other]) => one.localeCompare(other))
  }
}

export interface SoakService {
  readonly sqlassist: SqlAssist
  readonly http1: number
  readonly http2: number
  readonly counts: Counts
  close(): Promise<void>
}

const writerOf = (request: FastifyRequest): Writer => (request.dbSession as unknown as { writer: Writer }).writer
const readerOf = (request: FastifyRequest): Writer => (request.dbSession as unknown as { reader: Writer }).reader

export async function startService(url: string): Promise<SoakService> {
  const counts = new Counts()
  class CountedContainer extends DbSessionsContainer {
    #counted = false

    constructor(setup: never) {
      super(setup)
      counts.created++
    }

    override async close(options?: { readonly aborted?: boolean }): Promise<void> {
      await super.close(options)
      if (!this.#counted) counts.closed++
      this.#counted = true
    }
  }
  const config = defineConfig({ clientUrl: url, entities: [Line], pool: { max: POOL_MAX }, driverOptions: { connectionTimeoutMillis: 30_000 } })
  const engines = { writer: { config }, reader: { config, readonly: true } }
  const db = (await createSqlAssist({ engines })) as unknown as SqlAssist
  const { orm } = db.engine('writer')
  await orm.schema.create()
  await orm.em.fork().insertMany(Line, Array.from({ length: 30 }, (_, n) => ({ text: `line ${n}` })))
  const apps = [Fastify(), Fastify({ http2: true }) as unknown as FastifyInstance] as const
  for (const app of apps) {
    app.addHook('onRequest', async (_request, { raw }) => void raw.once('close', () => counts.add(endOf(raw))))
    await app.register(sqlassist, { sqlassist: db, containerClass: CountedContainer })
    addRoutes(app)
    await app.listen({ port: 0, host: '127.0.0.1' })
  }
  const [http1, http2] = apps.map((app) => (app.server.address() as AddressInfo).port) as [number, number]
  return {
    sqlassist: db,
    http1,
    http2,
    counts,
    async close() {
      await Promise.all(apps.map(async (app) => await app.close()))
      await db.dispose()
    },
  }
}

function endOf(raw: { readonly headersSent: boolean; readonly writableFinished: boolean; readonly stream?: { readonly rstCode: number; readonly writableFinished: boolean } }): string {
  const { stream } = raw
  const protocol = stream === undefined ? 'HTTP/1.1' : 'HTTP/2'
  const whole = stream === undefined ? raw.writableFinished : stream.writableFinished && stream.rstCode === 0
  return `${protocol}: ${whole ? 'answered' : raw.headersSent ? 'aborted in the answer' : 'aborted before the answer'}`
}

function addRoutes(app: FastifyInstance): void {
  app.get('/read', async (request) => (await readerOf(request).find(Line, {}, { limit: 5 })).length)
  app.get('/slow', async (request) => {
    await readerOf(request).execute('select pg_sleep(0.003)')
    return await readerOf(request).count(Line)
  })
  app.get('/forgotten', async (request) => {
    const writer = writerOf(request)
    await writer.begin()
    await writer.insert(Line, { text: 'forgotten' })
    return 'forgot to commit'
  })
  app.get('/raw', async (request) => {
    await writerOf(request).execute('begin')
    return 'forgot, in raw SQL'
  })
  app.get('/throws', async (request) => {
    await writerOf(request).transactional(async (em) => {
      await em.insert(Line, { text: 'thrown away' })
      throw new Error('thrown on purpose')
    })
  })
  app.get('/outlives', async (request, reply) => {
    const writer = writerOf(request)
    await writer.begin()
    await Promise.race([once(reply.raw, 'close'), sleep(5)])
    await writer.insert(Line, { text: 'forgotten' })
    return 'went on'
  })
  app.get('/stream', async (request, reply) => {
    const writer = writerOf(request)
    await writer.begin()
    const rows = writer.stream(Line, { where: { text: { $like: 'line %' } } })
    const text = async function* (): AsyncGenerator<string> {
      for await (const line of rows) yield `${line.text}\n`
    }
    return reply.type('text/plain').send(Readable.from(text()))
  })
  app.post<{ Body: { text: string } }>('/write', async (request) => {
    const writer = writerOf(request)
    await writer.begin()
    await writer.insert(Line, { text: request.body.text })
    await writer.commit()
    return 'saved'
  })
  app.post<{ Body: { text: string } }>('/flush', async (request) => {
    const writer = writerOf(request)
    await writer.persistAndFlush(writer.create(Line, { text: request.body.text }))
    return 'saved'
  })
}
