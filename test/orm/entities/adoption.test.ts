// An entity that nobody holds any more is adopted with its changes; merge() hands over one that somebody holds.
import { wrap } from '@mikro-orm/core'
import t from 'tap'
import { Author, Book, openLibrary, type SqlSession, Tag } from './library.ts'

t.test('an entity of a closed session is adopted with its unsaved changes, and later ones are not lost', async (t) => {
  const { open, session, rows } = await openLibrary(t)
  const request = open()
  const ada = await (request.writer as unknown as SqlSession).findOneOrFail(Author, 1)
  ada.name = 'Unsaved'
  await request.close()
  const em = session()
  em.persist(ada)
  await em.flush()
  t.strictSame(await rows('select name, mail from author'), [{ name: 'Unsaved', mail: 'ada@example.org' }])
  ada.mail = null
  await em.flush()
  t.strictSame(await rows('select name, mail from author'), [{ name: 'Unsaved', mail: null }])
  await ada.books.init({ orderBy: { id: 'asc' } })
  t.strictSame(ada.books.getItems().map(({ title }) => title), ['Numbers', 'Islands'], 'it loads its relations through its new session')
})

t.test('an unchanged entity of a closed session costs no statement', async (t) => {
  const { open, session } = await openLibrary(t)
  const request = open()
  const ada = await (request.writer as unknown as SqlSession).findOneOrFail(Author, 1, { populate: ['books.tags'] })
  await request.close()
  const em = session()
  em.persist(ada)
  await em.flush()
  t.equal(em.getUnitOfWork().getIdentityMap().values().length, 4, 'all that is loaded around it came along')
  t.equal(wrap(ada.books.getItems()[0]!, true).__em, em)
})

t.test('an entity that its session has let go of with clear() is adopted, by another one or by the same', async (t) => {
  const { session, rows } = await openLibrary(t)
  const first = session()
  for (const next of [session(), first]) {
    const ada = await first.findOneOrFail(Author, 1)
    first.clear()
    next.persist(ada)
    ada.name = 'First'
    await next.flush()
    ada.name = 'Second'
    await next.flush()
    await first.flush()
    t.strictSame(await rows('select name from author'), [{ name: 'Second' }])
    next.clear()
  }
})

t.test('an entity that is free is removed by the session that is told to', async (t) => {
  const { open, session, rows } = await openLibrary(t)
  const request = open()
  const travel = await (request.writer as unknown as SqlSession).findOneOrFail(Tag, 2, { populate: ['books'] })
  await request.close()
  await session().removeAndFlush(travel)
  t.strictSame(await rows('select name from tag'), [{ name: 'science' }])
})

t.test('a flush adopts the free entities that it reaches', async (t) => {
  const { open, session, rows } = await openLibrary(t)
  const request = open()
  const former = request.writer as unknown as SqlSession
  const ada = await former.findOneOrFail(Author, 1)
  const travel = await former.findOneOrFail(Tag, 2)
  ada.name = 'Unsaved'
  await request.close()
  const em = session()
  const book = em.create(Book, { title: 'New', author: ada, tags: [travel] })
  await em.flush()
  t.strictSame(await rows('select name from author'), [{ name: 'Unsaved' }])
  ada.name = 'Later'
  travel.name = 'journeys'
  await em.flush()
  t.strictSame(await rows('select name from author'), [{ name: 'Later' }])
  t.strictSame(await rows(`select name from tag join book_tags on tag.id = tag_id where book_id = ${book.id}`), [{ name: 'journeys' }])
})

t.test('upsert() of a free entity writes it, and the session keeps it', async (t) => {
  const { open, session, rows } = await openLibrary(t)
  const request = open()
  const former = request.writer as unknown as SqlSession
  const [science, travel] = await former.find(Tag, {}, { populate: ['books'], orderBy: { id: 'asc' } })
  await request.close()
  const em = session()
  science!.name = 'sciences'
  travel!.name = 'journeys'
  await em.upsert(science!)
  await em.upsertMany(Tag, [travel!])
  t.strictSame(await rows('select name from tag order by id'), [{ name: 'sciences' }, { name: 'journeys' }])
  t.equal(wrap(science!, true).__em, em)
  science!.name = 'later'
  travel!.name = 'later too'
  await em.flush()
  t.strictSame(await rows('select name from tag order by id'), [{ name: 'later' }, { name: 'later too' }])
})

