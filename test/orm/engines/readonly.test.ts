// A readonly engine refuses to write, whatever way is taken: in the session with a clear error, and past the session in the database.
import t, { type Test } from 'tap'
import { FlushMode, sql as mikroSql } from '@mikro-orm/core'
import type { EntityRepository, SqlEntityManager } from '@mikro-orm/sql'
import { sql as kyselySql } from 'kysely'
import { createSqlAssist, type Session } from 'fastify-sqlassist/orm'
import { postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { Book as Numbered, openLibrary } from '../entities/library.ts'
import { Book, errorOf, onPostgres, onSqlite, Shelf, untyped } from './library.ts'

interface Tables {
  shelf: { id: number; label: string }
}
type Reader = Session<SqlEntityManager>
type Attempt = (reader: Reader) => unknown

/** Refused by the session. */
const IN_THE_SESSION: Record<string, Attempt> = {
  'persist()': (reader) => reader.persist(new Book('new')),
  'persist() of an array': (reader) => reader.persist([new Book('new')]),
  'persistAndFlush()': async (reader) => await reader.persistAndFlush(new Book('new')),
  'remove()': (reader) => reader.remove(reader.getReference(Shelf, 1)),
  'removeAndFlush()': async (reader) => await reader.removeAndFlush(reader.getReference(Shelf, 1)),
  'insert()': async (reader) => await reader.insert(Shelf, { label: 'new' }),
  'insertMany()': async (reader) => await reader.insertMany(Shelf, [{ label: 'new' }]),
  'upsert()': async (reader) => await reader.upsert(Shelf, { id: 1, label: 'new' }),
  'upsertMany()': async (reader) => await reader.upsertMany(Shelf, [{ id: 1, label: 'new' }]),
  'nativeUpdate()': async (reader) => await reader.nativeUpdate(Shelf, { id: 1 }, { label: 'new' }),
  'nativeDelete()': async (reader) => await reader.nativeDelete(Shelf, { id: 1 }),
  'clone()': async (reader) => await (reader as unknown as { clone(entity: object): Promise<object> }).clone(await reader.findOneOrFail(Shelf, 1)),
  'flush() of a changed entity': async (reader) => {
    ;(await reader.findOneOrFail(Shelf, 1)).label = 'changed'
    await reader.flush()
  },
  'flush() of a collection with a new member': async (reader) => {
    const shelf = await reader.findOneOrFail(Shelf, 1, { populate: ['books'] })
    shelf.books.add(new Book('new'))
    await reader.flush()
  },
  'flush() of a collection that lost a member': async (reader) => {
    const shelf = await reader.findOneOrFail(Shelf, 1, { populate: ['books'] })
    shelf.books.removeAll()
    await reader.flush()
  },
  'commit() of a changed entity': async (reader) => {
    await reader.begin()
    ;(await reader.findOneOrFail(Shelf, 1)).label = 'changed'
    await reader.commit()
  },
  'transactional() with a changed entity': async (reader) => {
    await reader.transactional(async (em) => {
      ;(await em.findOneOrFail(Shelf, 1)).label = 'changed'
    })
  },
  'persist() inside transactional()': async (reader) => await reader.transactional((em) => void em.persist(new Book('new'))),
  'nativeUpdate() inside transactional(), on the outer session': async (reader) => {
    await reader.transactional(async () => await reader.nativeUpdate(Shelf, {}, { label: 'new' }))
  },
  'persist() in a fork': (reader) => reader.fork().persist(new Book('new')),
  'insert() of a repository': async (reader) => await reader.getRepository(Shelf).insert({ label: 'new' }),
  'a query builder that inserts': async (reader) => await reader.createQueryBuilder(Shelf).insert({ label: 'new' }).execute(),
  'a query builder that updates': async (reader) => await reader.createQueryBuilder(Shelf).update({ label: 'new' }).where({ id: 1 }).execute(),
  'a query builder that deletes': async (reader) => await reader.createQueryBuilder(Shelf).delete({ id: 1 }).execute(),
  'a query builder that truncates': async (reader) => await reader.createQueryBuilder(Shelf).truncate().execute(),
  'qb()': async (reader) => await reader.qb(Shelf).update({ label: 'new' }).execute(),
  'a query builder of a repository': async (reader) => {
    await (reader.getRepository(Shelf) as unknown as EntityRepository<Shelf>).qb().insert({ label: 'new' }).execute()
  },
  'execute() of an insert': async (reader) => await reader.execute(`insert into shelf (label) values ('new')`),
  'execute() of DDL': async (reader) => await reader.execute('create table sneaked (id int)'),
  'execute() of a drop': async (reader) => await reader.execute('drop table book'),
  'execute() of an insert that returns': async (reader) => await reader.execute(`insert into shelf (label) values ('new') returning id`),
  'execute() in a fork': async (reader) => await (reader.fork() as SqlEntityManager).execute(`update shelf set label = 'new'`),
  'kysely insert': async (reader) => await reader.getKysely<Tables>().insertInto('shelf').values({ id: 9, label: 'new' }).execute(),
  'kysely update': async (reader) => await reader.getKysely<Tables>().updateTable('shelf').set({ label: 'new' }).execute(),
  'kysely delete': async (reader) => await reader.getKysely<Tables>().deleteFrom('shelf').execute(),
  'kysely create table': async (reader) => await reader.getKysely<Tables>().schema.createTable('sneaked').addColumn('id', 'integer').execute(),
  'kysely drop table': async (reader) => await reader.getKysely<Tables>().schema.dropTable('book').execute(),
  'kysely create index': async (reader) => await reader.getKysely<Tables>().schema.createIndex('sneaked').on('shelf').column('label').execute(),
  'kysely update in a transaction': async (reader) => {
    await reader.getKysely<Tables>().transaction().execute(async (trx) => await trx.updateTable('shelf').set({ label: 'new' }).execute())
  },
}

/** Past the session: nobody but the database can refuse. */
const IN_THE_DATABASE: Record<string, Attempt> = {
  'the clone of a query builder': async (reader) => await reader.createQueryBuilder(Shelf).clone().insert({ label: 'new' }).execute(),
  'raw SQL through kysely': async (reader) => await kyselySql`insert into shelf (label) values ('new')`.execute(reader.getKysely<Tables>()),
  'kysely, a common table expression that writes': async (reader) => await kyselySql`update shelf set label = 'new' returning *`.execute(reader.getKysely<Tables>()),
  'the connection': async (reader) => await reader.getConnection().execute(`update shelf set label = 'new'`),
  'the write connection': async (reader) => await reader.getConnection('write').execute(`update shelf set label = 'new'`),
  'the connection, in a transaction': async (reader) => {
    await reader.getConnection().transactional(async (ctx) => await reader.getConnection().execute(`delete from book`, [], 'run', ctx))
  },
  'a stream of the connection': async (reader) => {
    const rows = (reader.getConnection() as unknown as { stream(sql: string): AsyncIterable<unknown> }).stream(`insert into shelf (label) values ('new') returning id`)
    for await (const row of rows) t.comment(`a row came back: ${JSON.stringify(row)}`)
  },
  'the driver': async (reader) => await reader.getDriver().nativeInsert(Shelf as never, { label: 'new' }),
  'a dump': async (reader) => await reader.getConnection().executeDump(`insert into shelf (label) values ('new')`),
  'the schema generator': async (reader) => await reader.getConnection().execute('alter table shelf add column sneaked int'),
}

/** And what still works. */
const READS: Record<string, (reader: Reader, t: Test) => Promise<unknown>> = {
  find: async (reader) => (await reader.find(Shelf, { label: 'poetry' })).length,
  'find with flushMode always, after a create()': async (reader) => {
    reader.create(Shelf, { label: 'only in memory' })
    return (await reader.find(Shelf, {}, { flushMode: FlushMode.ALWAYS })).length
  },
  populate: async (reader) => (await reader.findOneOrFail(Shelf, 1, { populate: ['books'] })).books.length,
  'a collection, later': async (reader) => (await (await reader.findOneOrFail(Shelf, 1)).books.loadItems()).length,
  count: async (reader) => await reader.count(Shelf),
  stream: async (reader) => {
    let rows = 0
    for await (const shelf of reader.stream(Shelf)) rows += shelf.label === 'poetry' ? 1 : 0
    return rows
  },
  'a query builder': async (reader) => (await reader.createQueryBuilder(Shelf, 's').select('*').where({ label: 'poetry' }).getResultList()).length,
  'its clone': async (reader) => (await reader.qb(Shelf, 's').clone().getResultList()).length,
  kysely: async (reader) => (await reader.getKysely<Tables>().selectFrom('shelf').selectAll().execute()).length,
  'raw SQL': async (reader) => (await reader.execute('select * from shelf')).length,
  'a raw fragment': async (reader) => await reader.count(Shelf, { [mikroSql`lower(label)`]: 'poetry' }),
  'transactional()': async (reader) => await reader.transactional(async (em) => await em.count(Shelf)),
  'begin() and commit()': async (reader) => {
    await reader.begin()
    const found = await reader.count(Shelf)
    await reader.commit()
    return found
  },
  'flush() with nothing changed': async (reader) => {
    const [book] = await reader.findAll(Book, { populate: ['shelf'] })
    await reader.flush()
    await reader.flush()
    return book!.shelf!.id
  },
  'flush() of a changed entity that was put back': async (reader) => {
    const shelf = await reader.findOneOrFail(Shelf, 1)
    shelf.label = 'changed'
    shelf.label = 'poetry'
    await reader.flush()
    return shelf.id
  },
  'a second flush() fails like the first': async (reader, t) => {
    const shelf = await reader.findOneOrFail(Shelf, 1)
    shelf.label = 'changed'
    for (const attempt of [1, 2]) t.equal((await errorOf(async () => await reader.flush())).code, 'SQLASSIST_READONLY_ENGINE', `flush ${attempt}`)
    await reader.refresh(shelf)
    await reader.flush()
    return shelf.label === 'poetry' ? 1 : 0
  },
}

const databases = {
  postgresql: async () => {
    const url = await postgresDatabase(t)
    return { writer: { config: onPostgres(url) }, reader: { config: onPostgres(url), readonly: true } } as const
  },
  sqlite: async () => {
    const file = sqliteFile(t)
    return { writer: { config: onSqlite(file) }, reader: { config: onSqlite(file), readonly: true } } as const
  },
}

for (const [database, engines] of Object.entries(databases)) {
  t.test(`readonly on ${database}`, async (t) => {
    await using sqlassist = await createSqlAssist({ engines: await engines() })
    await sqlassist.engine('writer').orm.schema.update()
    {
      await using session = sqlassist.session()
      session.writer.create(Shelf, { label: 'poetry', books: [{ title: 'Odes', lent: false, notes: { by: 'Keats', pages: [1, 2] }, boughtAt: new Date('2020-02-02T02:02:02Z') }] })
      await session.writer.flush()
    }
    const contents = async (): Promise<unknown> => {
      await using session = sqlassist.session()
      return await Promise.all([session.writer.execute('select * from shelf order by id'), session.writer.execute('select * from book order by id')])
    }
    const before = await contents()

    await t.test('refused by the session, with a clear error', async (t) => {
      for (const [way, attempt] of Object.entries(IN_THE_SESSION)) {
        await using session = sqlassist.session()
        const error = await errorOf(async () => await attempt(untyped(session.reader)))
        t.equal(error.code, 'SQLASSIST_READONLY_ENGINE', way)
        t.match(error.message, /^Engine 'reader' is readonly: .* is refused\. Write through a writable engine\./, way)
      }
    })

    await t.test('refused by the database', async (t) => {
      for (const [way, attempt] of Object.entries(IN_THE_DATABASE)) {
        await using session = sqlassist.session()
        const error = await errorOf(async () => await attempt(untyped(session.reader)))
        t.match(error.message, /read-?only/, way)
      }
      const error = await errorOf(async () => await sqlassist.engine('reader').orm.schema.execute('create table sneaked (id int)'))
      t.match(error.message, /read-?only/, 'the schema generator')
    })

    await t.test('the error of a raw statement keeps the one of the database', async (t) => {
      await using session = sqlassist.session()
      const error = await errorOf(async () => await session.reader.execute('delete from book'))
      t.match(error.cause, { code: database === 'sqlite' ? 'SQLITE_READONLY' : '25006' })
    })

    await t.test('an error that is not about writing stays as it is', async (t) => {
      await using session = sqlassist.session()
      t.match(await errorOf(async () => await session.reader.execute('select * from nowhere')), { name: 'TableNotFoundException' })
    })

    await t.test('reading works', async (t) => {
      for (const [way, read] of Object.entries(READS)) {
        await using session = sqlassist.session()
        t.equal(await read(untyped(session.reader), t), 1, way)
      }
    })

    t.same(await contents(), before, 'nothing has been written')
  })
}

t.test('flush() of a collection of which nothing but its own table says what is in it', async (t) => {
  const { reader, rows } = await openLibrary(t)
  const em = reader()
  const book = await em.findOneOrFail(Numbered, 1, { populate: ['tags'] })
  t.equal(book.tags.length, 1)
  book.tags.removeAll()
  const error = await errorOf(async () => await em.flush())
  t.equal(error.code, 'SQLASSIST_READONLY_ENGINE')
  t.match(error.message, /flush\(\) of a changed Book/)
  t.equal((await rows('select * from book_tags')).length, 1)
})
