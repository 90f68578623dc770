// getRange: part of a table, in a stable order.
import t from 'tap'
import { onEachDatabase } from './support/databases.ts'
import { Author, Book, entities, Film, Shelf } from './support/library.ts'
import { bookId, fillLibrary } from './support/shelved.ts'

const ids = (rows: readonly { id: unknown }[]): unknown[] => rows.map(({ id }) => id)

onEachDatabase(t, 'offset, limit and direction', entities, async (t, { writer, reader }) => {
  await fillLibrary(writer)
  t.strictSame(ids(await Author.getRange(reader)), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  t.strictSame(ids(await Author.getRange(reader, { offset: 3, limit: 2 })), [4, 5])
  t.strictSame(ids(await Author.getRange(reader, { limit: 2, sortDirection: 'desc' })), [11, 10])
  t.strictSame(ids(await Author.getRange(reader, { offset: 9 })), [10, 11], 'an offset needs no limit')
  t.strictSame(await Author.getRange(reader, { limit: 0 }), [])
  t.strictSame(await Author.getRange(reader, { offset: 11 }), [])
  t.strictSame((await Shelf.getRange(reader, { sortDirection: 'desc' })).map(({ label }) => label), ['Maps', 'Poems', 'Fiction'], 'a composite key orders by all its columns')
  t.strictSame(ids(await Film.getRange(reader, { orderCol: 'title' })), [2, 1], 'also by a column in the table of the parent class')
  t.strictSame(ids(await Film.getRange(reader, { orderCol: 'director', orderCaseSensitive: false, sortDirection: 'desc' })).length, 2)
  await t.rejects(Film.getRange(reader, { orderCol: 'title', orderCaseSensitive: false }), { code: 'SQLASSIST_COLUMN_UNSUITABLE', message: /parent class/ })
})

onEachDatabase(t, 'the order is stable where columns have ties, and null is greater than everything', entities, async (t, { writer, reader }) => {
  await fillLibrary(writer)
  t.strictSame(ids(await Author.getRange(reader, { orderCol: 'group' })), [1, 3, 5, 7, 9, 11, 2, 4, 6, 8, 10])
  t.strictSame(ids(await Author.getRange(reader, { orderCol: 'group', sortDirection: 'desc' })), [10, 8, 6, 4, 2, 11, 9, 7, 5, 3, 1])
  const pages: unknown[] = []
  for (let offset = 0; offset < 11; offset += 2) pages.push(...ids(await Author.getRange(reader, { orderCol: ['group', 'born'], offset, limit: 2 })))
  t.strictSame(pages, [1, 3, 5, 7, 9, 11, 2, 4, 6, 8, 10], 'no row is on two pages')
  t.strictSame(ids(await Book.getRange(reader, { orderCol: ['title', 'edition'], sortDirection: 'desc' })), [bookId(3), bookId(2), bookId(1)])
})

onEachDatabase(t, 'text is ordered with regard to case, or without', entities, async (t, { database, writer, reader }) => {
  await writer.insertMany(Author, ['b', 'A', 'a', 'B', 'c'].map((name, index) => ({ id: index + 1, name, email: name })))
  if (database === 'sqlite') t.strictSame(ids(await Author.getRange(reader, { orderCol: 'name' })), [2, 4, 3, 1, 5], 'by code point')
  const names = (await Author.getRange(reader, { orderCol: 'name', orderCaseSensitive: false })).map(({ name }) => name.toLowerCase())
  t.strictSame(names, ['a', 'a', 'b', 'b', 'c'])
  const reversed = (await Author.getRange(reader, { orderCol: ['name', 'born'], orderCaseSensitive: false, sortDirection: 'desc' })).map(({ name }) => name.toLowerCase())
  t.strictSame(reversed, ['c', 'b', 'b', 'a', 'a'])
})

onEachDatabase(t, 'where and filters are conditions of MikroORM, all of which must hold', entities, async (t, { writer, reader }) => {
  await fillLibrary(writer)
  t.strictSame(ids(await Author.getRange(reader, { where: { id: { $gt: 8 } } })), [9, 10, 11])
  t.strictSame(ids(await Author.getRange(reader, { filters: [{ id: { $gt: 3 } }, { group: 'Even' }], limit: 2 })), [5, 7])
  t.strictSame(ids(await Author.getRange(reader, { where: { group: null }, filters: [{ id: { $lt: 5 } }], sortDirection: 'desc' })), [4, 2])
  t.strictSame(ids(await Author.getRange(reader, { filters: [] })).length, 11)
  t.strictSame(ids(await Author.getRange(reader, { where: { books: { title: { $in: ['First', 'Second'] } } } })), [1, 2], 'a row that joins several times comes once')
  t.strictSame(ids(await Author.getRange(reader, { where: { books: { edition: { $gte: 1 } } }, orderCol: 'name', orderCaseSensitive: false, limit: 1, offset: 1 })), [2])
  t.strictSame(ids(await Author.getRange(reader, { where: { $or: [{ id: 1 }, { id: 2 }] }, filters: [{ $or: [{ id: 2 }, { id: 3 }] }] })), [2])
})

onEachDatabase(t, 'orderBy is an order of MikroORM, made stable as well', entities, async (t, { writer, reader, statements }) => {
  await fillLibrary(writer)
  t.strictSame(ids(await Book.getRange(reader, { orderBy: { author: { name: 'desc' }, title: 'asc' } })), [bookId(3), bookId(1), bookId(2)])
  t.strictSame(ids(await Author.getRange(reader, { orderBy: [{ id: 'desc' }], limit: 2 })), [11, 10])
  t.match(statements.at(-1), /order by .a0.\..id. desc limit/, 'a key that is named already is not added')
  t.strictSame(ids(await Author.getRange(reader, { orderBy: { born: 'asc' }, limit: 2 })), [1, 2])
})

onEachDatabase(t, 'debugQuery writes this one statement to the logger of MikroORM', entities, async (t, { writer, reader, statements }) => {
  await fillLibrary(writer)
  reader.config.getLogger().setDebugMode(false)
  statements.length = 0
  await Author.getRange(reader, { where: { name: 'Ann Ames' } })
  t.strictSame(statements, [])
  await Author.getRange(reader, { where: { name: 'Ann Ames' }, debugQuery: true })
  t.equal(statements.length, 1)
  t.match(statements[0], /select .* from .authors. .* where .a0.\..name. = 'Ann Ames'/)
})
