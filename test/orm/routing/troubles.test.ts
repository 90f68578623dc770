// What goes wrong around replicas, beside their lag: servers that are silent, of another cluster, or no primary any more, and what is closed or renewed meanwhile.
import { defineConfig, type EntityManager, type Options } from '@mikro-orm/postgresql'
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import { createSqlAssist, type EngineOptions, type SqlAssist, type SqlAssistOptions } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { ownPostgres } from '../../support/own-postgres.ts'
import { replicatedCluster } from '../../support/replicated-cluster.ts'
import { tcpProxy } from '../../support/tcp-proxy.ts'
import { eventually, recordingLogger } from '../engines/library.ts'

@Entity()
class Note {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) text!: string
}

const configOf = (clientUrl: string): Partial<Options> => defineConfig({ clientUrl, entities: [Note], pool: { max: 4 } })
const cluster = await replicatedCluster(t)
{
  await using db = await createSqlAssist({ engines: { setup: { config: configOf(cluster.primary.url) } } })
  await db.engine('setup').orm.schema.create()
}
await cluster.caughtUp()

interface Assisted {
  readonly db: SqlAssist
  readonly log: ReturnType<typeof recordingLogger>
  ports(times?: number): Promise<Set<number>>
}

async function assisted(t: Test, urls: readonly string[], reader: Partial<EngineOptions> = {}, options: Partial<SqlAssistOptions> = {}): Promise<Assisted> {
  const log = recordingLogger()
  const replicas = urls.map((url) => configOf(url))
  const db = await createSqlAssist({
    engines: { writer: { config: configOf(cluster.primary.url) }, reader: { readonly: true, follows: 'writer', replicas, ...reader } },
    logger: log,
    ...options,
  })
  t.teardown(async () => await db.dispose())
  const ports = async (times = 1): Promise<Set<number>> => new Set(await Promise.all(Array.from({ length: times }, async () => await portOf(db))))
  return { db: db as unknown as SqlAssist, log, ports }
}

const readerOf = (container: { get(name: never): unknown }): EntityManager => container.get('reader' as never) as EntityManager

async function portOf(db: { session(): AsyncDisposable & { get(name: never): unknown } }): Promise<number> {
  await using container = db.session()
  return (await readerOf(container).execute<{ port: number }[]>('select inet_server_port() as port'))[0]!.port
}

const [one, two] = cluster.replicas as [(typeof cluster.replicas)[number], (typeof cluster.replicas)[number]]
const addresses = cluster.replicas.map(({ url }) => url)

t.test('a replica that is silent: what it was asked is answered by another one', async (t) => {
  const { db, log } = await assisted(t, [one.url, two.url], { limits: { statementTimeoutMs: 0 } })
  const sessions = Array.from({ length: 4 }, () => db.session())
  t.teardown(async () => await Promise.all(sessions.map(async (session) => await session.close())))
  const readAll = async (): Promise<number[]> =>
    await Promise.all(sessions.map(async (session) => (await readerOf(session).execute<{ port: number }[]>('select inet_server_port() as port'))[0]!.port))
  t.ok((await readAll()).includes(one.port), 'it is read from')
  one.freeze()
  t.teardown(() => one.thaw())
  t.notOk((await readAll()).includes(one.port))
  t.ok(log.lines.some(({ level, message }) => level === 'warn' && message.includes('replica 1') && message.includes('is down')))
  one.thaw()
  await eventually(() => log.lines.some(({ message }) => message.includes('replica 1') && message.includes('is back')))
})

