// What callers in JavaScript may pass, and a request's JSON may hold: refused with a code before any statement is run.
import { getById, getByIds, getPage, getRange, UtilityObject } from 'fastify-sqlassist/orm'
import type { Test } from 'tap'
import t from 'tap'
import { type Application, onEachDatabase } from './support/databases.ts'
import { Author, Book, entities, Place, Shelf, Tag } from './support/library.ts'
import { bookId, fillLibrary } from './support/shelved.ts'

/** The helpers without their types. */
type Untyped = Record<'getById' | 'getByIds' | 'getByColumnLower' | 'getByColumnSimilar' | 'getByColumnExactThenIlike' | 'getRange' | 'getPage', (...args: unknown[]) => Promise<unknown>>
const untyped = (entity: object): Untyped => entity as Untyped

const NO_COLUMN = ['$or', '$and', '$not', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'ID', 'id ', 'a0.id', 'order group', 'id; drop table authors',
  'books', 'nameLength', 'address', 'address_city', 'getById', 'x'.repeat(100_000), undefined, null, 0, Symbol('id'), ['id'], { toString: () => 'id' }]

const NO_SCALAR = [null, undefined, {}, { $ne: 0 }, { $gt: '' }, [], [1], [[1]], Number.NaN, Infinity, -Infinity, 1.5, '1', '', true, Symbol('1'), () => 1, new Date(0), 1n]

const NO_TEXT = [null, undefined, 0, 1n, true, {}, { $ne: '' }, ['a'], new String('a'), Symbol('a'), 'a\0b', '\0', 'half \ud800', '\udc00 half']

const NO_COUNT = [Number.NaN, -1, 1.5, '1', '10', Infinity, -Infinity, 2 ** 53, null, {}, [1], true, 1n]

/** Runs calls that must all be refused with one code, and sees to it that nothing reached the database. */
async function refused(t: Test, { statements }: Application, code: string, calls: Iterable<() => Promise<unknown>>): Promise<void> {
  statements.length = 0
  let number = 0
  for (const call of calls) {
    number++
    const error: unknown = await call().then(() => undefined, (reason: unknown) => reason)
    const { code: got, message = '' } = (error ?? {}) as { code?: string; message?: string }
    if (got !== code || message.length > 700) t.fail(`call ${number} gave ${String(got)}: ${message}`, { call: call.toString() })
  }
  t.ok(number > 0, `${number} calls are refused with ${code}`)
  t.strictSame(statements, [], 'and no statement is run')
}

onEachDatabase(t, 'columns are those of the metadata', entities, async (t, app) => {
  const { reader } = app
  const author = untyped(Author)
  await refused(t, app, 'SQLASSIST_COLUMN_UNKNOWN', NO_COLUMN.flatMap((column) => [
    ...(column === undefined ? [] : [() => author.getById(reader, 1, column), () => author.getByIds(reader, [1], column), () => author.getByIds(reader, [], column)]),
    () => author.getByColumnLower(reader, column, 'x'),
    () => author.getByColumnSimilar(reader, column, 'x'),
    () => author.getByColumnExactThenIlike(reader, column, 'x'),
    ...(column === undefined || Array.isArray(column) ? [] : [() => author.getRange(reader, { orderCol: column }), () => author.getPage(reader, { orderCol: column })]),
    () => author.getRange(reader, { orderCol: ['name', column] }),
    () => author.getPage(reader, { orderCol: [column] }),
  ]))
  await refused(t, app, 'SQLASSIST_COLUMN_UNSUITABLE', [
    () => author.getById(reader, 'Ann', 'name'),
    () => author.getByIds(reader, ['Ann'], 'name'),
    () => untyped(Book).getById(reader, 'First', 'title'),
    () => untyped(Shelf).getById(reader, 'north', 'room'),
    () => author.getByColumnLower(reader, 'born', '1900'),
    () => author.getByColumnSimilar(reader, 'settings', 'x'),
    () => author.getByColumnExactThenIlike(reader, 'joinedAt', 'x'),
    () => untyped(Book).getByColumnLower(reader, 'id', bookId(1)),
    () => untyped(Book).getByColumnLower(reader, 'price', '10.50'),
    () => untyped(Place).getPage(reader),
  ])
  await t.rejects(author.getById(reader, 'Ann', 'name'), { message: /getRange\(\)/, statusCode: 400 })
  await t.rejects(author.getById(reader, 1, 'nmae'), { message: /Author has no column "nmae".*id, email, name, group/, statusCode: 400 })
})

