// getByColumnLower, getByColumnSimilar and getByColumnExactThenIlike.
import { MultipleRowsError } from 'fastify-sqlassist/orm'
import t from 'tap'
import { onEachDatabase } from './support/databases.ts'
import { Author, entities, Film, Shelf } from './support/library.ts'
import { fillLibrary } from './support/shelved.ts'

const names = (authors: readonly Author[]): string[] => authors.map(({ name }) => name)

onEachDatabase(t, 'getByColumnLower ignores case', entities, async (t, { writer, reader }) => {
  await fillLibrary(writer)
  t.equal((await Author.getByColumnLower(reader, 'name', "O'HARA"))?.id, 10)
  t.equal((await Author.getByColumnLower(reader, 'email', 'AUTHOR3@EXAMPLE.ORG'))?.id, 3)
  t.equal(await Author.getByColumnLower(reader, 'name', 'nobody'), null)
  t.equal(await Author.getByColumnLower(reader, 'name', 'Bob%'), null, 'a wildcard is a character')
  t.equal(await Author.getByColumnLower(reader, 'name', ''), null)
  await t.rejects(Author.getByColumnLower(reader, 'name', 'ANN AMES'), { code: 'SQLASSIST_MULTIPLE_ROWS', name: 'MultipleRowsError' })
  await t.rejects(Author.getByColumnLower(reader, 'name', 'ann ames', { allowMany: false }), MultipleRowsError)
  t.strictSame((await Author.getByColumnLower(reader, 'name', 'ANN AMES', { allowMany: true })).map(({ id }) => id), [1, 11])
  t.strictSame((await Author.getByColumnLower(reader, 'group', 'EVEN', { allowMany: true, offset: 1, limit: 2 })).map(({ id }) => id), [3, 5])
  t.strictSame((await Author.getByColumnLower(reader, 'group', 'EVEN', { allowMany: true, offset: 4 })).map(({ id }) => id), [9, 11])
  t.strictSame(await Author.getByColumnLower(reader, 'group', 'EVEN', { allowMany: true, limit: 0 }), [])
  t.strictSame(await Author.getByColumnLower(reader, 'name', 'nobody', { allowMany: true }), [])
  t.equal((await Shelf.getByColumnLower(reader, 'label', 'maps'))?.room, 'south', 'also with a composite key')
})

onEachDatabase(t, 'getByColumnSimilar takes every character literally', entities, async (t, { writer, reader }) => {
  await fillLibrary(writer)
  t.strictSame(names(await Author.getByColumnSimilar(reader, 'name', 'BOB')), ['bob_1', 'BobX1', 'Bob 100%'])
  t.strictSame(names(await Author.getByColumnSimilar(reader, 'name', 'bob_1')), ['bob_1'], '_ is not any character')
  t.strictSame(names(await Author.getByColumnSimilar(reader, 'name', '%')), [])
  t.strictSame(names(await Author.getByColumnSimilar(reader, 'name', '00%', { prefixOnly: false })), ['Bob 100%'])
  t.strictSame(names(await Author.getByColumnSimilar(reader, 'name', 'BACK\\')), ['back\\slash'])
  t.strictSame(names(await Author.getByColumnSimilar(reader, 'name', '\\s', { prefixOnly: false })), ['back\\slash'])
  t.strictSame(names(await Author.getByColumnSimilar(reader, 'name', "O'")), ["O'Hara"])
  t.strictSame(names(await Author.getByColumnSimilar(reader, 'name', 'ames')), [], 'a prefix, unless told otherwise')
  t.strictSame(names(await Author.getByColumnSimilar(reader, 'name', 'AMES', { prefixOnly: false })), ['Ann Ames', 'ann ames'])
  t.strictSame(names(await Author.getByColumnSimilar(reader, 'name', 'bob', { offset: 1, limit: 1 })), ['BobX1'])
  t.equal((await Author.getByColumnSimilar(reader, 'name', '')).length, 11, 'every text begins with nothing')
  await writer.insert(Author, { id: 50, name: 'wow!_', email: 'wow' })
  await writer.insert(Author, { id: 51, name: 'wow!x', email: 'wox' })
  t.strictSame(names(await Author.getByColumnSimilar(reader, 'name', 'wow!_')), ['wow!_'], 'also the escape is a character')
  t.strictSame(names(await Author.getByColumnSimilar(reader, 'name', 'wow!')), ['wow!_', 'wow!x'])
  t.strictSame((await Film.getByColumnSimilar(reader, 'title', 'METRO')).map(({ id }) => id), [1], 'also in the table of the parent class')
  t.strictSame((await Film.getByColumnSimilar(reader, 'director', 'L')).map(({ id }) => id), [1, 2])
})

onEachDatabase(t, 'getByColumnExactThenIlike prefers the exact text', entities, async (t, { writer, reader, statements }) => {
  await fillLibrary(writer)
  t.equal((await Author.getByColumnExactThenIlike(reader, 'name', 'ann ames'))?.id, 11)
  t.equal((await Author.getByColumnExactThenIlike(reader, 'name', 'Ann Ames'))?.id, 1)
  t.equal((await Author.getByColumnExactThenIlike(reader, 'name', 'ANN AMES'))?.id, 1, 'the first of several')
  t.equal((await Author.getByColumnExactThenIlike(reader, 'name', 'BOB_1'))?.id, 2)
  t.equal(await Author.getByColumnExactThenIlike(reader, 'name', 'bob_'), null)
  t.equal(await Author.getByColumnExactThenIlike(reader, 'name', 'bob%'), null)
  statements.length = 0
  await Author.getByColumnExactThenIlike(reader, 'name', 'Ann Ames')
  t.equal(statements.length, 1, 'an exact match needs one statement')
})
