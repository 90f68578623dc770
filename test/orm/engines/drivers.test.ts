// Drivers that we know little of: MikroORM has more than we can promise anything for.
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { AbstractSqlDriver, AbstractSqlPlatform, BaseSqliteConnection, NodeSqliteDialect, SqlitePlatform } from '@mikro-orm/sql'
import { PostgreSqlDriver } from '@mikro-orm/postgresql'
import { PostgresDialect } from 'kysely'
import pg from 'pg'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import { postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { dialectOf } from '../../../orm/engines/dialect.ts'
import { entityManagerClassOf } from '../../../orm/engines/driver-entity-manager.ts'
import { Book, disconnected, errorOf, onPostgres, recordingLogger, Shelf } from './library.ts'

class OracleOfDelphiDriver extends AbstractSqlDriver {
  constructor() {
    super({} as never, AbstractSqlPlatform as never, class {} as never, [])
  }
}
class TimescaleDriver extends PostgreSqlDriver {}

/** Writes to a file that is named in an option of its own. */
class NotebookDriver extends AbstractSqlDriver {
  constructor(config: never) {
    super(config, new SqlitePlatform(), NotebookConnection, ['kysely'])
  }
}
class NotebookConnection extends BaseSqliteConnection {
  override createKyselyDialect(options: object): NodeSqliteDialect {
    return new NodeSqliteDialect((options as { notebook: string }).notebook)
  }
}

t.test('readonly needs a database that we can make refuse', async (t) => {
  const config = { driver: OracleOfDelphiDriver as never, dbName: 'x', entities: [Shelf] }
  const error = await errorOf(async () => await createSqlAssist({ engines: { reader: { config, readonly: true } } }))
  t.equal(error.code, 'SQLASSIST_DRIVER_UNSUPPORTED')
  t.match(error.message, /^Engine 'reader' uses OracleOfDelphiDriver, and how to make its connections read-only is not known: .* may only SELECT/)
})

t.test('a driver of your own gets its options as they were given, and has sessions like any other', async (t) => {
  const notebook = sqliteFile(t)
  const config = { driver: NotebookDriver as never, dbName: 'notebook', entities: [Shelf, Book], driverOptions: { notebook } }
  await using sqlassist = await createSqlAssist({ engines: { notes: { config } } })
  await sqlassist.engine('notes').orm.schema.create()
  await using session = sqlassist.session()
  await session.notes.persistAndFlush(new Book('Odes'))
  using file = new DatabaseSync(notebook, { readOnly: true })
  t.strictSame(file.prepare('select title from book').all().map(({ title }) => title), ['Odes'])
})

t.test('what a driver of your own has written in a transaction is not known, so that it is committed', async (t) => {
  const notebook = sqliteFile(t)
  const config = { driver: NotebookDriver as never, dbName: 'notebook', entities: [Shelf, Book], driverOptions: { notebook } }
  await using sqlassist = await createSqlAssist({ engines: { notes: { config } } })
  await sqlassist.engine('notes').orm.schema.create()
  await sqlassist.transaction(async ({ notes }) => void (await notes.insert(Book, { title: 'Odes', lent: false })))
  const failing = sqlassist.transaction(async ({ notes }) => {
    await notes.insert(Book, { title: 'Epodes', lent: false })
    throw new Error('no')
  })
  await t.rejects(failing, { message: 'no' })
  using file = new DatabaseSync(notebook, { readOnly: true })
  t.strictSame(file.prepare('select title from book').all().map(({ title }) => title), ['Odes'])
})

t.test('a ready-made kysely for PostgreSQL has connections that we cannot make read-only', async (t) => {
  const url = await postgresDatabase(t)
  const pool = new pg.Pool({ connectionString: url })
  const config = onPostgres(url, { driverOptions: new PostgresDialect({ pool }) })
  const error = await errorOf(async () => await createSqlAssist({ engines: { reader: { config, readonly: true } } }))
  t.equal(error.code, 'SQLASSIST_DRIVER_UNSUPPORTED')
  t.match(error.message, /Engine 'reader' uses a ready-made kysely, .* pass driver options instead/)
  const sqlassist = await createSqlAssist({ engines: { writer: { config } } })
  {
    await using session = sqlassist.session()
    t.same(await session.writer.execute('select 1 as one'), [{ one: 1 }], 'a writable engine may have one')
  }
  t.equal(sqlassist.stats()['writer']!.pool, null)
  await sqlassist.dispose()
  t.ok(await disconnected(url))
})

t.test('a pool that the application has ended before us is reported, and no reason to fail', async (t) => {
  const url = await postgresDatabase(t)
  const pool = new pg.Pool({ connectionString: url })
  const logger = recordingLogger()
  const sqlassist = await createSqlAssist({ engines: { writer: { config: onPostgres(url, { driverOptions: new PostgresDialect({ pool }) }) } }, logger })
  {
    await using session = sqlassist.session()
    await session.writer.execute('select 1')
  }
  await pool.end()
  await sqlassist.dispose()
  t.match(logger.lines.filter(({ level }) => level === 'error'), [{ context: { engine: 'writer', err: Error }, message: "Engine 'writer' could not be closed cleanly" }])
})

t.test('a driver that extends one that we know is like it', async (t) => {
  t.equal(dialectOf(TimescaleDriver as never), 'postgresql')
  t.equal(dialectOf(OracleOfDelphiDriver as never), 'other')
  t.equal(dialectOf(undefined as never), 'other')
  t.equal(entityManagerClassOf({ driver: TimescaleDriver }), entityManagerClassOf({ driver: PostgreSqlDriver }))
  const url = await postgresDatabase(t)
  await using sqlassist = await createSqlAssist({ engines: { reader: { config: { ...onPostgres(url), driver: TimescaleDriver as never }, readonly: true } } })
  await using session = sqlassist.session()
  t.same(await (session.reader as unknown as { execute(sql: string): Promise<unknown> }).execute('show default_transaction_read_only'), [{ default_transaction_read_only: 'on' }])
})