onEachDatabase(t, 'ids are plain values of their column', entities, async (t, app) => {
  const { reader, database } = app
  const range = database === 'postgresql' ? [2 ** 31, -(2 ** 31) - 1] : []
  await refused(t, app, 'SQLASSIST_ARGUMENT_INVALID', [...NO_SCALAR, 2 ** 53, 1e300, ...range].flatMap((id) => [
    () => untyped(Author).getById(reader, id),
    () => untyped(Author).getByIds(reader, [1, id]),
    () => untyped(Shelf).getById(reader, ['north', id]),
    () => untyped(Place).getById(reader, [['north', id], 1]),
  ]))
  await refused(t, app, 'SQLASSIST_ARGUMENT_INVALID', NO_TEXT.flatMap((id) => [
    () => untyped(Tag).getById(reader, id),
    () => untyped(Tag).getByIds(reader, ['novel', id]),
    () => untyped(Author).getById(reader, id, 'email'),
    () => untyped(Shelf).getById(reader, [id, 1]),
  ]))
  await refused(t, app, 'SQLASSIST_ARGUMENT_INVALID', [
    ...['', 'x', '1', `${bookId(1)}0`, `${bookId(1)}\0`, `{${bookId(1)}}`, `${bookId(1)}' or '1'='1`, 1, {}].map((id) => () => untyped(Book).getById(reader, id)),
    ...['', 'x', '1.5', '0x1', 1.5, 2 ** 63, (2n ** 63n).toString(), 2n ** 63n, -(2n ** 63n) - 1n, '99999999999999999999', {}].map((isbn) => () => untyped(Book).getById(reader, isbn, 'isbn')),
    ...['', 'x', '1e5', 'NaN', Number.NaN, Infinity, '1.', '.5', {}, 1n].map((price) => () => untyped(Book).getById(reader, price, 'price')),
    ...['north', ['north'], ['north', 1, 2], [], { room: 'north', number: 1 }, null, undefined].map((key) => () => untyped(Shelf).getById(reader, key)),
    ...[1, 'abc', null, undefined, {}, { length: 1, 0: 1 }].map((ids) => () => untyped(Shelf).getByIds(reader, ids)),
  ])
})

onEachDatabase(t, 'texts, counts and options are what they say', entities, async (t, app) => {
  const { reader } = app
  const author = untyped(Author)
  await refused(t, app, 'SQLASSIST_ARGUMENT_INVALID', NO_TEXT.flatMap((text) => [
    () => author.getByColumnLower(reader, 'name', text),
    () => author.getByColumnSimilar(reader, 'name', text),
    () => author.getByColumnExactThenIlike(reader, 'name', text),
  ]))
  await refused(t, app, 'SQLASSIST_ARGUMENT_INVALID', NO_COUNT.flatMap((count) => ['offset', 'limit'].flatMap((option) => [
    () => author.getRange(reader, { [option]: count }),
    () => author.getByColumnSimilar(reader, 'name', 'x', { [option]: count }),
    () => author.getByColumnLower(reader, 'name', 'x', { allowMany: true, [option]: count }),
  ])))
  await refused(t, app, 'SQLASSIST_ARGUMENT_INVALID', [0, ...NO_COUNT].map((first) => () => author.getPage(reader, { first })))
  await refused(t, app, 'SQLASSIST_ARGUMENT_INVALID', ['ASC', 'asc nulls last', 'asc; drop table authors', '', 1, -1, null, {}, ['asc']].flatMap((sortDirection) => [
    () => author.getRange(reader, { sortDirection }),
    () => author.getPage(reader, { sortDirection }),
  ]))
  await refused(t, app, 'SQLASSIST_ARGUMENT_INVALID', [
    () => author.getByColumnSimilar(reader, 'name', 'x'.repeat(10_001)),
    () => author.getByColumnLower(reader, 'name', 'x', { limit: 1 }),
    () => author.getByColumnLower(reader, 'name', 'x', { allowMany: false, offset: 0 }),
    () => author.getByColumnLower(reader, 'name', 'x', { allowMany: 'yes' }),
    () => author.getByColumnLower(reader, 'name', 'x', { allow_many: true }),
    () => author.getByColumnLower(reader, 'name', 'x', true),
    () => author.getByColumnLower(reader, 'name', 'x', null),
    () => author.getByColumnSimilar(reader, 'name', 'x', { prefixOnly: 0 }),
    () => author.getRange(reader, { limt: 5 }),
    () => author.getRange(reader, 5),
    () => author.getRange(reader, { debugQuery: 1 }),
    () => author.getRange(reader, { orderCaseSensitive: 'no' }),
    () => author.getRange(reader, { orderCol: [] }),
    () => author.getRange(reader, { orderCol: 'name', orderBy: { name: 'asc' } }),
    () => author.getRange(reader, { sortDirection: 'desc', orderBy: { name: 'asc' } }),
    () => author.getRange(reader, { orderCaseSensitive: false, orderBy: { name: 'asc' } }),
    ...['name', ['name'], null, [null], 1].map((orderBy) => () => author.getRange(reader, { orderBy })),
    ...['name = 1', null, 1].map((where) => () => author.getRange(reader, { where })),
    () => author.getRange(reader, { filters: { name: 'x' } }),
    () => author.getRange(reader, { filters: ['name'] }),
    () => author.getPage(reader, { offset: 1 }),
  ])
})

