// Where sessions read, on a primary with two real replicas. The proofs at full size are elsewhere: here is what is decided, and why.
import { defineEntity, p } from '@mikro-orm/core'
import { defineConfig, type EntityManager, MikroORM, type Options } from '@mikro-orm/postgresql'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createSqlAssist, type EngineOptions, onSqlAssistEvent, type SessionRouteEvent, type SqlAssist, sqlAssistConfig, type SqlAssistOptions } from 'fastify-sqlassist/orm'
import { postgresDatabase } from '../../support/databases.ts'
import { replicatedCluster } from '../../support/replicated-cluster.ts'

const Item = defineEntity({ name: 'Item', properties: { id: p.integer().primary(), name: p.string() } })
const { primary, replicas } = await replicatedCluster(t)
const at = (clientUrl: string) => defineConfig({ clientUrl, entities: [Item] })
const writer = { config: at(primary.url), default: true } as const
const configs = replicas.map(({ url }) => ({ clientUrl: url })) // the rest is as for the writer
const LONG = 600_000
{
  await using db = await createSqlAssist({ engines: { writer } })
  await db.engine('writer').orm.schema.create()
}

type Sessions = Record<'writer' | 'reader' | 'other', EntityManager & { insert(entity: typeof Item, data: { name: string }): Promise<unknown> }>
type Assist = SqlAssist<Sessions>

/** A writer, and two readers of the same replicas. */
async function assist(t: Test, reader: EngineOptions = {}, more: Partial<SqlAssistOptions> = {}): Promise<Assist> {
  const options: EngineOptions = { readonly: true, follows: 'writer', replicas: configs, ...reader }
  const db = await createSqlAssist({ engines: { writer, reader: options, other: options }, ...more })
  t.teardown(async () => await db.dispose())
  return db as unknown as Assist
}

const sessionsOf = (db: Assist, options?: Parameters<Assist['session']>[0]): Sessions & AsyncDisposable & { $token(): Promise<string | undefined> } => db.session(options)

function heard(t: Test): SessionRouteEvent[] {
  const events: SessionRouteEvent[] = []
  t.teardown(onSqlAssistEvent('sqlassist:session:route', (event) => void events.push(event)))
  return events
}

async function paused(t: Test, members = replicas): Promise<void> {
  await Promise.all(members.map(async (member) => await member.pause()))
  t.teardown(async () => await Promise.all(members.map(async (member) => await member.resume())))
}

let names = 0
const newName = (): string => `item ${++names}`

/** What a client is told that has written a row. */
async function tokenOfInserted(db: Assist, name: string): Promise<string | undefined> {
  await using session = sessionsOf(db)
  await session.writer.insert(Item, { name })
  return await session.$token()
}

t.test('what was written is read: from a replica that has it, or from the primary', async (t) => {
  const db = await assist(t)
  const events = heard(t)
  for (let round = 0; round < 20; round++) {
    await using session = sessionsOf(db)
    const name = newName()
    await session.writer.insert(Item, { name })
    if ((await session.reader.count(Item, { name })) !== 1) t.fail(`round ${round}: not seen`)
  }
  t.equal(events.length, 20, 'one choice for each session')
  t.match(events[0], { engine: 'reader', session: Number, server: /^replica [12]$/, why: /^it has what the client has seen: \w+\/\w+ on timeline 1$/, asked: /^\w+\/\w+$/, found: /^\w+\/\w+$/, waitedMs: Number })
  t.equal(db.engine('reader').stats().replicas!.length, 3)
  t.match(db.engine('reader').stats().replicas, [
    { server: 'replica 1', state: 'up', replayed: /^\w+\/\w+$/, pool: { max: Number } }, { server: 'replica 2', state: 'up', pool: { max: Number } }, { server: 'writer', pool: { max: Number } },
  ])
  t.equal(db.engine('writer').stats().replicas, undefined)
})

t.test('two readers at once, after a write, both see it', async (t) => {
  const db = await assist(t, { limits: { replicaWaitMs: 0 } })
  await paused(t)
  for (let round = 0; round < 10; round++) {
    await using session = sessionsOf(db)
    const name = newName()
    await session.writer.insert(Item, { name })
    t.strictSame(await Promise.all([session.reader.count(Item, { name }), session.other.count(Item, { name }), session.reader.count(Item, { name })]), [1, 1, 1])
  }
})

