// Every way in which a handler has the database do something. Each of these waits for a table that an administrator holds.
import type { Loaded } from '@mikro-orm/core'
import type { Generated, Kysely } from 'kysely'
import { Author, Book, Tag } from './model.ts'
import type { Writer } from './service.ts'

/** What a handler has loaded before: a book without its author and tags, and, in a fork, an author without books. */
export interface Loot {
  readonly book: Loaded<Book>
  readonly author: Loaded<Author>
  readonly fork: Writer
}

export async function plunder(writer: Writer): Promise<Loot> {
  const fork = writer.fork()
  return { book: await writer.findOneOrFail(Book, { title: 'Ulysses' }), author: await fork.findOneOrFail(Author, { name: 'Joyce' }), fork }
}

interface Tables {
  book: { id: Generated<number>; title: string; author_id: number }
  tag: { label: string }
}

export const kyselyOf = (writer: Writer): Kysely<Tables> => writer.getKysely()

/** Asks for the rows of a stream until there are none. */
async function drain(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _row of rows) void _row
}

export const insertBook = `insert into book (title, author_id) values ('unwanted', 1)`

/** One statement each: nothing of them is in a transaction of ours when they begin. */
export const statements: Readonly<Record<string, (writer: Writer, loot: Loot) => Promise<unknown>>> = {
  find: async (writer) => await writer.find(Book, {}),
  findOne: async (writer) => await writer.findOne(Book, { title: 'Ulysses' }),
  findAndCount: async (writer) => await writer.findAndCount(Book, {}),
  count: async (writer) => await writer.count(Book),
  countBy: async (writer) => await writer.countBy(Book, 'author'),
  findByCursor: async (writer) => await writer.findByCursor(Book, { first: 1, orderBy: { id: 'asc' } }),
  'find, populating': async (writer) => await writer.find(Author, {}, { populate: ['books'] }),
  populate: async (_writer, { author, fork }) => await fork.populate(author, ['books']),
  'collection.init()': async (_writer, { author }) => await author.books.init(),
  'collection.load()': async (_writer, { author }) => await author.books.load(),
  'collection.loadCount()': async (_writer, { author }) => await author.books.loadCount(),
  'collection.matching()': async (_writer, { author }) => await author.books.matching({ where: { title: 'Ulysses' } }),
  'collection.init() through a pivot table': async (_writer, { book }) => await book.tags.init(),
  'collection.loadCount() through a pivot table': async (_writer, { book }) => await book.tags.loadCount(),
  'collection.matching() through a pivot table': async (_writer, { book }) => await book.tags.matching({ where: { label: 'classic' } }),
  'reference.load()': async (_writer, { book }) => await book.author.load(),
  refresh: async (writer, { book }) => await writer.refresh(book),
  flush: async (writer, { book }) => await writer.persist(writer.create(Book, { title: 'unwanted', author: book.author })).flush(),
  'flush of a change': async (writer, { book }) => ((book.title = 'unwanted'), await writer.flush()),
  'flush of a collection': async (writer, { book }) => (book.tags.add(writer.create(Tag, { label: 'unwanted' })), await writer.flush()),
  insert: async (writer) => await writer.insert(Book, { title: 'unwanted', author: 1 }),
  insertMany: async (writer) => await writer.insertMany(Book, [{ title: 'unwanted', author: 1 }, { title: 'unwanted', author: 1 }]),
  upsert: async (writer) => await writer.upsert(Book, { id: 1, title: 'unwanted', author: 1 }),
  nativeUpdate: async (writer) => await writer.nativeUpdate(Book, {}, { title: 'unwanted' }),
  nativeDelete: async (writer) => await writer.nativeDelete(Book, {}),
  'execute()': async (writer) => await writer.execute(insertBook),
  'query builder: execute()': async (writer) => await writer.qb(Book).insert({ title: 'unwanted', author: 1 }).execute(),
  'query builder: getResult()': async (writer) => await writer.qb(Book).getResult(),
  'query builder: getSingleResult()': async (writer) => await writer.qb(Book).getSingleResult(),
  'query builder: getCount()': async (writer) => await writer.qb(Book).getCount(),
  'query builder: getResultAndCount()': async (writer) => await writer.qb(Book).getResultAndCount(),
  'query builder: a clone': async (writer) => await writer.qb(Book).clone().getResult(),
  'query builder: stream()': async (writer) => await drain(writer.qb(Book).stream()),
  'query builder: a stream of a clone': async (writer) => await drain(writer.qb(Book).clone().stream()),
  'stream()': async (writer) => await drain(writer.stream(Book, {})),
  'kysely: execute()': async (writer) => await kyselyOf(writer).updateTable('book').set({ title: 'unwanted' }).execute(),
  'kysely: stream()': async (writer) => await drain(kyselyOf(writer).selectFrom('book').selectAll().stream()),
  'kysely: a transaction': async (writer) =>
    await kyselyOf(writer).transaction().execute(async (trx) => await trx.updateTable('book').set({ title: 'unwanted' }).execute()),
  'kysely: a controlled transaction': async (writer) => {
    const trx = await kyselyOf(writer).startTransaction().execute()
    await trx.updateTable('book').set({ title: 'unwanted' }).execute()
    await trx.commit().execute()
  },
  'kysely: a connection': async (writer) => await kyselyOf(writer).connection().execute(async (db) => await db.updateTable('book').set({ title: 'unwanted' }).execute()),
  'getConnection().execute()': async (writer) => await writer.getConnection().execute(insertBook),
  'getConnection().transactional()': async (writer) => {
    const connection = writer.getConnection()
    await connection.transactional(async (trx) => await connection.execute(insertBook, [], 'run', trx as never))
  },
  'getConnection().begin()': async (writer) => {
    const connection = writer.getConnection()
    const trx = await connection.begin()
    await connection.execute(insertBook, [], 'run', trx as never)
    await connection.commit(trx as never)
  },
  'getConnection().stream()': async (writer) => await drain(writer.getConnection().stream('select * from book')),
  'getConnection().getClient()': async (writer) => await (writer.getConnection().getClient() as unknown as Kysely<Tables>).updateTable('book').set({ title: 'unwanted' }).execute(),
  'getDriver().nativeUpdate()': async (writer) => await writer.getDriver().nativeUpdate(Book, {}, { title: 'unwanted' }),
  'getDriver().execute()': async (writer) => await writer.getDriver().execute(insertBook),
  'getDriver().getConnection().execute()': async (writer) => await writer.getDriver().getConnection().execute(insertBook),
  'repository.findAll()': async (writer) => await writer.getRepository(Book).findAll(),
  'a fork: find': async (writer) => await writer.fork().find(Book, {}),
  'a fork: transactional()': async (writer) => await writer.fork().transactional(async (em) => await em.nativeUpdate(Book, {}, { title: 'unwanted' })),
}