onEachDatabase(t, 'the session comes first', entities, async (t, app) => {
  const { db, reader } = app
  const container = db.session()
  t.teardown(async () => await container.close())
  await refused(t, app, 'SQLASSIST_SESSION_MISSING', [undefined, null, 1, 'reader', {}, container, Author].flatMap((session) => [
    () => untyped(Author).getById(session, 1),
    () => untyped(Author).getByIds(session, [1]),
    () => untyped(Author).getByColumnLower(session, 'name', 'x'),
    () => untyped(Author).getByColumnSimilar(session, 'name', 'x'),
    () => untyped(Author).getByColumnExactThenIlike(session, 'name', 'x'),
    () => untyped(Author).getRange(session),
    () => untyped(Author).getPage(session),
  ]))
  await refused(t, app, 'SQLASSIST_ARGUMENT_INVALID', [undefined, null, 'Author', {}, 1].flatMap((entity) => [
    () => getById(reader, entity as never, 1 as never),
    () => getByIds(reader, entity as never, []),
    () => getRange(reader, entity as never),
    () => getPage(reader, entity as never),
  ]))
  await refused(t, app, 'SQLASSIST_ENTITY_UNKNOWN', [UtilityObject, class Stranger extends UtilityObject {}, Date].map((entity) => () => getRange(reader, entity as never)))
  await container.close()
})

onEachDatabase(t, 'after the end nothing is run', entities, async (t, { db, statements }) => {
  const container = db.session()
  const { reader } = container
  await container.close()
  statements.length = 0
  await t.rejects(Author.getById(reader, 1), { code: 'SQLASSIST_SESSION_CLOSED' })
  await t.rejects(Author.getRange(reader), { code: 'SQLASSIST_SESSION_CLOSED' })
  t.strictSame(statements, [])
})

onEachDatabase(t, 'the limits of what is accepted', entities, async (t, { database, writer, reader }) => {
  await fillLibrary(writer)
  t.equal(await Author.getById(reader, 2 ** 31 - 1), null)
  t.equal(await Author.getById(reader, -(2 ** 31)), null)
  if (database === 'sqlite') t.equal(await Author.getById(reader, Number.MAX_SAFE_INTEGER), null, 'integers of SQLite have 64 bits')
  t.equal(await Author.getById(reader, 0), null)
  const most = database === 'sqlite' ? 2n ** 53n : 2n ** 63n
  t.equal(await Book.getById(reader, most - 1n, 'isbn'), null)
  t.equal(await Book.getById(reader, -most, 'isbn'), null)
  await t.rejects(Book.getById(reader, most, 'isbn'), { code: 'SQLASSIST_ARGUMENT_INVALID' }, 'SQLite would give another integer back')
  t.equal(await Book.getById(reader, '0'.repeat(900), 'price'), null)
  t.equal(await Author.getById(reader, `'; drop table authors; --`, 'email'), null)
  t.equal(await Author.getById(reader, '? ?? :name $1 \\', 'email'), null)
  t.strictSame(await Author.getByColumnSimilar(reader, 'name', 'x'.repeat(10_000)), [])
  t.strictSame(await Author.getByColumnSimilar(reader, 'name', '!'.repeat(10_000), { prefixOnly: false }), [], 'also where each character is escaped')
  t.strictSame(await Author.getByColumnSimilar(reader, 'name', '😀'.repeat(5_000)), [])
  t.equal(await Author.getByColumnLower(reader, 'name', 'x'.repeat(200_000)), null)
  t.strictSame(await Author.getRange(reader, { offset: Number.MAX_SAFE_INTEGER, limit: Number.MAX_SAFE_INTEGER }), [])
})
