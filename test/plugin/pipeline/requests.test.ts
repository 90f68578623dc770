// Requests whose reads share one connection: one that has to wait, clients that leave, the panel, and the end of the application.
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql'
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import Fastify, { type FastifyInstance } from 'fastify'
import { type ReadonlySession, sqlassist } from 'fastify-sqlassist'
import { sqlassistDebug } from 'fastify-sqlassist/debug'
import { type CancelEvent, onSqlAssistEvent, type PipelineOptions } from 'fastify-sqlassist/orm'
import pg from 'pg'
import t, { type Test } from 'tap'
import { asSuperuser, postgresDatabase } from '../../support/databases.ts'
import { RawClient } from '../../support/http-client.ts'
import { listening, Panel } from '../debug/fixtures/panel.ts'
import { until } from '../endings/ending.ts'
import { portOf } from '../endings/service.ts'

@Entity()
class Page {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) title!: string
}

/** A view whose rows are not to be had while somebody holds the lock. */
@Entity()
class Held {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) lock!: string
}

const url = await postgresDatabase(t)
await asSuperuser(url, `create table page (id int primary key, title text not null);
  insert into page select n, 'page ' || n from generate_series(1, 100) n;
  create view held as select 1 as id, pg_advisory_xact_lock_shared(7)::text as lock`)

interface Scene {
  readonly app: FastifyInstance
  readonly admin: pg.Client
  /** The backend of the shared connection. */
  shared(): number | undefined
  /** Resolves when so many reads are on their way on it. */
  onTheirWay(count: number): Promise<void>
}

const readerOf = (request: { dbSession: object }): ReadonlySession<EntityManager> => (request.dbSession as { reader: ReadonlySession<EntityManager> }).reader

async function scene(t: Test, pipeline: PipelineOptions): Promise<Scene> {
  const app = Fastify() as unknown as FastifyInstance
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  t.teardown(async () => {
    await admin.end() // and with it the lock
    await app.close()
  })
  const config = defineConfig({ clientUrl: url, entities: [Page, Held], pool: { max: 3 } })
  await app.register(sqlassist, { engines: { reader: { config, readonly: true, pipeline: { connections: 1, ...pipeline } } } })
  await app.register(sqlassistDebug)
  app.get<{ Params: { id: string } }>('/page/:id', async (request) => await readerOf(request).findOne(Page, Number(request.params.id)))
  app.get('/held', async (request) => await readerOf(request).findOne(Held, 1))
  await listening(app)
  const clients = (): readonly { readonly processID: number | null; readonly activity: { readonly length: number } }[] => [...app.sqlassist.engine('reader').pool!.shared]
  const read = async (): Promise<boolean> => {
    await Promise.all([app.inject('/page/1'), app.inject('/held')]) // both are compiled by then
    return clients().length === 1
  }
  t.ok(await until(read), 'there is a shared connection')
  return {
    app, admin,
    shared: () => clients()[0]?.processID ?? undefined,
    onTheirWay: async (count) => void (await until(() => clients()[0]?.activity.length === count)),
  }
}

const hold = async ({ admin }: Scene): Promise<void> => void (await admin.query('select pg_advisory_lock(7)'))
const letGo = async ({ admin }: Scene): Promise<void> => void (await admin.query('select pg_advisory_unlock(7)'))
const page = (id: number): object => ({ statusCode: 200, body: JSON.stringify({ id, title: `page ${id}` }) })

t.test('a read that has to wait holds up nobody else for long', async (t) => {
  const it = await scene(t, {})
  await hold(it)
  const order: string[] = []
  const held = it.app.inject('/held').then((reply) => (order.push('held'), reply))
  await it.onTheirWay(1)
  const others = await Promise.all([1, 2, 3, 4, 5].map(async (id) => await it.app.inject(`/page/${id}`)))
  order.push('the others')
  t.match(others, [1, 2, 3, 4, 5].map(page))
  await letGo(it)
  t.match(await held, { statusCode: 200, body: '{"id":1,"lock":""}' })
  t.strictSame(order, ['the others', 'held'])
})