t.test('a session that has read elsewhere waits for all replicas at once', async (t) => {
  const db = await assist(t, { limits: { replicaWaitMs: LONG } })
  const events = heard(t)
  await using session = sessionsOf(db)
  await session.reader.count(Item, {})
  const here = replicas[events[0]!.server === 'replica 1' ? 0 : 1]!
  await paused(t, [here])
  const name = newName()
  await session.writer.insert(Item, { name })
  t.equal(await session.reader.count(Item, { name }), 1, 'the other one has it, and the first one may be waited for until it is resumed')
  t.equal(events.length, 2)
  t.not(events[1]!.server, events[0]!.server)
  t.equal(events[1]!.session, events[0]!.session)
})

t.test('by consistency', async (t) => {
  const db = await assist(t, { limits: { replicaWaitMs: 0 } })
  await paused(t)
  const name = newName()
  const token = await tokenOfInserted(db, name)
  t.match(token, /^[\w-]+$/)
  const events = heard(t)
  const seen = async (options: Parameters<Assist['session']>[0]): Promise<number> => {
    await using session = sessionsOf(db, options)
    return await session.reader.count(Item, { name })
  }
  t.equal(await seen({}), 0, 'another client need not see it')
  t.equal(await seen({ after: token }), 1)
  t.equal(await seen({ after: token, consistency: 'eventual' }), 0)
  t.equal(await seen({ consistency: 'strong' }), 1)
  t.equal(await seen({ after: 'what is this?' }), 1, 'a token that nobody can read')
  t.equal(await seen({ after: token, consistency: { maxLagMs: LONG } }), 1, 'what the client has written is seen as well')
  await sleep(20)
  t.equal(await seen({ consistency: { maxLagMs: 10 } }), 1)
  t.match(events.map(({ server, why }) => `${server.replace(/\d/, 'n')}: ${why}`), [
    'replica n: the client has seen nothing yet',
    /^writer: none of its replicas has reached .* in time$/,
    'replica n: any replica will do',
    `writer: consistency: 'strong'`,
    'writer: what the client has seen is not known',
    /^writer: none of its replicas has reached .* in time$/,
    /^writer: none of its replicas has reached .* in time$/,
  ])
  t.strictSame([events[0]!.asked, events[3]!.asked], [undefined, undefined])
  await replicas[0]!.resume()
  await replicas[1]!.resume()
  await using later = sessionsOf(db, { after: token })
  t.equal(await later.reader.count(Item, { name }), 1, 'whoever answers')
})

t.test('where discovery is deferred, the first write counts, before anybody has read', async (t) => {
  const db = await assist(t, { limits: { replicaWaitMs: 0 } }, { discovery: 'deferred' })
  await paused(t)
  const name = newName()
  const token = await tokenOfInserted(db, name)
  await using session = sessionsOf(db, { after: token })
  t.equal(await session.reader.count(Item, { name }), 1)
})

/** More transactions at a time than one pool has connections. */
async function together(db: Assist): Promise<void> {
  const all = Promise.withResolvers<void>()
  let reading = 0
  await Promise.all(Array.from({ length: 12 }, async () => {
    await using session = sessionsOf(db, { consistency: 'eventual' })
    await session.reader.transactional(async (em) => {
      await em.count(Item, {})
      if (++reading === 12) all.resolve()
      await all.promise
    })
  }))
}

t.test('all replicas have work to do', async (t) => {
  const db = await assist(t)
  const events = heard(t)
  for (let round = 0; round < 100; round++) {
    await using session = sessionsOf(db, { consistency: 'eventual' })
    await session.reader.count(Item, {})
  }
  const counts = ['replica 1', 'replica 2'].map((name) => events.filter(({ server }) => server === name).length)
  t.equal(counts[0]! + counts[1]!, 100)
  t.ok(Math.min(...counts) > 10, `one after another: ${counts.join(' and ')}`)
  events.length = 0
  await together(db)
  t.equal(new Set(events.map(({ server }) => server)).size, 2, 'at once')
})

t.test('a replica that was slow a moment ago is read from before anybody waits for a connection of another one', async (t) => {
  const db = await assist(t)
  const events = heard(t)
  const read = async (): Promise<void> => {
    await using session = sessionsOf(db, { consistency: 'eventual' })
    await session.reader.count(Item, {})
  }
  const shares = async (): Promise<Set<string>> => {
    events.length = 0
    for (let round = 0; round < 10; round++) await read()
    return new Set(events.map(({ server }) => server))
  }
  do { // until its slowness is known
    replicas[0]!.freeze()
    await sleep(700) // long enough to be asked in between
    replicas[0]!.thaw()
    while (db.engine('reader').stats().replicas![0]!.state !== 'up') await read()
  } while ([...(await shares())].join() !== 'replica 2')
  await together(db)
  t.equal(new Set(events.map(({ server }) => server)).size, 2)
})

