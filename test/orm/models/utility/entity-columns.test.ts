// columnsAsObject and its siblings.
import { ref } from '@mikro-orm/core'
import { columnsAsObject, loadedColumnsAsList, loadedColumnsAsObject } from 'fastify-sqlassist/orm'
import t from 'tap'
import { onEachDatabase } from './support/databases.ts'
import { Author, Book, entities, Film, Place } from './support/library.ts'
import { bookId, fillLibrary } from './support/shelved.ts'

const joinedAt = new Date('2020-02-02T02:02:02.222Z')
const ANN = {
  id: 1, email: 'author1@example.org', name: 'Ann Ames', group: 'Even', born: null, biography: 'A life', letters: 'Dear...', joinedAt, settings: { theme: 'dark' },
  address: { city: 'Oslo', street: null },
}

onEachDatabase(t, 'columnsAsObject loads what is not in memory', entities, async (t, { writer, reader, statements }) => {
  await fillLibrary(writer)
  const ann = await Author.getById(writer, 1)
  ann!.letters = ref('Dear...')
  writer.assign(ann!, { biography: 'A life', joinedAt, settings: { theme: 'dark' }, address: { city: 'Oslo' } })
  await writer.flush()

  const loaded = (await Author.getById(reader, 1))!
  t.strictSame(loaded.loadedColumnsAsList(), ['id', 'email', 'name', 'group', 'born', 'joinedAt', 'settings', 'address'], 'no lazy scalars, no formulas, no collections')
  t.notOk('biography' in loaded.loadedColumnsAsObject())
  t.same(await loaded.columnsAsObject(), ANN)
  t.ok(loaded.loadedColumnsAsList().includes('biography'), 'now they are')
  statements.length = 0
  t.same(await loaded.columnsAsObject(), ANN)
  t.same(loaded.loadedColumnsAsObject(), ANN)
  t.strictSame(statements, [], 'and need no further statement')
  t.same(Object.fromEntries(loaded.loadedColumnsAsList({ withValues: true })), ANN)

  const reference = reader.fork().getReference(Author, 1)
  t.strictSame(reference.loadedColumnsAsObject(), { id: 1 })
  t.same(await reference.columnsAsObject(), ANN)

  const gone = reader.fork().getReference(Author, 999)
  t.strictSame(await gone.columnsAsObject(), { id: 999 }, 'of a row that is not there, what is known')
})

onEachDatabase(t, 'what has been changed in memory stays changed', entities, async (t, { writer }) => {
  await fillLibrary(writer)
  const [partial] = await writer.find(Author, { id: 1 }, { fields: ['name'] })
  const ann = partial as unknown as Author
  ann.name = 'Changed'
  t.strictSame(ann.loadedColumnsAsList({ withValues: true }), [['id', 1], ['name', 'Changed']])
  const columns = await ann.columnsAsObject()
  t.match(columns, { id: 1, name: 'Changed', email: 'author1@example.org', group: 'Even' })
  await writer.flush()
  writer.clear()
  t.equal((await Author.getById(writer, 1))?.name, 'Changed', 'and is written')
})

onEachDatabase(t, 'relations are foreign keys', entities, async (t, { database, writer, reader }) => {
  await fillLibrary(writer)
  const book = (await Book.getById(reader, bookId(1)))!
  const expected = { id: bookId(1), isbn: 9_780_000_000_001n, title: 'First', edition: 1, price: database === 'sqlite' ? '10.5' : '10.50', cover: 'hard', lent: true, author: 1 }
  t.strictSame(await book.columnsAsObject(), expected)
  await reader.populate(book, ['author', 'tags'])
  t.strictSame(await book.columnsAsObject(), expected, 'loaded or not')
  const place = (await Place.getById(reader, [['north', 1], 2]))!
  t.strictSame(await place.columnsAsObject(), { shelf: ['north', 1], position: 2, book: null }, 'of a composite key, a tuple')
  t.strictSame(await (await Film.getById(reader, 1))!.columnsAsObject(), { id: 1, title: 'Metropolis', director: 'Lang' }, 'columns of the parent class included')
})

onEachDatabase(t, 'a new entity has what it was given', entities, async (t, { db, writer }) => {
  const author = writer.create(Author, { name: 'New', email: 'new', id: 9 }, { persist: false })
  t.strictSame(await author.columnsAsObject(), { id: 9, email: 'new', name: 'New' })
  const plain = new Author()
  plain.name = 'Plain'
  t.strictSame(await columnsAsObject(plain), { name: 'Plain' })
  t.strictSame(loadedColumnsAsList(plain), ['name'])
  await fillLibrary(writer)
  const elsewhere = await Author.getById(db.engine('writer').orm.em.fork(), 2)
  t.equal((await elsewhere!.columnsAsObject()).biography, null, 'a plain EntityManager will do')
})

onEachDatabase(t, 'what is no entity has no columns', entities, async (t) => {
  for (const value of [{}, null, undefined, 1, 'x', Author, []]) {
    await t.rejects(columnsAsObject(value as never), { code: 'SQLASSIST_ARGUMENT_INVALID' })
    t.throws(() => loadedColumnsAsObject(value as never), { code: 'SQLASSIST_ARGUMENT_INVALID' })
  }
})