t.test('a client that leaves stops nobody else\'s read', async (t) => {
  const it = await scene(t, { slowAfterMs: 60_000 })
  const cancelled: CancelEvent[] = []
  t.teardown(onSqlAssistEvent('sqlassist:cancel', (event) => void cancelled.push(event)))
  const pid = it.shared()
  await hold(it)
  const held = it.app.inject('/held')
  await it.onTheirWay(1)
  const open = it.app.sqlassist.stats()['reader']!.sessions.open
  const leaving = (await RawClient.connect(portOf(it.app))).request('GET', '/page/1')
  await it.onTheirWay(2)
  const behind = it.app.inject('/page/2')
  await it.onTheirWay(3)
  leaving.leave()
  t.ok(await until(() => it.app.sqlassist.stats()['reader']!.sessions.open === open + 1), 'its session is closed, and that of the last one is not')
  await letGo(it)
  t.match(await Promise.all([held, behind]), [{ statusCode: 200, body: '{"id":1,"lock":""}' }, page(2)])
  t.strictSame(cancelled, [])
  t.equal(it.shared(), pid, 'on the same connection')
})

t.test('what is left for nobody is stopped, and what is behind it is answered', async (t) => {
  const it = await scene(t, {})
  const pid = it.shared()!
  await hold(it)
  const leaving = (await RawClient.connect(portOf(it.app))).request('GET', '/held')
  await it.onTheirWay(1)
  const behind = it.app.inject('/page/2')
  leaving.leave()
  t.match(await behind, page(2))
  const waiting = async (): Promise<object[]> => await asSuperuser(url, `select from pg_stat_activity where pid = $1 and wait_event = 'advisory'`, [pid])
  t.ok(await until(async () => (await waiting()).length === 0), 'it waits no longer, though the lock is still held')
})

t.test('the panel shows each statement with its own time and connection', async (t) => {
  const it = await scene(t, { slowAfterMs: 60_000 })
  const panel = new Panel(it.app)
  await hold(it)
  const held = it.app.inject('/held')
  await it.onTheirWay(1)
  const behind = it.app.inject('/page/2')
  await it.onTheirWay(2)
  await new Promise((resolve) => setTimeout(resolve, 300)) // what the first one takes, and the second one waits
  await letGo(it)
  await Promise.all([held, behind])
  const details = await Promise.all((await panel.requests()).slice(0, 2).map(async ({ id }) => await panel.request(id)))
  const [slow, quick] = ['/held', '/page/2'].map((path) => details.find((detail) => detail.url === path)!.records[0]!)
  t.match([slow, quick], [{ pid: it.shared(), rows: 1, error: null, engine: 'reader' }, { pid: it.shared(), rows: 1, error: null, engine: 'reader' }])
  t.ok(slow!.durationMs! >= 300 && quick!.durationMs! < slow!.durationMs! && quick!.atMs >= 250, `${slow!.durationMs} ms; ${quick!.durationMs} ms, after ${quick!.atMs} ms`)
})

t.test('app.close() lets the reads that are on their way arrive', async (t) => {
  const it = await scene(t, {})
  await hold(it)
  const { opened } = it.app.sqlassist.stats()['reader']!.sessions
  const clients = await Promise.all(Array.from({ length: 10 }, async (_, n) => (await RawClient.connect(portOf(it.app))).request('GET', n === 0 ? '/held' : `/page/${n}`)))
  t.ok(await until(() => it.app.sqlassist.stats()['reader']!.sessions.opened === opened + 10))
  const closed = it.app.close()
  await letGo(it)
  t.strictSame(await Promise.all(clients.map(async (client) => await client.answered())), clients.map(() => '200'))
  await closed
  t.strictSame(await asSuperuser(url, `select from pg_stat_activity where datname = current_database() and application_name like 'fastify-sqlassist/%'`), [])
})
