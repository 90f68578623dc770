// A request that touches no database pays for none: nothing is made for it, and nobody waits for its end. One that does is the counter-check.
import type { EventEmitter } from 'node:events'
import { RequestContext } from '@mikro-orm/core'
import { SqlEntityManager } from '@mikro-orm/sql'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import sqlassist, { type SqlAssistPluginOptions } from 'fastify-sqlassist'
import { onSqlAssistEvent, SQLASSIST_EVENTS, type EngineOptions } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { onSqlite, Shelf } from '../orm/engines/library.ts'
import { sqliteFile } from '../support/databases.ts'

/** All EntityManagers, however they are made. */
let managers = 0
class Counted extends SqlEntityManager {
  readonly number = ++managers
}

interface Application {
  readonly app: FastifyInstance
  readonly events: string[]
  /** The listeners of the last request and its answer, while it was handled and while it was answered. */
  readonly listeners: Record<string, number>[]
}

async function application(t: Test, options?: Omit<SqlAssistPluginOptions, 'engines'>): Promise<Application> {
  const app = Fastify()
  t.teardown(async () => await app.close())
  const listeners: Record<string, number>[] = []
  if (options !== undefined) {
    const engine = (): EngineOptions => ({ config: onSqlite(sqliteFile(t), { entityManager: Counted }) })
    await app.register(sqlassist, { engines: { writer: engine(), reader: { ...engine(), readonly: true } }, ...options })
    await app.sqlassist.engine('writer').orm.schema.create()
    app.get('/touched', async (request, reply) => {
      const count = await request.dbSession.writer.count(Shelf)
      listeners.push(listenersOf(request, reply))
      return { count }
    })
  }
  app.addHook('onRequest', async () => void listeners.splice(0))
  app.addHook('onSend', async (request, reply) => void listeners.push(listenersOf(request, reply)))
  app.get('/untouched', async (request, reply) => {
    listeners.push(listenersOf(request, reply))
    return { count: 0 }
  })
  const events: string[] = []
  for (const name of SQLASSIST_EVENTS) t.teardown(onSqlAssistEvent(name, () => void events.push(name)))
  await app.listen()
  return { app, events, listeners }
}

/** How many listeners each event of a request has, on all that it is made of. */
function listenersOf(request: FastifyRequest, reply: FastifyReply): Record<string, number> {
  const emitters: Record<string, EventEmitter> = { request: request.raw, response: reply.raw, socket: request.socket }
  return Object.fromEntries(
    Object.entries(emitters).flatMap(([which, emitter]) => emitter.eventNames().map((event) => [`${which} ${String(event)}`, emitter.listenerCount(event)])),
  )
}

async function get(app: FastifyInstance, path: string): Promise<unknown> {
  const { port } = app.server.address() as { port: number }
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return await response.json()
}

const WAYS: Record<string, Omit<SqlAssistPluginOptions, 'engines'>> = {
  'with no options': {},
  'with a transaction for each request': { transaction: 'request' },
  'with transactions that are tried again': { transaction: 'request', retry: { attempts: 3 } },
  'with all guards': { nPlusOne: 'warn', slowQueryMs: 100, idleTransactionMs: 1000 },
  'with a context for the global EntityManager': { requestContext: 'writer' },
}

for (const [way, options] of Object.entries(WAYS)) {
  t.test(`a request that touches no session, ${way}`, async (t) => {
    const bare = await application(t)
    const { app, events, listeners } = await application(t, options)
    const before = managers
    // The second request of a connection: nothing was left by the first one.
    for (const round of [1, 2]) {
      await get(bare.app, '/untouched')
      t.same(await get(app, '/untouched'), { count: 0 }, `round ${round}`)
      t.ok(listeners.length > 0)
      t.same(listeners, bare.listeners, 'has the listeners that it has without us')
    }
    t.same(await get(app, '/nowhere'), { message: 'Route GET:/nowhere not found', error: 'Not Found', statusCode: 404 })
    t.equal(managers, before, 'no EntityManager was made')
    t.same(events, [], 'nor a container')
    t.match(app.sqlassist.stats(), { writer: { sessions: { opened: 0 } }, reader: { sessions: { opened: 0 } } })
    t.equal(RequestContext.getEntityManager(), undefined)
    t.equal(managers, before)

    t.same(await get(app, '/touched'), { count: 0 })
    t.equal(managers, before + 1, 'one that touches a session makes that one')
    t.ok(events.includes('sqlassist:container:open'))
    t.equal(listeners[0]!['response close'], (bare.listeners[0]!['response close'] ?? 0) + 1, 'and one listener for its end')
    t.equal(app.sqlassist.stats()['reader']!.sessions.opened, 0, 'of one engine only')
  })
}
