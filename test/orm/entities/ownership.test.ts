// An entity belongs to one session: another one refuses it, and takes it over only when it is free or handed over with merge().
import { LockMode, wrap } from '@mikro-orm/core'
import t, { type Test } from 'tap'
import { Author, Book, openLibrary, type SqlSession, Tag } from './library.ts'

const CODE = 'SQLASSIST_ENTITY_OF_ANOTHER_SESSION'

/** The promise rejects, and the message names both sessions. */
async function refused(t: Test, fn: () => unknown): Promise<void> {
  await t.rejects(async () => await fn(), { code: CODE, statusCode: 500, message: /belongs to session \w+#\d+, not to session \w+#\d+/ })
}

t.test('a session refuses an entity that another open session has loaded, whatever it is asked to do with it', async (t) => {
  const { session, reader, rows } = await openLibrary(t)
  const operations: Record<string, (em: SqlSession, ada: Author) => unknown> = {
    persist: (em, ada) => em.persist(ada),
    'persist a reference': (em, ada) => em.persist(wrap(ada).toReference()),
    'persist several': (em, ada) => em.persist([em.create(Tag, { name: 'own' }, { persist: false }), ada]),
    'persist a generator': (em, ada) => em.persist((function* () { yield ada })()),
    persistAndFlush: async (em, ada) => await em.persistAndFlush(ada),
    remove: (em, ada) => em.remove(ada),
    removeAndFlush: async (em, ada) => await em.removeAndFlush([ada]),
    assign: (em, ada) => em.assign(ada, { name: 'Assigned' }),
    refresh: async (em, ada) => await em.refresh(ada),
    refreshOrFail: async (em, ada) => await em.refreshOrFail(ada),
    lock: async (em, ada) => await em.lock(ada, LockMode.NONE),
    populate: async (em, ada) => await em.populate([ada], ['books']),
    upsert: async (em, ada) => await em.upsert(ada),
    'upsert with a class': async (em, ada) => await em.upsert(Author, ada),
    upsertMany: async (em, ada) => await em.upsertMany([ada]),
    'upsertMany with a class': async (em, ada) => await em.upsertMany(Author, [ada]),
    insert: async (em, ada) => await em.insert(ada),
    'insert with a class': async (em, ada) => await em.insert(Author, ada),
    insertMany: async (em, ada) => await em.insertMany([ada]),
    clone: async (em, ada) => await em.clone(ada),
  }
  for (const [name, operation] of Object.entries(operations)) {
    for (const owner of [session(), reader()]) {
      const ada = await owner.findOneOrFail(Author, 1)
      ada.name = 'Changed elsewhere'
      const em = session()
      await t.test(`${name}, of the ${owner.engineName}`, async (t) => {
        await refused(t, () => operation(em, ada))
        await em.flush()
        t.equal(wrap(ada, true).__em, owner, 'it stays where it was')
      })
    }
  }
  t.strictSame(await rows('select name from author'), [{ name: 'Ada' }], 'nothing was written')
})

t.test('a flush refuses what it reaches through a relation, before its first statement', async (t) => {
  const { session, rows } = await openLibrary(t)
  const owner = session()
  const ada = await owner.findOneOrFail(Author, 1)
  const science = await owner.findOneOrFail(Tag, 1)
  const islands = await owner.findOneOrFail(Book, 2)

  await t.test('to-one, from a new entity', async (t) => {
    const em = session()
    em.create(Book, { title: 'New', author: ada })
    await refused(t, () => em.flush())
  })
  await t.test('to-one, from a loaded entity', async (t) => {
    const em = session()
    const book = await em.findOneOrFail(Book, 1)
    book.author = wrap(ada).toReference()
    await refused(t, () => em.flush())
  })
  await t.test('to-one, two steps away', async (t) => {
    const em = session()
    const author = em.create(Author, { name: 'New' })
    islands.author = wrap(author).toReference()
    author.books.add(islands)
    await refused(t, () => em.flush())
  })
  await t.test('to-many', async (t) => {
    const em = session()
    const author = await em.findOneOrFail(Author, 1, { populate: ['books'] })
    const other = await session().findOneOrFail(Book, 2)
    await refused(t, () => author.books.add(other)) // which persists what it is given
    await refused(t, () => em.flush())
  })
  await t.test('many-to-many', async (t) => {
    const em = session()
    const book = await em.findOneOrFail(Book, 2, { populate: ['tags'] })
    book.tags.add(science)
    await refused(t, () => em.flush())
  })
  await t.test('many-to-many, from the inverse side', async (t) => {
    const em = session()
    const tag = await em.findOneOrFail(Tag, 2, { populate: ['books'] })
    tag.books.add(await session().findOneOrFail(Book, 1))
    await refused(t, () => em.flush())
  })
  t.strictSame(await rows('select title, author_id from book order by id'), [{ title: 'Numbers', author_id: 1 }, { title: 'Islands', author_id: 1 }])
  t.strictSame(await rows('select * from book_tags'), [{ book_id: 1, tag_id: 1 }])
  t.strictSame(await rows('select name from author'), [{ name: 'Ada' }])
})

t.test('a reference of its own is what a session needs instead', async (t) => {
  const { session, reader, rows } = await openLibrary(t)
  const ada = await reader().findOneOrFail(Author, 1)
  const em = session()
  em.create(Book, { title: 'New', author: em.getReference(Author, ada.id) })
  await em.flush()
  t.strictSame(await rows(`select author_id from book where title = 'New'`), [{ author_id: 1 }])
})

t.test('a new entity belongs to the session that it was persisted in', async (t) => {
  const { session, rows } = await openLibrary(t)
  const first = session()
  const second = session()
  const tag = Object.assign(new Tag(), { name: 'new' })
  first.persist(tag)
  await refused(t, () => second.persist(tag))
  const created = first.create(Tag, { name: 'created' })
  await refused(t, () => second.persist(created))
  await second.flush()
  await first.flush()
  await refused(t, () => second.persist(tag))
  t.strictSame(await rows('select name from tag where id > 2 order by id'), [{ name: 'new' }, { name: 'created' }], 'written once')
})

t.test('a new entity that its session has let go of belongs to the next one', async (t) => {
  const { session, rows } = await openLibrary(t)
  const first = session()
  const second = session()
  const tag = first.create(Tag, { name: 'new' })
  first.clear()
  second.persist(tag)
  await first.flush()
  t.strictSame(await rows('select name from tag where id > 2'), [])
  await second.flush()
  tag.name = 'changed'
  await second.flush()
  t.strictSame(await rows('select name from tag where id > 2'), [{ name: 'changed' }])
})

t.test('an entity that one session has removed can be persisted in another', async (t) => {
  const { session, rows } = await openLibrary(t)
  const first = session()
  const travel = await first.findOneOrFail(Tag, 2, { populate: ['books'] })
  await first.removeAndFlush(travel)
  const second = session()
  await second.persistAndFlush(travel)
  travel.name = 'back'
  await second.flush()
  t.equal(wrap(travel, true).__em, second)
  t.strictSame(await rows('select id, name from tag where id = 2'), [{ id: 2, name: 'back' }])
})

t.test('an EntityManager outside of all sessions is an owner like any other', async (t) => {
  const { library, session } = await openLibrary(t)
  const outside = library.engine('writer').orm.em.fork()
  const ada = await outside.findOneOrFail(Author, 1)
  const em = session()
  t.throws(() => em.persist(ada), { code: CODE, message: /belongs to an EntityManager outside of all sessions, not to session writer#\d+/ })
  em.merge(ada)
  ada.name = 'Handed over'
  await outside.flush()
  t.equal((await outside.fork().findOneOrFail(Author, 1)).name, 'Ada')
  await em.flush()
  t.equal((await outside.fork().findOneOrFail(Author, 1)).name, 'Handed over')
})

t.test('a transaction is part of its session', async (t) => {
  const { session, rows } = await openLibrary(t)
  const em = session()
  const before = await em.findOneOrFail(Book, 1)
  const ada = await em.transactional(async (tx) => {
    tx.persist(before)
    before.title = 'In the transaction'
    return await tx.findOneOrFail(Author, 1)
  })
  em.persist(ada)
  ada.name = 'First'
  before.title = 'After it'
  await em.flush()
  ada.name = 'Second'
  await em.flush()
  t.strictSame(await rows('select name from author'), [{ name: 'Second' }])
  t.strictSame(await rows('select title from book where id = 1'), [{ title: 'After it' }])
})

t.test('an entity of a transaction that was rolled back is taken in, and its later changes are not lost', async (t) => {
  const { session, rows } = await openLibrary(t)
  const em = session()
  let ada: Author | undefined
  await t.rejects(em.transactional(async (tx) => {
    ada = await tx.findOneOrFail(Author, 1)
    throw new Error('rolled back')
  }), { message: 'rolled back' })
  em.persist(ada!)
  ada!.name = 'First'
  await em.flush()
  ada!.name = 'Second'
  await em.flush()
  t.strictSame(await rows('select name from author'), [{ name: 'Second' }])
})

t.test('a fork made by hand owns its entities', async (t) => {
  const { session, rows } = await openLibrary(t)
  const em = session()
  const fork = em.fork()
  const ada = await fork.findOneOrFail(Author, 1)
  t.throws(() => em.persist(ada), { code: CODE, message: /belongs to another fork of session writer#\d+, not to session writer#\d+/ })
  fork.clear()
  em.persist(ada)
  ada.name = 'First'
  await em.flush()
  ada.name = 'Second'
  await em.flush()
  t.strictSame(await rows('select name from author'), [{ name: 'Second' }])
})

t.test('a fork that was made with the entities of the session shares them', async (t) => {
  const { session, rows } = await openLibrary(t)
  const em = session()
  const ada = await em.findOneOrFail(Author, 1)
  const fork = em.fork({ clear: false })
  fork.persist(ada)
  ada.name = 'By the fork'
  await fork.flush()
  t.strictSame(await rows('select name from author'), [{ name: 'By the fork' }])
})

t.test('a session that is in a transaction still owns what it had loaded before', async (t) => {
  const { session, rows } = await openLibrary(t)
  const owner = session()
  const ada = await owner.findOneOrFail(Author, 1)
  const em = session()
  await owner.transactional(async () => {
    await refused(t, () => em.persist(ada))
    em.merge(ada)
  }, { clear: true })
  ada.name = 'Handed over'
  await owner.flush()
  t.strictSame(await rows('select name from author'), [{ name: 'Ada' }])
  await em.flush()
  t.strictSame(await rows('select name from author'), [{ name: 'Handed over' }])
})