t.test('merge() hands an entity over with its unsaved changes: the new session writes them, the old one does not', async (t) => {
  const { session, reader, rows } = await openLibrary(t)
  for (const owner of [session(), reader()]) {
    const ada = await owner.findOneOrFail(Author, 1, { populate: ['books'] })
    ada.name = `From the ${owner.engineName}`
    ada.books.getItems()[0]!.title = 'Changed with it'
    const em = session()
    t.equal(em.merge(ada), ada)
    await owner.flush()
    t.not((await rows<{ name: string }>('select name from author'))[0]!.name, ada.name, 'the old session writes nothing')
    await em.flush()
    t.strictSame(await rows('select name from author'), [{ name: ada.name }])
    t.strictSame(await rows('select title from book where id = 1'), [{ title: 'Changed with it' }])
    ada.name = 'Later'
    await em.flush()
    t.strictSame(await rows('select name from author'), [{ name: 'Later' }])
    t.equal(em.merge(ada), ada, 'once more is harmless')
    em.clear()
    await owner.flush()
  }
})

t.test('merge() of an entity without a key is refused as in MikroORM, and its session keeps it', async (t) => {
  const { session, rows } = await openLibrary(t)
  const owner = session()
  const tag = owner.create(Tag, { name: 'new' })
  t.throws(() => session().merge(tag), { name: 'ValidationError', message: /without identifier/ })
  await owner.flush()
  t.strictSame(await rows('select name from tag where id > 2'), [{ name: 'new' }])
})

t.test('merge() calls off what the old session was about to do', async (t) => {
  const { session, rows } = await openLibrary(t)
  const owner = session()
  const travel = await owner.findOneOrFail(Tag, 2, { populate: ['books'] })
  const tag = owner.create(Tag, { id: 7, name: 'new' })
  owner.remove(travel)
  const em = session()
  em.merge(tag)
  em.merge(travel)
  await owner.flush()
  t.strictSame(await rows('select id from tag order by id'), [{ id: 1 }, { id: 2 }])
})

t.test('merge() of plain data is as in MikroORM', async (t) => {
  const { session, rows } = await openLibrary(t)
  const em = session()
  const ada = em.merge(Author, { id: 1, name: 'Ada', mail: 'ada@example.org' })
  await em.flush()
  ada.name = 'Merged'
  await em.flush()
  t.strictSame(await rows('select name from author'), [{ name: 'Merged' }])
  const travel = Object.assign(new Tag(), { id: 2, name: 'travel' })
  t.equal(em.merge(travel), travel, 'also of an instance that nobody has had before')
  travel.name = 'journeys'
  await em.flush()
  t.strictSame(await rows('select name from tag where id = 2'), [{ name: 'journeys' }])
})

t.test('two instances of one row cannot be in one session', async (t) => {
  const { session, open, rows } = await openLibrary(t)
  const expected = { code: 'SQLASSIST_ENTITY_LOADED_TWICE', message: /^session writer#\d+ has already loaded another instance of The entity Author \(1\)/i }
  const em = session()
  const own = await em.findOneOrFail(Author, 1)
  const owner = session()
  const other = await owner.findOneOrFail(Author, 1, { populate: ['books'] })
  t.throws(() => em.merge(other), expected)
  t.throws(() => em.merge(other.books.getItems()[0]!), expected, 'nor through a relation')
  other.name = 'Still with its owner'
  await owner.flush()
  t.strictSame(await rows('select name from author'), [{ name: 'Still with its owner' }])
  const request = open()
  const free = await (request.writer as unknown as SqlSession).findOneOrFail(Author, 1)
  await request.close()
  t.throws(() => em.persist(free), expected)
  em.create(Book, { title: 'New', author: free })
  await t.rejects(em.flush(), expected, 'nor at a flush')
  t.strictSame(await rows('select count(*) as books from book'), [{ books: 2 }])
  t.equal(own.name, 'Ada')
})

t.test('what is adopted must not bring along what another open session holds', async (t) => {
  const { session, open } = await openLibrary(t)
  const owner = session()
  const ada = await owner.findOneOrFail(Author, 1)
  const request = open()
  const book = await (request.writer as unknown as SqlSession).findOneOrFail(Book, 1)
  book.author = wrap(ada).toReference()
  await request.close()
  t.throws(() => session().persist(book), { code: 'SQLASSIST_ENTITY_OF_ANOTHER_SESSION' })
  t.equal(wrap(ada, true).__em, owner)
})
