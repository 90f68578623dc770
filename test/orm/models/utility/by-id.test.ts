// getById and getByIds.
import t from 'tap'
import { onEachDatabase } from './support/databases.ts'
import { Author, Book, entities, Film, Medium, Place, Shelf, Tag } from './support/library.ts'
import { bookId, fillLibrary } from './support/shelved.ts'

onEachDatabase(t, 'an entity is found by its primary key, whatever that is', entities, async (t, { writer, reader }) => {
  await fillLibrary(writer)
  t.equal((await Author.getById(reader, 1))?.name, 'Ann Ames')
  t.equal(await Author.getById(reader, 999), null)
  t.equal((await Book.getById(reader, bookId(2)))?.title, 'Second')
  t.equal((await Tag.getById(reader, 'novel'))?.slug, 'novel')
  t.equal((await Shelf.getById(reader, ['north', 2]))?.label, 'Poems')
  t.equal((await Place.getById(reader, [['north', 1], 1]))?.position, 1)
  t.equal((await Place.getById(reader, [['south', 1], 1]))?.book?.id, bookId(2))
  t.equal(await Place.getById(reader, [['south', 1], 2]), null)
  t.equal((await Film.getById(reader, 1))?.director, 'Lang', 'also where the key is in the table of the parent class')
  t.equal((await Medium.getById(reader, 2))?.title, 'M')
})

onEachDatabase(t, 'an entity is found by another unique column', entities, async (t, { database, writer, reader }) => {
  await fillLibrary(writer)
  t.equal((await Author.getById(reader, 'author6@example.org', 'email'))?.name, 'Élodie')
  t.equal((await Book.getById(reader, 9_780_000_000_003n, 'isbn'))?.edition, 2)
  if (database === 'postgresql') {
    const isbn = 2n ** 62n + 1n
    await writer.nativeUpdate(Book, { id: bookId(3) }, { isbn })
    t.equal((await Book.getById(reader.fork(), isbn, 'isbn'))?.isbn, isbn, 'also beyond what a number can hold')
    t.strictSame((await Book.getByIds(reader.fork(), [isbn, isbn - 1n], 'isbn')).map((book) => book.isbn), [isbn])
  }
  t.equal((await Book.getById(reader, '9780000000001', 'isbn'))?.title, 'First')
  t.equal((await Book.getById(reader, '10.50', 'price'))?.title, 'First')
})

onEachDatabase(t, 'sessions of every kind are taken, and a transaction is joined', entities, async (t, { db, writer, reader }) => {
  await fillLibrary(writer)
  for (const em of [reader, writer, writer.fork(), db.engine('writer').orm.em.fork()]) t.equal((await Author.getById(em, 2))?.name, 'bob_1')
  await writer.transactional(async () => {
    await writer.nativeUpdate(Author, { id: 3 }, { name: 'uncommitted' })
    t.equal((await Author.getById(writer, 3))?.name, 'uncommitted')
  })
})

onEachDatabase(t, 'entities come in the order of the ids, each once, absentees left out', entities, async (t, { database, writer, reader }) => {
  await fillLibrary(writer)
  t.strictSame((await Author.getByIds(reader, [3, 1, 999, 3, 2])).map(({ id }) => id), [3, 1, 2])
  t.strictSame((await Author.getByIds(reader, new Set([2, 1]))).map(({ id }) => id), [2, 1])
  t.strictSame(await Author.getByIds(reader, []), [])
  t.strictSame((await Author.getByIds(reader, ['author2@example.org', 'author1@example.org'], 'email')).map(({ id }) => id), [2, 1])
  t.strictSame((await Book.getByIds(reader, [bookId(3), bookId(1)])).map(({ id }) => id), [bookId(3), bookId(1)])
  const shouted = await Book.getByIds(reader, [bookId(3), bookId(1)].map((id) => id.toUpperCase()))
  t.strictSame(shouted.map(({ id }) => id), database === 'postgresql' ? [bookId(3), bookId(1)] : [], 'SQLite keeps a uuid as text')
  t.strictSame((await Book.getByIds(reader, ['9780000000002', 9_780_000_000_001n, 9_780_000_000_002n], 'isbn')).map(({ title }) => title), ['Second', 'First'])
  t.strictSame((await Book.getByIds(reader, ['12', '10.5'], 'price')).map(({ title }) => title), ['Second', 'First'], 'numbers are compared as numbers')
  t.strictSame((await Shelf.getByIds(reader, [['south', 1], ['north', 1], ['south', 1]])).map(({ label }) => label), ['Maps', 'Fiction'])
  t.strictSame((await Place.getByIds(reader, [[['north', 1], 2], [['north', 1], 9], [['north', 1], 1]])).map(({ position }) => position), [2, 1])
  t.strictSame((await Film.getByIds(reader, [2, 1])).map(({ title }) => title), ['M', 'Metropolis'])
})

onEachDatabase(t, 'any number of ids will do', entities, async (t, { writer, reader, statements }) => {
  const numbers = Array.from({ length: 12_000 }, (_, index) => index + 1)
  for (let start = 0; start < numbers.length; start += 4_000) {
    const some = numbers.slice(start, start + 4_000)
    await writer.insertMany(Author, some.map((id) => ({ id, name: `n${id}`, email: `e${id}` })))
    await writer.insertMany(Shelf, some.map((number) => ({ room: 'r', number, label: `l${number}` })))
  }
  statements.length = 0
  const ids = numbers.toReversed().filter((id) => id % 6 !== 0)
  const authors = await Author.getByIds(reader, [...ids, ...ids])
  t.equal(ids.length, 10_000)
  t.ok(authors.every(({ id }, index) => id === ids[index]))
  t.equal(authors.length, 10_000)
  t.ok(statements.every((sql) => sql.split('?').length < 32_766), 'below the limit of parameters of every database')
  const shelves = await Shelf.getByIds(reader, ids.map((id) => ['r', id] as const))
  t.ok(shelves.every(({ number }, index) => number === ids[index]))
  t.equal(shelves.length, 10_000)
})
