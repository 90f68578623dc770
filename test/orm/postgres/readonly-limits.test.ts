// What PostgreSQL's read-only transactions stop and what they do not: docs/engines.md says so, and recommends a role.
import t from 'tap'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import { asSuperuser, postgresDatabase } from '../../support/databases.ts'
import { errorOf, onPostgres, Shelf, untyped } from '../engines/library.ts'

const url = await postgresDatabase(t)
{
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onPostgres(url) } } })
  await sqlassist.engine().orm.schema.update()
  await using session = sqlassist.session()
  session.writer.create(Shelf, { label: 'poetry' })
  await session.writer.flush()
}

t.test('stopped', async (t) => {
  await using sqlassist = await createSqlAssist({ engines: { reader: { config: onPostgres(url), readonly: true } } })
  const statements = [`select nextval('shelf_id_seq')`, 'select * from shelf for update', 'create temporary table scratch (id int)', 'truncate book']
  for (const statement of statements) {
    await using session = sqlassist.session()
    const error = await errorOf(async () => await session.reader.execute(statement))
    t.equal(error.code, 'SQLASSIST_READONLY_ENGINE', statement)
  }
})

t.test('not stopped: whoever runs raw SQL can switch it off, and the next user of the connection finds it off', async (t) => {
  await using sqlassist = await createSqlAssist({ engines: { reader: { config: onPostgres(url, { pool: { max: 1 } }), readonly: true } } })
  {
    await using session = sqlassist.session()
    await session.reader.execute('set default_transaction_read_only = off')
  }
  await using later = sqlassist.session()
  await later.reader.execute(`insert into shelf (label) values ('written on purpose')`)
  t.equal((await errorOf(() => untyped(later.reader).persist(new Shelf()))).code, 'SQLASSIST_READONLY_ENGINE', 'the session still refuses')
  t.equal(await later.reader.count(Shelf, { label: 'written on purpose' }), 1)
})

t.test('not stopped: set transaction read write', async (t) => {
  await using sqlassist = await createSqlAssist({ engines: { reader: { config: onPostgres(url), readonly: true } } })
  await using session = sqlassist.session()
  await session.reader.begin()
  await session.reader.execute('set transaction read write')
  await session.reader.execute(`insert into shelf (label) values ('also on purpose')`)
  await session.reader.rollback()
  t.equal(await session.reader.count(Shelf, { label: 'also on purpose' }), 0)
})

t.test('not stopped: what writes no rows', async (t) => {
  await using sqlassist = await createSqlAssist({ engines: { reader: { config: onPostgres(url), readonly: true } } })
  await using session = sqlassist.session()
  for (const statement of ['vacuum shelf', 'reindex table shelf', 'select pg_advisory_xact_lock(1)', `notify library, 'hello'`]) {
    t.type(await session.reader.execute(statement), 'object', statement)
  }
})

t.test('a role that may only SELECT is a boundary', async (t) => {
  const role = `reader_${new URL(url).pathname.slice(1)}`
  await asSuperuser(url, `create role ${role} login password 'only-reads'`)
  t.teardown(async () => await asSuperuser(url, `drop owned by ${role}; drop role ${role}`))
  await asSuperuser(url, `grant select on all tables in schema public to ${role}`)
  const limited = new URL(url)
  limited.username = role
  limited.password = 'only-reads'
  await using sqlassist = await createSqlAssist({ engines: { reader: { config: onPostgres(limited.href), readonly: true } } })
  await using session = sqlassist.session()
  t.ok(await session.reader.count(Shelf) > 0)
  await session.reader.execute('set default_transaction_read_only = off')
  const error = await errorOf(async () => await session.reader.execute(`insert into shelf (label) values ('x')`))
  t.match(error, { code: '42501', message: /permission denied/ })
})

t.test('the start-up packet carries it: no statement is sent for it', async (t) => {
  const statements: string[] = []
  const config = onPostgres(url, { debug: ['query'], logger: (line) => void statements.push(line), colors: false })
  await using sqlassist = await createSqlAssist({ engines: { reader: { config, readonly: true } } })
  await using session = sqlassist.session()
  await session.reader.execute('select 1 as one')
  t.equal(statements.length, 1)
})
