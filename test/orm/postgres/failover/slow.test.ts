// A slow network is made slower by every round trip: everything that is promised costs none.
import { MikroORM, type SqlEntityManager } from '@mikro-orm/postgresql'
import t from 'tap'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import { postgresDatabase } from '../../../support/databases.ts'
import { tcpProxy } from '../../../support/tcp-proxy.ts'
import { recordingLogger } from '../../sessions/fixtures/engines.ts'
import { configOf, makeTables, Note, sessionOf } from './service.ts'

const url = await postgresDatabase(t)
await makeTables(url)

const WORK: Record<string, (em: SqlEntityManager) => Promise<unknown>> = {
  'a find': async (em) => await em.find(Note, {}),
  'a count': async (em) => await em.count(Note),
  'raw SQL': async (em) => await em.execute('select 1'),
  'kysely': async (em) => await em.getKysely().selectFrom('note' as never).selectAll().execute(),
  'a flush': async (em) => await em.persist(em.create(Note, { text: 'flushed' })).flush(),
  'an insert outside a transaction': async (em) => await em.insert(Note, { text: 'inserted' }),
  'a transaction': async (em) => await em.transactional(async (em) => (await em.count(Note), await em.insert(Note, { text: 'inserted' }))),
  'a transaction that fails': async (em) => await em.transactional(async (em) => await em.execute('select 1/0')).catch(() => {}),
  async 'begin() and commit()'(em) {
    await em.begin()
    await em.insert(Note, { text: 'inserted' })
    await em.commit()
  },
  async 'a stream'(em) {
    for await (const note of em.stream(Note)) if (note === undefined) break
  },
}

t.test('the same work costs no more round trips than with MikroORM alone', async (t) => {
  const proxy = await tcpProxy(t, url)
  const orm = await MikroORM.init({ ...configOf(proxy.url), contextName: 'alone' } as never)
  t.teardown(async () => await orm.close())
  await using db = await createSqlAssist({ engines: { writer: { config: configOf(proxy.url) } } })
  const alone = async (work: (em: SqlEntityManager) => Promise<unknown>): Promise<unknown> => await work(orm.em.fork())
  const inSession = async (work: (em: SqlEntityManager) => Promise<unknown>): Promise<void> => {
    await using container = db.session()
    await work(sessionOf(container, 'writer'))
  }
  for (const run of [alone, inSession]) await run(WORK['a transaction']!) // connects, and asks once in the life of the pool what the server can
  proxy.delay(5)
  for (const [name, work] of Object.entries(WORK)) {
    const counts: number[] = []
    for (const run of [alone, inSession]) {
      const before = proxy.roundTrips
      await run(work)
      counts.push(proxy.roundTrips - before)
    }
    t.ok(counts[0]! > 0)
    t.ok(counts[1]! <= counts[0]!, `${name}: ${counts[1]}, and ${counts[0]} with MikroORM alone`)
  }
})

t.test('200 ms there and back: nothing takes that for a server that is down', async (t) => {
  const proxy = await tcpProxy(t, url)
  proxy.delay(100)
  const { lines, logger } = recordingLogger()
  const reader = { config: configOf(proxy.url), readonly: true, follows: 'writer' }
  await using db = await createSqlAssist({ engines: { writer: { config: configOf(proxy.url) }, reader }, logger })
  t.match(await db.check(), { ok: true })
  await using container = db.session()
  await sessionOf(container, 'writer').transactional(async (em) => await em.insert(Note, { text: 'slow' }))
  t.ok((await sessionOf(container, 'reader').count(Note)) > 0)
  t.strictSame(lines.filter(({ level }) => level === 'warn'), [])
})
