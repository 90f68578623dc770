// From an entity to its session and to its request.
import Fastify from 'fastify'
import sqlassist, { requestOf, sessionOf } from 'fastify-sqlassist'
import { defineConfig } from '@mikro-orm/sqlite'
import t from 'tap'
import { sqliteFile } from '../../../support/databases.ts'
import { onEachDatabase } from './support/databases.ts'
import { Author, Book, entities } from './support/library.ts'
import { fillLibrary } from './support/shelved.ts'

onEachDatabase(t, 'an entity leads to its session', entities, async (t, { db, writer, reader }) => {
  await fillLibrary(writer)
  const loaded = (await Author.getById(reader, 1))!
  t.equal(sessionOf(loaded), reader)
  t.equal(loaded.getDbSession()?.engineName, 'reader')
  const book = await Book.getByColumnLower(reader, 'title', 'first')
  t.equal(sessionOf(book!.author.unwrap()), reader, 'also one that came along')
  t.equal(sessionOf(reader.getReference(Author, 77)), reader)

  const created = writer.create(Author, { id: 101, name: 'New', email: 'new' })
  t.equal(created.getDbSession(), writer, 'also a new one, before it is flushed')
  const persisted = new Author()
  Object.assign(persisted, { id: 102, name: 'P', email: 'p' })
  t.equal(sessionOf(persisted), undefined, 'a new one that nobody has persisted has none')
  writer.persist(persisted)
  t.equal(sessionOf(persisted), writer)
  t.equal(sessionOf(writer.create(Author, { name: 'x', email: 'x' }, { persist: false })), writer)
  t.equal(sessionOf(reader.create(Author, { name: 'x', email: 'x' })), reader, 'and one of a readonly session, which is never written')
  await writer.flush()
  t.equal(sessionOf(created), writer)
  t.equal(sessionOf(persisted), writer)

  const plain = await Author.getById(db.engine('writer').orm.em.fork(), 1)
  t.equal(sessionOf(plain!), undefined, 'a plain EntityManager is no session')
  for (const value of [{}, null, 1, Author]) t.throws(() => sessionOf(value as never), { code: 'SQLASSIST_ARGUMENT_INVALID' })
})

onEachDatabase(t, 'in a transaction it is the session of the transaction', entities, async (t, { database, db, writer }) => {
  await fillLibrary(writer)
  await using container = db.session({ info: { job: 'nightly' } as object })
  const before = (await Author.getById(container.writer, 2))!
  await container.writer.transactional(async (em) => {
    const loaded = (await Author.getById(em, 1))!
    const created = em.create(Author, { id: 103, name: 'Tx', email: 'tx' })
    for (const entity of [loaded, created, before]) {
      t.same(sessionOf(entity)?.info, { job: 'nightly' })
      t.equal(sessionOf(entity)?.engineName, 'writer')
    }
    sessionOf(created)!.persist(created)
    await sessionOf(loaded)!.flush()
    t.ok(sessionOf(loaded)!.isInTransaction(), 'what it is given is in the transaction')
    if (database === 'postgresql') t.equal(await writer.fork().count(Author, { email: 'tx' }), 0, 'and nobody else sees it')
  })
  t.match(await Author.getById(container.writer, 'tx', 'email'), { name: 'Tx' })
})

t.test('an entity leads to its request, and to none afterwards or outside', async (t) => {
  const app = Fastify()
  t.teardown(async () => await app.close())
  const dbName = sqliteFile(t)
  await app.register(sqlassist, { engines: { writer: { config: defineConfig({ dbName, entities }) } } })
  await app.sqlassist.engine().orm.schema.create()
  app.post('/authors/:name', async (request) => {
    const { writer } = request.dbSession
    const { name } = request.params as { name: string }
    const author = writer.create(Author, { name, email: name })
    const created = author.getRequest() === request
    await writer.flush()
    const inside = await writer.transactional(async (em) => requestOf((await Author.getById(em, author.id))!) === request)
    return { created, inside, flushed: requestOf(author) === request, url: author.getRequest()?.url }
  })
  const replies = await Promise.all(['ann', 'bob'].map(async (name) => (await app.inject({ method: 'POST', url: `/authors/${name}` })).json<object>()))
  t.strictSame(replies, [
    { created: true, inside: true, flushed: true, url: '/authors/ann' },
    { created: true, inside: true, flushed: true, url: '/authors/bob' },
  ])
  await using container = app.sqlassist.session()
  const ann = await Author.getById(container.writer, 'ann', 'email')
  t.equal(ann?.getRequest(), undefined)
})
