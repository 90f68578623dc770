// getPage: a table page by page, by place and not by count.
import { getPage, type Page, type PageOptions } from 'fastify-sqlassist/orm'
import t from 'tap'
import { onEachDatabase } from './support/databases.ts'
import { Author, Book, entities, Shelf } from './support/library.ts'
import { bookId, fillLibrary } from './support/shelved.ts'

const ids = ({ items }: Page<Author>): number[] => items.map(({ id }) => id)

onEachDatabase(t, 'a table is walked there and back', entities, async (t, { writer, reader }) => {
  await fillLibrary(writer)
  const first = await Author.getPage(reader, { first: 4 })
  t.strictSame(ids(first), [1, 2, 3, 4])
  t.same([first.hasPrevious, first.hasNext], [false, true])
  const second = await Author.getPage(reader, { first: 4, after: first.endCursor! })
  t.strictSame(ids(second), [5, 6, 7, 8])
  t.same([second.hasPrevious, second.hasNext], [true, true])
  const third = await Author.getPage(reader, { first: 4, after: second.endCursor! })
  t.strictSame(ids(third), [9, 10, 11])
  t.same([third.hasPrevious, third.hasNext], [true, false])
  const back = await Author.getPage(reader, { first: 4, before: third.startCursor! })
  t.strictSame(ids(back), [5, 6, 7, 8], 'in the same order')
  t.same([back.hasPrevious, back.hasNext], [true, true])
  const begin = await Author.getPage(reader, { first: 4, before: back.startCursor! })
  t.strictSame(ids(begin), [1, 2, 3, 4])
  t.same([begin.hasPrevious, begin.hasNext], [false, true])
  const beyond = await Author.getPage(reader, { after: third.endCursor! })
  t.strictSame(beyond, { items: [], startCursor: null, endCursor: null, hasNext: false, hasPrevious: true })
  const nothing = await Author.getPage(reader, { where: { id: 999 } })
  t.strictSame(nothing, { items: [], startCursor: null, endCursor: null, hasNext: false, hasPrevious: false })
})

onEachDatabase(t, 'every order gives every row once, there and back, nulls and ties included', entities, async (t, { writer, reader }) => {
  await fillLibrary(writer)
  await writer.nativeUpdate(Author, { id: { $in: [2, 3, 8] } }, { born: 1900, joinedAt: new Date('2020-02-02T02:02:02.222Z'), biography: 'long' })
  await writer.nativeUpdate(Author, { id: { $in: [4, 9] } }, { born: -5, joinedAt: new Date('1999-01-01T00:00:00.001Z') })
  const orders: PageOptions<Author>[] = [
    {}, { orderCol: 'name' }, { orderCol: 'born' }, { orderCol: ['group', 'born'] }, { orderCol: 'joinedAt' }, { orderCol: ['born', 'group', 'joinedAt', 'name'] }, { orderCol: 'biography' },
  ]
  for (const order of orders) {
    for (const sortDirection of ['asc', 'desc'] as const) {
      const options = { ...order, sortDirection, first: 2 }
      const expected = (await Author.getRange(reader, { ...order, sortDirection })).map(({ id }) => id)
      const turn: Turn = async (cursor) => await Author.getPage(reader.fork(), { ...options, ...cursor })
      t.strictSame((await walk(turn)).seen, expected, `${JSON.stringify(options)} forwards`)
      t.strictSame(await walkBack(turn), expected, `${JSON.stringify(options)} backwards`)
    }
  }
})

onEachDatabase(t, 'rows that come and go shift nothing', entities, async (t, { writer, reader }) => {
  await fillLibrary(writer)
  const page = await Author.getPage(reader, { first: 3, where: { id: { $gt: 1 } } })
  t.strictSame(ids(page), [2, 3, 4])
  await writer.nativeDelete(Author, { id: [3, 4] })
  await writer.insert(Author, { id: 0, name: 'zero', email: 'zero' })
  const next = await Author.getPage(reader, { first: 3, after: page.endCursor!, filters: [{ id: { $gt: 1 } }] })
  t.strictSame(ids(next), [5, 6, 7], 'also where the row of the cursor is gone')
  t.equal(next.hasPrevious, true)
  t.equal((await Author.getPage(reader, { after: page.endCursor!, where: { id: { $gt: 2 } } })).hasPrevious, false)
})