t.test(`fallback: 'error'`, async (t) => {
  const db = await assist(t, { fallback: 'error', limits: { replicaWaitMs: 1 } })
  t.equal(db.engine('reader').stats().replicas!.length, 2)
  await paused(t)
  await using session = sessionsOf(db)
  await session.writer.insert(Item, { name: newName() })
  await t.rejects(session.reader.count(Item, {}), { code: 'SQLASSIST_REPLICAS_BEHIND', statusCode: 503 })
  await using strong = sessionsOf(db, { consistency: 'strong' })
  await t.rejects(strong.reader.count(Item, {}), { code: 'SQLASSIST_REPLICAS_BEHIND' })
  await using eventual = sessionsOf(db, { consistency: 'eventual' })
  t.type(await eventual.reader.count(Item, {}), 'number')
})

t.test('a replica that stands still is left out where any will do, although many ask, and comes back', async (t) => {
  const db = await assist(t, { limits: { replicaLagMs: 200, replicaWaitMs: 0 } })
  const events = heard(t)
  const state = (): string => db.engine('reader').stats().replicas![0]!.state
  const write = async (): Promise<void> => {
    await using session = sessionsOf(db)
    await session.writer.insert(Item, { name: newName() })
    await session.reader.count(Item, {})
  }
  await write()
  await paused(t, [replicas[0]!])
  while (state() !== 'lagging') await Promise.all(Array.from({ length: 8 }, write))
  events.length = 0
  for (let round = 0; round < 20; round++) {
    await using session = sessionsOf(db, { consistency: 'eventual' })
    await session.reader.count(Item, {})
  }
  t.strictSame([...new Set(events.map(({ server }) => server))], ['replica 2'])
  await replicas[0]!.resume()
  while (state() !== 'up') await write()
  const servers = new Set<string>()
  while (servers.size < 2) {
    await write()
    for (const { server } of events) servers.add(server)
  }
  t.pass('both are read from again')
})

t.test('replicas that are far behind answer where any will do, and there is no primary', async (t) => {
  const db = await assist(t, { limits: { replicaLagMs: 200, replicaWaitMs: 0 } })
  const lagging = (): boolean => db.engine('reader').stats().replicas!.slice(0, 2).every(({ state }) => state === 'lagging')
  const read = async (consistency: 'eventual' | 'session'): Promise<number> => {
    await using session = sessionsOf(db, { consistency })
    return await session.reader.count(Item, {})
  }
  await read('eventual')
  await paused(t)
  while (!lagging()) {
    await using session = sessionsOf(db)
    await session.writer.insert(Item, { name: newName() })
    await session.reader.count(Item, {})
  }
  await primary.kill()
  t.teardown(async () => await primary.start())
  const events = heard(t)
  t.type(await read('eventual'), 'number')
  t.type(await read('session'), 'number', 'of a client that has seen nothing')
  t.match(events, [{ server: /^replica [12]$/ }, { server: /^replica [12]$/ }])
})

t.test('an ordinary role may ask all of it', async (t) => {
  await primary.query(`create role reader login password 'reader'; grant select on item to reader`)
  const byRole = replicas.map(({ url }) => at(url.replace(/\/\/[^@]+@/, '//reader:reader@')))
  const db = await assist(t, { replicas: byRole })
  await using session = sessionsOf(db)
  const events = heard(t)
  const name = newName()
  await session.writer.insert(Item, { name })
  t.equal(await session.reader.count(Item, { name }), 1)
  t.match(events, [{ server: /^replica [12]$/ }])
})

t.test(`an application's own MikroORM is followed again, by the next one who uses it, also after a start-up that has failed`, async (t) => {
  const orm = await MikroORM.init(sqlAssistConfig('writer', at(primary.url)) as Options)
  t.teardown(async () => await orm.close())
  const stranger = await postgresDatabase(t)
  const events = heard(t)
  const askers = async (): Promise<number> => (await primary.query(`select from pg_stat_activity where query like '%pg_current_wal%' and pid <> pg_backend_pid()`)).length
  for (const clientUrl of [replicas[0]!.url, stranger, replicas[0]!.url]) {
    const reader = { readonly: true, follows: 'writer', replicas: [at(clientUrl)] }
    const starting = createSqlAssist({ engines: { writer: { orm }, reader } })
    if (clientUrl === stranger) await t.rejects(starting, { code: 'SQLASSIST_REPLICA_FOREIGN' })
    else {
      await using db = (await starting) as unknown as Assist
      const name = newName()
      const token = await tokenOfInserted(db, name)
      await using session = sessionsOf(db, { after: token })
      t.equal(await session.reader.count(Item, { name }), 1)
    }
    while ((await askers()) > 0) await sleep(5)
  }
  t.notOk(events.some(({ why }) => why.includes('not known')), 'and the primary says how far it is')
})
