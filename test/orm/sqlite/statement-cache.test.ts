// SQLite prepares a statement of MikroORM once, and is given its values beside it.
import { defineConfig, type SqlEntityManager } from '@mikro-orm/sqlite'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { sqliteFile } from '../../support/databases.ts'
import { FULL } from '../../support/size.ts'
import { randomValue } from '../binding/fixtures/values.ts'
import { compareWithLiterals } from '../binding/fixtures/compared.ts'
import { SQLITE_STATEMENTS } from '../binding/fixtures/sqlite-statements.ts'
import { assist, sqlite } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'

const TABLE = `create table sample (id integer primary key, name text unique, small integer, price numeric, ratio real, data text, bytes blob, anything)`
const ROWS = `insert into sample values (1, 'a', 1, 1.5, 0.1, '{"a":1}', X'616263', 5), (2, 'it''s', 5, 5, 1.5, '{"a":{"b":[1,null]}}', X'', '5'), (3, null, null, null, null, null, null, null), (5, 'x', -5, -1.5, -1.0, '"a"', X'00', 5.0)`

async function sessionWith(t: Test, preparedStatements: boolean): Promise<SqlEntityManager> {
  const db = await createSqlAssist({ engines: { writer: { config: defineConfig({ dbName: sqliteFile(t), entities: [], discovery: { warnWhenNoEntities: false } }), preparedStatements } } })
  const session = db.session()
  t.teardown(async () => (await session.close(), await db.dispose()))
  const { writer } = session as unknown as { writer: SqlEntityManager }
  for (const sql of [TABLE, ROWS]) await writer.execute(sql)
  return writer
}

/** What comes of a statement, and what it has made of the table; it is undone. */
async function outcome(em: SqlEntityManager, sql: string, params: readonly unknown[]): Promise<unknown> {
  await em.begin()
  try {
    const rows: unknown = await em.execute(sql, [...params])
    const left: unknown = await em.execute('select id, typeof(name) n, quote(name), typeof(small) s, quote(small), typeof(price) p, quote(price), typeof(ratio) r, quote(ratio), quote(data), quote(bytes), typeof(anything) a, quote(anything) from sample order by id')
    return JSON.stringify({ rows, left })
  } catch (error) {
    return (error as Error).message
  } finally {
    await em.rollback()
  }
}

t.test('every statement with every kind of value does what it does with literals', async (t) => {
  await compareWithLiterals(t, {
    bound: await sessionWith(t, true),
    literal: await sessionWith(t, false),
    statements: SQLITE_STATEMENTS,
    rounds: FULL ? 200 : 5,
    params: (sql, random) => Array.from({ length: sql.split('?').length - 1 }, () => randomValue(random)),
    outcome,
    hasRows: (one) => String(one).startsWith('{"rows"'),
    same: (expected, found) => expected === found,
  })
})

t.test('the table may change between two uses, and a stream may end early', async (t) => {
  const database = await sqlite(t)
  const db = await assist(t, { writer: { config: database.config() } })
  await using session = db.session()
  const writer = session.get('writer') as unknown as SqlEntityManager
  writer.create(Author, { name: 'Ada' } as never)
  await writer.flush()
  const find = async (): Promise<unknown> => await writer.execute('select * from author where name = ?', ['Ada'])
  t.strictSame(await find(), [{ id: 1, name: 'Ada' }])
  await writer.execute('alter table author add column born integer')
  t.strictSame(await find(), [{ id: 1, name: 'Ada', born: null }])
  await writer.execute('alter table author drop column born')
  t.strictSame(await find(), [{ id: 1, name: 'Ada' }])
  for await (const author of writer.stream(Author, { where: { name: 'Ada' } })) {
    t.match(author, { name: 'Ada' })
    break
  }
  for await (const author of writer.stream(Author, { where: { name: 'Ada' } })) t.match(author, { name: 'Ada' })
})

t.test('the file may be opened anew', async (t) => {
  const database = await sqlite(t)
  const db = await assist(t, { writer: { config: database.config() } })
  await using session = db.session()
  const writer = session.get('writer') as unknown as SqlEntityManager
  const find = async (): Promise<unknown> => await writer.execute('select name from author where id > ?', [0])
  t.strictSame([await find(), await find()], [[], []])
  await db.reinitEngine('writer')
  t.strictSame(await find(), [])
})