onEachDatabase(t, 'keys of every type, and entities of any class', entities, async (t, { writer, reader }) => {
  await fillLibrary(writer)
  const books = await getPage(reader, Book, { first: 1, orderCol: ['isbn'] })
  t.strictSame(books.items.map(({ isbn }) => isbn), [9_780_000_000_001n])
  const next = await getPage(reader, Book, { orderCol: ['isbn'], after: books.endCursor! })
  t.strictSame(next.items.map(({ isbn }) => isbn), [9_780_000_000_002n, 9_780_000_000_003n])
  const dear = await Book.getPage(reader, { first: 1, orderCol: 'price', sortDirection: 'desc', where: { price: { $ne: null } } })
  t.strictSame((await Book.getPage(reader, { orderCol: 'price', sortDirection: 'desc', after: dear.endCursor!, where: { price: { $ne: null } } })).items.map(({ id }) => id), [bookId(1)])
  const shelf = await Shelf.getPage(reader, { first: 1 })
  t.strictSame((await Shelf.getPage(reader, { after: shelf.endCursor! })).items.map(({ label }) => label), ['Poems', 'Maps'])
  t.equal((await Author.getPage(reader)).items.length, 11)
})

onEachDatabase(t, 'a cursor is taken back unchanged, for the same order, or not at all', entities, async (t, { writer, reader, statements }) => {
  await fillLibrary(writer)
  const { endCursor } = await Author.getPage(reader, { first: 2, orderCol: 'born' })
  const [signature] = JSON.parse(Buffer.from(endCursor!, 'base64url').toString()) as [string]
  const forged = (...values: unknown[]): string => Buffer.from(JSON.stringify([signature, ...values])).toString('base64url')
  statements.length = 0
  const bad = [
    '', 'x', '=====', endCursor!.slice(0, -3), Buffer.from('{}').toString('base64url'), Buffer.from('null').toString('base64url'), forged(), forged(1), forged(1, 2, 3),
    forged({ $ne: 0 }, 1), forged(1, { $ne: 0 }), forged(1, null), forged('1', 1), forged(1, [1]), forged(1.5, 1), forged(1, 1e300), forged(true, 1),
    1, null, {}, ['x'],
  ]
  for (const cursor of bad) {
    for (const side of ['after', 'before']) {
      await t.rejects(Author.getPage(reader, { orderCol: 'born', [side]: cursor }), { code: 'SQLASSIST_CURSOR_INVALID', statusCode: 400 }, `${side} ${JSON.stringify(cursor)}`)
    }
  }
  for (const order of [{}, { orderCol: 'name' }, { orderCol: 'born', sortDirection: 'desc' }, { orderCol: ['born', 'name'] }] as PageOptions<Author>[]) {
    await t.rejects(Author.getPage(reader, { ...order, after: endCursor! }), { code: 'SQLASSIST_CURSOR_INVALID', message: /another order/ })
  }
  await t.rejects(Book.getPage(reader, { after: endCursor! }), { code: 'SQLASSIST_CURSOR_INVALID' })
  await t.rejects(Author.getPage(reader, { orderCol: 'born', after: endCursor!, before: endCursor! }), { code: 'SQLASSIST_ARGUMENT_INVALID' })
  t.strictSame(statements, [], 'and no statement is run')
  t.equal((await Author.getPage(reader, { orderCol: 'born', after: forged(null, 2) })).items.length, 9)
})

type Turn = (cursor: { readonly after?: string; readonly before?: string }) => Promise<Page<Author>>

/** All ids in the order of the pages, and the last page. */
async function walk(turn: Turn): Promise<{ seen: number[]; last: Page<Author> }> {
  let last = await turn({})
  const seen = ids(last)
  for (let pages = 0; last.hasNext && pages < 20; pages++) {
    last = await turn({ after: last.endCursor! })
    seen.push(...ids(last))
  }
  return { seen, last }
}

async function walkBack(turn: Turn): Promise<number[]> {
  let { last: page } = await walk(turn)
  const seen = ids(page)
  for (let pages = 0; page.hasPrevious && pages < 20; pages++) {
    page = await turn({ before: page.startCursor! })
    seen.unshift(...ids(page))
  }
  return seen
}