t.test('how an engine with replicas is', async (t) => {
  const wire = await tcpProxy(t, one.url)
  const { db } = await assisted(t, [wire.url, two.url])
  await eventually(async () => (await db.check()).ok)
  t.match((await db.check()).engines['reader'], { ok: true, readOnly: true, lagMs: Number, servers: { 'replica 1': { ok: true }, 'replica 2': { ok: true }, 'writer': { ok: true } } })
  wire.refuse(true)
  wire.cut()
  t.match((await db.check()).engines['reader'], { ok: true, servers: { 'replica 1': { ok: false, error: String }, 'replica 2': { ok: true } } })
  wire.refuse(false)

  const dead = await tcpProxy(t, one.url)
  dead.refuse(true)
  const alone = await assisted(t, [dead.url], { fallback: 'error' })
  t.match((await alone.db.check()).engines['reader'], { ok: false, error: /^replica 1: / })
  await t.rejects(portOf(alone.db), { code: 'SQLASSIST_DATABASE_UNAVAILABLE', message: /none of its replicas answers/ })
  dead.refuse(false)
})

t.test('connections are made anew to all servers, and closed, also while somebody reads', async (t) => {
  const { db, ports } = await assisted(t, addresses, {}, { closeTimeoutMs: 200 })
  t.ok((await ports(12)).size > 1)
  const { pool, replicas } = db.stats()['reader']!
  t.equal(pool!.total, replicas!.reduce((sum, server) => sum + server.pool!.total, 0))
  await db.reinitEngine('reader')
  t.equal(db.stats()['reader']!.pool!.total, 0)
  t.ok((await ports(12)).size > 1)

  const slow = async (): Promise<unknown> => {
    await using container = db.session()
    return await readerOf(container).execute('select pg_sleep(600)')
  }
  const reading = Array.from({ length: 6 }, slow)
  for (const read of reading) read.catch(() => {})
  await eventually(() => db.stats()['reader']!.replicas!.filter((server) => server.pool!.total > server.pool!.idle).length > 1)
  await db.dispose()
  t.ok((await Promise.allSettled(reading)).every(({ status }) => status === 'rejected'))
  const readers = await Promise.all(cluster.replicas.map(async (replica) => await replica.query(`select from pg_stat_activity where application_name = 'fastify-sqlassist/reader'`)))
  t.strictSame(readers.map(({ length }) => length), [0, 0])
})

t.test('a server of another cluster is not read from', async (t) => {
  const stranger = await ownPostgres(t)
  await t.rejects(assisted(t, [one.url, stranger.url]), { code: 'SQLASSIST_REPLICA_FOREIGN', message: /replica 2 of engine 'reader'/ }, 'at start-up')

  const wire = await tcpProxy(t, stranger.url)
  wire.refuse(true)
  const { db, log, ports } = await assisted(t, [one.url, wire.url])
  t.strictSame([...(await ports(12))], [one.port])
  wire.refuse(false)
  await eventually(async () => (await ports()).has(one.port) && log.lines.some(({ level, message }) => level === 'error' && message.includes('replica 2')))
  t.strictSame([...(await ports(12))], [one.port], 'nor when it is there later')
  t.equal(db.stats()['reader']!.replicas![1]!.state, 'foreign')
})

t.test('a primary that has become a standby is not asked what is new', async (t) => {
  const apart = await replicatedCluster(t, { replicas: 1 })
  const [replica] = apart.replicas as [(typeof apart.replicas)[number]]
  const wire = await tcpProxy(t, apart.primary.url)
  await using db = await createSqlAssist({
    engines: { writer: { config: configOf(wire.url) }, reader: { readonly: true, follows: 'writer', replicas: [configOf(replica.url)] } },
    consistency: 'strong',
  })
  t.equal(await portOf(db as never), apart.primary.port)
  wire.leadTo(replica.url)
  wire.cut()
  await t.rejects(portOf(db as never), { code: 'SQLASSIST_DATABASE_UNAVAILABLE', message: /no primary/ })
  wire.leadTo(apart.primary.url)
  wire.cut()
  await eventually(async () => await portOf(db as never).then((port) => port === apart.primary.port, () => false))

  await replica.promote()
  const both = createSqlAssist({
    engines: { writer: { config: configOf(apart.primary.url) }, reader: { readonly: true, follows: 'writer', replicas: [configOf(replica.url)] } },
  })
  await t.rejects(both, { code: 'SQLASSIST_TWO_PRIMARIES', message: /Engine 'writer' and replica 1 of engine 'reader'/ }, 'two that accept writes are one too many')
})
