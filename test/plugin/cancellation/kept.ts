// What a handler may have kept in its hands when its request is over, and what it could still try with it.
import { wrap } from '@mikro-orm/core'
import { sql } from 'kysely'
import { Author, Book, Tag } from './model.ts'
import type { Writer } from './service.ts'
import { insertBook, kyselyOf, plunder } from './statements.ts'

export type Uses = Readonly<Record<string, () => unknown>>

const row = { title: 'unwanted', author: 1 }
const kyselyRow = { title: 'unwanted', author_id: 1 }

/** Each takes some things in hand while the session is open, and tells what can be done with them. */
export const kept: Readonly<Record<string, (writer: Writer) => Promise<Uses>>> = {
  'the session': async (writer) => ({
    find: () => writer.find(Book, {}),
    findByCursor: () => writer.findByCursor(Book, { first: 1, orderBy: { id: 'asc' } }),
    findAndCount: () => writer.findAndCount(Book, {}),
    countBy: () => writer.countBy(Book, 'author'),
    insertMany: () => writer.insertMany(Book, [row]),
    upsertMany: () => writer.upsertMany(Book, [{ id: 1, ...row }]),
    transactional: () => writer.transactional(async (em) => await em.insert(Book, row)),
    begin: () => writer.begin(),
    execute: () => writer.execute(insertBook),
    getKysely: () => writer.getKysely(),
    getConnection: () => writer.getConnection(),
    getDriver: () => writer.getDriver(),
    fork: () => writer.fork(),
  }),
  entities: async (writer) => {
    const { book, author } = await plunder(writer)
    const loaded = await writer.fork().findOneOrFail(Author, { name: 'Joyce' }, { populate: ['books'] })
    return {
      'collection.init()': () => author.books.init(),
      'collection.load()': () => author.books.load(),
      'collection.loadItems()': () => author.books.loadItems(),
      'collection.loadCount()': () => author.books.loadCount(),
      'collection.matching()': () => author.books.matching({ where: { title: 'Ulysses' } }),
      'init() of a collection that is loaded': () => loaded.books.init(),
      'load({ refresh }) of a collection that is loaded': () => loaded.books.load({ refresh: true }),
      'loadCount({ refresh }) of a collection that is loaded': () => loaded.books.loadCount({ refresh: true }),
      'init() through a pivot table': () => book.tags.init(),
      'load() through a pivot table': () => book.tags.load(),
      'loadCount() through a pivot table': () => book.tags.loadCount(),
      'matching() through a pivot table': () => book.tags.matching({}),
      'reference.load()': () => book.author.load(),
      'reference.loadOrFail()': () => book.author.loadOrFail(),
      'wrap().init()': () => wrap(book).init(),
      'wrap().populate()': () => wrap(book as Book).populate(['tags']),
    }
  },
  'the connection and the driver': async (writer) => {
    const [connection, driver] = [writer.getConnection(), writer.getDriver()]
    const [client, driversConnection] = [connection.getClient(), driver.getConnection()]
    const driversBuilder = driver.createQueryBuilder(Book)
    return {
      'connection.execute()': () => connection.execute(insertBook),
      'connection.begin()': () => connection.begin(),
      'connection.transactional()': () => connection.transactional(async () => {}),
      'connection.stream()': () => connection.stream('select 1').next(),
      'connection.getClient()': () => connection.getClient(),
      'connection.getNativeClient()': () => connection.getNativeClient(),
      'connection.executeDump()': () => connection.executeDump(insertBook),
      'a client taken from it': () => client.executeQuery(sql`select 1`.compile(client)),
      'driver.find()': () => driver.find(Book, {}),
      'driver.nativeInsert()': () => driver.nativeInsert(Book, { title: 'unwanted', author: 1 } as never),
      'driver.execute()': () => driver.execute(insertBook),
      'driver.count()': () => driver.count(Book, {}),
      'driver.getConnection()': () => driver.getConnection(),
      'driver.createQueryBuilder()': () => driver.createQueryBuilder(Book),
      'a connection taken from it': () => driversConnection.execute(insertBook),
      'a query builder taken from it': () => driversBuilder.insert(row).execute(),
    }
  },
  'query builders': async (writer) => {
    const builder = writer.qb(Book)
    const [copy, inserting] = [builder.clone(), writer.qb(Book).insert(row)]
    return {
      'execute()': () => inserting.execute(),
      'getResult()': () => builder.getResult(),
      'getResultList()': () => builder.getResultList(),
      'getSingleResult()': () => builder.getSingleResult(),
      'getCount()': () => builder.getCount(),
      'getResultAndCount()': () => builder.getResultAndCount(),
      'stream()': () => builder.stream().next(),
      'a clone made before': () => copy.getResult(),
      'a clone made now': () => builder.clone().getResult(),
    }
  },
  kysely: async (writer) => {
    const kysely = kyselyOf(writer)
    const builder = kysely.insertInto('book').values(kyselyRow)
    const compiled = builder.compile()
    const [copy, schema] = [kysely.withSchema('public'), kysely.schema]
    return {
      'execute()': () => kysely.selectFrom('book').selectAll().execute(),
      'stream()': () => kysely.selectFrom('book').selectAll().stream().next(),
      'a query builder': () => builder.execute(),
      'a compiled query': () => kysely.executeQuery(compiled),
      'a compiled query, of a copy': () => copy.executeQuery(compiled),
      'a compiled query, of a copy made now': () => kysely.withoutPlugins().executeQuery(compiled),
      'raw SQL': () => sql`select 1`.execute(kysely),
      'a schema builder': () => schema.createTable('unwanted').addColumn('id', 'integer').execute(),
      'transaction()': () => kysely.transaction().execute(async () => {}),
      'startTransaction()': () => kysely.startTransaction().execute(),
      'connection()': () => kysely.connection().execute(async () => {}),
    }
  },
  'a transaction of the session': async (writer) => {
    await writer.begin()
    const [kysely, builder] = [kyselyOf(writer), writer.qb(Book).insert(row)]
    const compiled = kysely.insertInto('book').values(kyselyRow).compile()
    const copy = kysely.withSchema('public')
    await writer.insert(Book, row)
    return {
      commit: () => writer.commit(),
      rollback: () => writer.rollback(),
      flush: () => writer.flush(),
      insert: () => writer.insert(Tag, { label: 'unwanted' }),
      'a query builder': () => builder.execute(),
      kysely: () => kysely.selectFrom('book').selectAll().execute(),
      'a compiled query': () => kysely.executeQuery(compiled),
      'a compiled query, of a copy': () => copy.executeQuery(compiled),
      'a compiled query, of a copy made now': () => kysely.withoutPlugins().executeQuery(compiled),
      'a stream of kysely': () => kysely.withoutPlugins().selectFrom('book').selectAll().stream().next(),
    }
  },
  'a transaction of kysely': async (writer) => {
    const trx = await kyselyOf(writer).startTransaction().execute()
    const compiled = trx.insertInto('book').values(kyselyRow).compile()
    await trx.executeQuery(compiled)
    return {
      'execute()': () => trx.selectFrom('book').selectAll().execute(),
      'a compiled query': () => trx.executeQuery(compiled),
      'a savepoint': () => trx.savepoint('late').execute(),
      commit: () => trx.commit().execute(),
      rollback: () => trx.rollback().execute(),
    }
  },
  'a transaction of the connection': async (writer) => {
    const connection = writer.getConnection()
    const trx = (await connection.begin()) as never
    await connection.execute(insertBook, [], 'run', trx)
    return {
      'execute()': () => connection.execute(insertBook, [], 'run', trx),
      'a savepoint': () => connection.begin({ ctx: trx }),
      commit: () => connection.commit(trx),
      rollback: () => connection.rollback(trx),
    }
  },
  'a stream': async (writer) => await begun(writer.stream(Book, { options: { chunkSize: 1 } } as never)),
  'a stream of a query builder': async (writer) => await begun(writer.qb(Book).stream({ chunkSize: 1 })),
  'a stream of the connection': async (writer) => await begun(writer.getConnection().stream('select * from book', [], undefined, undefined, 1)),
  'a stream of kysely': async (writer) => await begun(kyselyOf(writer).selectFrom('book').selectAll().stream({ chunkSize: 1 })),
  'a stream of kysely, in a transaction of the session': async (writer) => {
    await writer.begin()
    return await begun(kyselyOf(writer).selectFrom('book').selectAll().stream({ chunkSize: 1 }))
  },
  'a stream of kysely, in a transaction of its own': async (writer) => {
    const trx = await kyselyOf(writer).startTransaction().execute()
    return { ...(await begun(trx.selectFrom('book').selectAll().stream({ chunkSize: 1 }))), commit: () => trx.commit().execute() }
  },
}

/** A stream of which a row has been read, and more are to come. */
async function begun(rows: AsyncIterableIterator<unknown>): Promise<Uses> {
  await rows.next()
  return { 'next()': () => rows.next() }
}
