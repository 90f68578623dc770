// Lists of keys, and keys of several columns, go the short way as well.
import { defineEntity, p } from '@mikro-orm/core'
import * as postgresql from '@mikro-orm/postgresql'
import * as sqlite from '@mikro-orm/sqlite'
import { createSqlAssist, type EngineOptions, getById, getByIds, onSqlAssistEvent } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { postgresDatabase, sqliteFile } from '../../support/databases.ts'

const BookSchema = defineEntity({ name: 'Book', tableName: 'books', properties: { id: p.integer().primary(), isbn: p.string().unique() } })
class Book extends BookSchema.class {}
BookSchema.setClass(Book)
const CopySchema = defineEntity({ name: 'Copy', tableName: 'copies', properties: { book: p.integer().primary(), shelf: p.string().primary(), state: p.string() } })
class Copy extends CopySchema.class {}
CopySchema.setClass(Copy)
const SortedSchema = defineEntity({ name: 'Sorted', tableName: 'books', orderBy: { isbn: 'desc' }, properties: { id: p.integer().primary(), isbn: p.string() } })
class Sorted extends SortedSchema.class {}
SortedSchema.setClass(Sorted)

type Em = postgresql.EntityManager | sqlite.EntityManager
const entities = [Book, Copy]

const DATABASES: Readonly<Record<string, (t: Test) => Promise<(own: readonly (new () => object)[]) => EngineOptions['config']>>> = {
  async PostgreSQL(t) {
    const clientUrl = await postgresDatabase(t)
    return (own) => postgresql.defineConfig({ clientUrl, entities: [...own] })
  },
  async SQLite(t) {
    const dbName = sqliteFile(t)
    return (own) => sqlite.defineConfig({ dbName, entities: [...own] })
  },
}

/** Statements with the same quotes and placeholders for all databases. */
const alike = (sql: string): string => sql.replaceAll('`', '"').replaceAll(/\$\d+/g, '?')

for (const [kind, database] of Object.entries(DATABASES)) t.test(kind, async (t) => {
  const config = await database(t)
  const db = await createSqlAssist({ engines: { library: { config: config(entities)! }, sorted: { config: config([Sorted])!, readonly: true } } })
  t.teardown(async () => await db.dispose())
  const sent: { sql: string; parameters: readonly unknown[] }[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:start', ({ sql, parameters, internal }) => void (internal || sent.push({ sql: alike(sql), parameters }))))

  /** What a new session sends, and what it comes to. */
  const statements = async <T>(work: (em: Em) => Promise<T>, engine = 'library'): Promise<{ found: T; sent: unknown[] }> => {
    await using container = db.session()
    const em = container.get(engine as never) as unknown as Em
    await em.execute('select 1')
    sent.length = 0
    const found = await work(em)
    return { found, sent: [...sent] }
  }

  const { orm } = db.engine('library')
  await orm.schema.create()
  await orm.em.fork().insertMany(Book, [1, 2, 3, 4, 5].map((id) => ({ id, isbn: `isbn ${id}` })))
  await orm.em.fork().insertMany(Copy, [1, 2, 3].map((book) => ({ book, shelf: `s${book}`, state: 'new' })))

  await t.test('a list of keys, in their order and each once, without those that there are not', async (t) => {
    const { found, sent } = await statements(async (em) => (await getByIds(em, Book, [4, 9, 2, 4, 3, 1])).map(({ id }) => id))
    t.strictSame(found, [4, 2, 3, 1])
    t.strictSame(sent, [{ sql: 'select "b0".* from "books" as "b0" where "b0"."id" in (?, ?, ?, ?, ?, ?, ?, ?)', parameters: [4, 9, 2, 3, 1, 1, 1, 1] }], 'the last one makes the list as long as others are')
  })

  await t.test('by a unique column', async (t) => {
    const { found, sent } = await statements(async (em) => (await getByIds(em, Book, ['isbn 2', 'isbn 1'], 'isbn')).map(({ id }) => id))
    t.strictSame(found, [2, 1])
    t.strictSame(sent, [{ sql: 'select "b0".* from "books" as "b0" where "b0"."isbn" in (?, ?)', parameters: ['isbn 2', 'isbn 1'] }])
  })

  await t.test('a key of two columns', async (t) => {
    const both = { sql: 'select "c0".* from "copies" as "c0" where "c0"."book" = ? and "c0"."shelf" = ? limit 1', parameters: [2, 's2'] }
    t.strictSame((await statements(async (em) => await getById(em, Copy, [2, 's2']))).sent, [both])
    t.strictSame((await statements(async (em) => await em.findOne(Copy, { book: 2, shelf: 's2' }))).sent, [both])
    const tuple = { sql: 'select "c0".* from "copies" as "c0" where ("c0"."book", "c0"."shelf") in ((?, ?)) limit 1', parameters: [2, 's2'] }
    t.strictSame((await statements(async (em) => await em.findOne(Copy, [2, 's2']))).sent, [tuple])
    const again = await statements(async (em) => [await em.findOne(Copy, [2, 's2']), await getById(em, Copy, [2, 's2'])])
    t.equal(again.found[0], again.found[1])
    t.strictSame(again.sent, [tuple], 'what is in memory is not asked for again')
  })

  await t.test('a list of such keys', async (t) => {
    const { found, sent } = await statements(async (em) => (await getByIds(em, Copy, [[3, 's3'], [1, 's2'], [1, 's1']])).map(({ book }) => book))
    t.strictSame(found, [3, 1])
    t.strictSame(sent, [{ sql: 'select "c0".* from "copies" as "c0" where ("c0"."book", "c0"."shelf") in ((?, ?), (?, ?), (?, ?), (?, ?))', parameters: [3, 's3', 1, 's2', 1, 's1', 1, 's1'] }])
  })

  await t.test('what the session has changed stays as it is', async (t) => {
    const { found } = await statements(async (em) => {
      const book = await em.findOneOrFail(Book, 1)
      em.setFlushMode('commit')
      book.isbn = 'mine'
      const books = await getByIds(em, Book, [2, 1])
      return [books[1] === book, books.map(({ isbn }) => isbn)]
    })
    t.strictSame(found, [true, ['isbn 2', 'mine']])
  })

  await t.test('long lists, and an order of the entity, are left to MikroORM', async (t) => {
    const many = await statements(async (em) => await getByIds(em, Book, Array.from({ length: 513 }, (_, index) => index)))
    t.equal(many.found.length, 5)
    t.equal((many.sent[0] as { sql: string }).sql.split(',').length, 513, 'nothing is repeated')
    const ordered = await statements(async (em) => await getByIds(em, Sorted, [1, 2]), 'sorted')
    t.match((ordered.sent[0] as { sql: string }).sql, /order by/)
    const own = await statements(async (em) => {
      const asked: unknown[] = []
      const find = em.find.bind(em)
      Object.assign(em, { find: async (...args: Parameters<typeof find>) => (asked.push(args[1]), await find(...args)) })
      await getByIds(em, Book, [1, 2])
      return asked
    })
    t.strictSame(own.found, [{ id: { $in: [1, 2] } }], 'and whoever has a find() of his own is asked')
  })
})
