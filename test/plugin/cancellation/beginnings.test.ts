// The client leaves while BEGIN is on its way: the transaction ends before it has begun for anybody.
import { createSqlAssist, type SqlAssist } from 'fastify-sqlassist/orm'
import t from 'tap'
import { until } from '../endings/ending.ts'
import { tcpProxy } from '../../support/tcp-proxy.ts'
import { Administrator } from './administrator.ts'
import { Author, Book, Tag } from './model.ts'
import { allBack, enginesOn, library, type Writer, writerIn } from './service.ts'
import { insertBook, kyselyOf } from './statements.ts'

const beginnings: Readonly<Record<string, (writer: Writer) => Promise<unknown>>> = {
  'begin()': async (writer) => await writer.begin(),
  'begin() of a fork': async (writer) => await writer.fork().begin(),
  'transactional()': async (writer) => await writer.transactional(async (em) => await em.insert(Book, { title: 'unwanted', author: 1 })),
  'flush()': async (writer) => await writer.persistAndFlush([writer.create(Tag, { label: 'unwanted' }), writer.create(Author, { name: 'unwanted' })]), // one statement alone needs no BEGIN
  'a transaction of kysely': async (writer) =>
    await kyselyOf(writer).transaction().execute(async (trx) => await trx.insertInto('book').values({ title: 'unwanted', author_id: 1 }).execute()),
  'a transaction of kysely, controlled by hand': async (writer) => await kyselyOf(writer).startTransaction().execute(),
  'getConnection().begin()': async (writer) => await writer.getConnection().begin(),
  'getConnection().transactional()': async (writer) => {
    const connection = writer.getConnection()
    await connection.transactional(async (trx) => await connection.execute(insertBook, [], 'run', trx as never))
  },
}

t.test('while BEGIN is on its way', async (t) => {
  const url = await library(t)
  const admin = await Administrator.of(t, url)
  const proxy = await tcpProxy(t, url)
  const db = (await createSqlAssist({ engines: enginesOn(proxy.url) })) as unknown as SqlAssist
  t.teardown(async () => await db.dispose())
  for (const [name, begin] of Object.entries(beginnings)) {
    await t.test(name, async (t) => {
      const leaving = new AbortController()
      const writer = writerIn(db.session({ signal: leaving.signal }))
      await writer.transactional(async (em) => await em.count(Book)) // the first one of a pool asks something first
      proxy.freeze('answers')
      const refused = t.rejects(begin(writer), { code: 'SQLASSIST_SESSION_CLOSED' })
      t.ok(await until(async () => (await admin.idleInTransaction()).length === 1), 'the server has begun')
      leaving.abort()
      proxy.resume()
      await refused
      t.ok(await until(() => allBack(db)), JSON.stringify(db.stats()))
      t.ok(await until(async () => (await admin.idleInTransaction()).length === 0))
      t.equal(await admin.unwanted(), 0)
    })
  }
})
