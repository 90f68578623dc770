// Outside requests a signal does what the client does in them.
import { getEventListeners } from 'node:events'
import { createSqlAssist, type SqlAssist } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { until } from '../endings/ending.ts'
import { Administrator } from './administrator.ts'
import { Book } from './model.ts'
import { allBack, enginesOn, library, writerIn } from './service.ts'
import { plunder, statements } from './statements.ts'

async function office(t: Test): Promise<{ db: SqlAssist; admin: Administrator }> {
  const url = await library(t)
  const db = (await createSqlAssist({ engines: enginesOn(url) })) as unknown as SqlAssist
  t.teardown(async () => await db.dispose())
  return { db, admin: await Administrator.of(t, url) }
}

t.test('a signal stops what runs', async (t) => {
  const { db, admin } = await office(t)
  for (const name of ['find', 'flush', 'execute()', 'query builder: getResult()', 'kysely: a transaction', 'stream()', 'getConnection().execute()']) {
    await t.test(name, async (t) => {
      const leaving = new AbortController()
      const writer = writerIn(db.session({ signal: leaving.signal }))
      const loot = await plunder(writer)
      await admin.holdTables()
      const work = statements[name]!(writer, loot)
      const refused = t.rejects(work, { code: 'SQLASSIST_SESSION_CLOSED' })
      t.ok(await until(async () => (await admin.waiting()).length === 1), 'it runs')
      leaving.abort()
      t.ok(await until(async () => (await admin.waiting()).length === 0), 'it is stopped')
      await refused
      t.ok(await until(() => allBack(db)))
      await admin.letGo()
      t.equal(await admin.unwanted(), 0)
      await t.rejects(writer.count(Book), { code: 'SQLASSIST_SESSION_CLOSED' })
    })
  }
})

t.test('one signal ends all the containers that were given it, and no others', async (t) => {
  const { db, admin } = await office(t)
  const leaving = new AbortController()
  const containers = [leaving.signal, leaving.signal, new AbortController().signal].map((signal) => db.session({ signal }))
  await admin.holdTables()
  const outcomes = Promise.allSettled(containers.map(async (container) => await writerIn(container).count(Book)))
  t.ok(await until(async () => (await admin.waiting()).length === 3))
  leaving.abort()
  t.ok(await until(async () => (await admin.waiting()).length === 1))
  await admin.letGo()
  t.match(await outcomes, [{ reason: { code: 'SQLASSIST_SESSION_CLOSED' } }, { reason: { code: 'SQLASSIST_SESSION_CLOSED' } }, { value: 2 }])
  await containers[2]!.close()
})

t.test('a signal that has fired already: nothing is opened', async (t) => {
  const { db } = await office(t)
  const container = db.session({ signal: AbortSignal.abort() })
  t.throws(() => writerIn(container), { code: 'SQLASSIST_SESSION_CLOSED' })
  t.equal(db.stats()['writer']!.sessions.opened, 0)
})

t.test('a signal that fires after the end does nothing, and does not keep the container', async (t) => {
  const { db } = await office(t)
  const leaving = new AbortController()
  for (let containers = 0; containers < 20; containers++) {
    await using container = db.session({ signal: leaving.signal })
    t.equal(await writerIn(container).count(Book), 2)
    t.equal(getEventListeners(leaving.signal, 'abort').length, 1)
  }
  t.equal(getEventListeners(leaving.signal, 'abort').length, 0)
  leaving.abort()
  t.ok(allBack(db))
})

t.test('a time limit is a signal like any other', async (t) => {
  const { db, admin } = await office(t)
  const writer = writerIn(db.session({ signal: AbortSignal.timeout(100) }))
  await admin.holdTables()
  await t.rejects(writer.find(Book, {}), { code: 'SQLASSIST_SESSION_CLOSED' })
  t.ok(await until(async () => (await admin.waiting()).length === 0))
  await admin.letGo()
})

t.test('wrong options are refused', async (t) => {
  const { db } = await office(t)
  for (const signal of [true, {}, new AbortController(), null]) t.throws(() => db.session({ signal: signal as never }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /'signal'/ })
  t.throws(() => db.session({ sginal: AbortSignal.abort() } as never), { code: 'SQLASSIST_INVALID_OPTIONS', message: /sginal/ })
})
