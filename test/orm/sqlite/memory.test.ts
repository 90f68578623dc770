// Engines on :memory:, which is a database of its own for each connection, unless they share a dialect.
import { createRequire } from 'node:module'
import { Kysely, SqliteDialect, type SqliteDatabase } from 'kysely'
import t from 'tap'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import { sqliteFile } from '../../support/databases.ts'
import { errorOf, onSqlite, Shelf, untyped } from '../engines/library.ts'

/** The driver's own dependency, as an application would install it beside. */
const Database = createRequire(import.meta.resolve('@mikro-orm/sqlite'))('better-sqlite3') as new (file: string) => SqliteDatabase

const makeDialect = (): SqliteDialect => new SqliteDialect({ database: new Database(':memory:') })

async function drain(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const row of rows) void row
}

t.test('one engine in memory', async (t) => {
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onSqlite(':memory:') }, other: { config: onSqlite(sqliteFile(t)) } } })
  await sqlassist.engine().orm.schema.create()
  await using session = sqlassist.session()
  session.writer.create(Shelf, { label: 'poetry' })
  await session.writer.flush()
  t.equal(await session.writer.count(Shelf), 1)
})

t.test('a readonly one refuses to write, in the database too', async (t) => {
  await using sqlassist = await createSqlAssist({ engines: { reader: { config: onSqlite(':memory:'), readonly: true } } })
  await using session = sqlassist.session()
  t.equal((await errorOf(async () => await session.reader.execute('create table sneaked (id int)'))).code, 'SQLASSIST_READONLY_ENGINE')
  t.match(await errorOf(async () => await session.reader.getConnection().execute('create table sneaked (id int)')), { message: /readonly/ })
})

t.test('two of them would be two databases', async (t) => {
  for (const name of [':memory:', '', ' :memory: ', 'file::memory:?cache=shared', 'file:shared?mode=memory&cache=shared']) {
    const error = await errorOf(async () => {
      await createSqlAssist({ engines: { writer: { config: onSqlite(':memory:') }, reader: { config: onSqlite(name), readonly: true } } })
    })
    t.equal(error.code, 'SQLASSIST_SQLITE_MEMORY', `'${name}'`)
    t.match(error.message, /'writer' and 'reader' use ':memory:'/)
  }
  const error = await errorOf(async () => {
    await createSqlAssist({ engines: { writer: { config: onSqlite(':memory:', { driverOptions: makeDialect() }) }, reader: { config: onSqlite(':memory:', { driverOptions: makeDialect() }), readonly: true } } })
  })
  t.equal(error.code, 'SQLASSIST_SQLITE_MEMORY', 'two dialects')
})

t.test('two of them on one dialect share a database', async (t) => {
  const dialect = makeDialect()
  const config = (): ReturnType<typeof onSqlite> => onSqlite(':memory:', { driverOptions: dialect })
  const sqlassist = await createSqlAssist({ engines: { writer: { config: config() }, reader: { config: config(), readonly: true } } })
  await sqlassist.engine('writer').orm.schema.create()
  const session = sqlassist.session()
  session.writer.create(Shelf, { label: 'poetry' })
  await session.writer.flush()
  t.equal(await session.reader.count(Shelf), 1)

  await t.test('the reader cannot write', async (t) => {
    const reader = untyped(session.reader)
    const connection = reader.getConnection() as unknown as { execute(sql: string): Promise<unknown>; stream(sql: string): AsyncIterable<unknown> }
    const write = `insert into shelf (label) values ('sneaked') returning id`
    t.equal((await errorOf(async () => await reader.execute(write))).code, 'SQLASSIST_READONLY_ENGINE')
    t.match(await errorOf(async () => await connection.execute(write)), { message: /readonly/ })
    t.match(await errorOf(async () => await reader.getDriver().nativeInsert(Shelf as never, { label: 'sneaked' })), { message: /readonly/ })
    t.match(await errorOf(async () => await drain(connection.stream(write))), { message: /readonly/ }, 'nor by a stream')
    t.match(await errorOf(async () => await connection.execute('pragma query_only = off; insert into shelf (label) values (1)')), { message: /more than one statement/ })
    await connection.execute('pragma query_only = off')
    t.match(await errorOf(async () => await connection.execute(write)), { message: /readonly/ }, 'a pragma changes nothing')
    t.equal(await reader.count(Shelf), 1)
  })

  await t.test('the reader can stream, and the writer can write meanwhile', async (t) => {
    const labels: string[] = []
    for await (const shelf of untyped(session.reader).stream(Shelf)) {
      labels.push(shelf.label)
      await session.writer.insert(Shelf, { label: 'written while it streams' })
    }
    t.same(labels, ['poetry'])
    t.equal(await session.reader.count(Shelf), 2)
  })

  await t.test('statements of both, one after the other without waiting', async (t) => {
    const connection = session.reader.getConnection()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, async (_, index) =>
        index % 2 === 0 ? await session.writer.execute(`insert into shelf (label) values ('interleaved')`) : await connection.execute(`insert into shelf (label) values ('sneaked')`),
      ),
    )
    t.same(outcomes.map(({ status }) => status), Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? 'fulfilled' : 'rejected')))
    t.equal(await session.reader.count(Shelf, { label: 'interleaved' }), 25)
    t.equal(await session.reader.count(Shelf, { label: 'sneaked' }), 0)
  })

  await session.close()
  await sqlassist.dispose()
})

t.test('a ready-made Kysely instance works for a writer; a readonly engine needs the dialect', async (t) => {
  const kysely = new Kysely({ dialect: makeDialect() })
  const config = onSqlite(':memory:', { driverOptions: kysely })
  const error = await errorOf(async () => await createSqlAssist({ engines: { reader: { config, readonly: true } } }))
  t.equal(error.code, 'SQLASSIST_DRIVER_UNSUPPORTED')
  t.match(error.message, /Engine 'reader' uses a ready-made Kysely instance, .* pass its dialect as 'driverOptions'/)
  await using sqlassist = await createSqlAssist({ engines: { writer: { config }, audit: { config: onSqlite(':memory:', { driverOptions: kysely }) } } })
  await sqlassist.engine().orm.schema.create()
  await using session = sqlassist.session()
  session.writer.create(Shelf, { label: 'poetry' })
  await session.writer.flush()
  t.equal(await session.audit.count(Shelf), 1)
})

t.test('a function that makes something ready is asked at the first connection', async (t) => {
  const kysely = new Kysely({ dialect: makeDialect() })
  await using sqlassist = await createSqlAssist({ engines: { reader: { config: onSqlite(':memory:', { driverOptions: () => kysely } as never), readonly: true } } })
  await using session = sqlassist.session()
  t.equal((await errorOf(async () => await session.reader.count(Shelf))).code, 'SQLASSIST_DRIVER_UNSUPPORTED')
})
