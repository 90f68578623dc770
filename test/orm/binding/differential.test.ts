// A statement whose values go beside it means what it does with literals in its text: the same rows, of the same types, or the same error.
import { defineConfig } from '@mikro-orm/postgresql'
import type { SqlEntityManager } from '@mikro-orm/sql'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { asSuperuser, postgresDatabase } from '../../support/databases.ts'
import { FULL } from '../../support/size.ts'
import { compareWithLiterals } from './fixtures/compared.ts'
import { POSTGRES_STATEMENTS } from './fixtures/postgres-statements.ts'
import { randomValue } from './fixtures/values.ts'

const url = await postgresDatabase(t)
await asSuperuser(url, `
  create type mood as enum ('a', 'b');
  create table sample (id int primary key, name text, small smallint, big bigint, price numeric(10, 2), ratio float8, ok bool, at timestamptz, day date, data jsonb, tags text[], bytes bytea, mood mood, code uuid);
  create unique index on sample (name) where ok = true;
  insert into sample values (1, 'a', 1, 10, 1.50, 0.1, true, '2024-02-29T12:34:56.789Z', '2024-02-29', '{"a": 1}', '{a,b}', '\\x616263', 'a', '0190c8a0-8b5e-7cc0-b5e0-4a2f3c3d4e5f'),
    (2, 'it''s', 5, 9007199254740993, 5, 1.5, false, '1970-01-01', '1970-01-01', '{"a": {"b": [1, null]}}', '{}', '', 'b', null), (3, null, null, null, null, null, null, null, null, null, null, null, null, null),
    (5, 'x', -5, -5, -1.5, -1, true, now(), now(), '"a"', '{"it''s"}', '\\x00', null, null);
`)

async function sessionWith(t: Test, preparedStatements: boolean): Promise<SqlEntityManager> {
  const db = await createSqlAssist({ engines: { writer: { config: defineConfig({ clientUrl: url, entities: [], discovery: { warnWhenNoEntities: false }, timezone: 'Z' }), preparedStatements } } })
  const session = db.session()
  t.teardown(async () => (await session.close(), await db.dispose()))
  return (session as unknown as { writer: SqlEntityManager }).writer
}

/** What comes of a statement, and leaves nothing behind. */
async function outcome(em: SqlEntityManager, sql: string, params: readonly unknown[]): Promise<unknown> {
  await em.begin()
  try {
    const rows: unknown = await em.execute(sql, [...params])
    return { rows, types: typesOf(rows) }
  } catch (error) {
    const { code, name, message } = error as Error & { code?: string }
    return { code, name, message: message.replaceAll(/\$\d+/g, '$n') }
  } finally {
    await em.rollback()
  }
}

/** Of two errors in one statement the server finds that in a literal first, and that in a parameter last. */
function bothAreWrong(...outcomes: readonly unknown[]): boolean {
  return outcomes.every((one) => /^(?:22|42)/.test((one as { code?: string }).code ?? ''))
}

/** What JavaScript has made of them. */
function typesOf(rows: unknown): unknown {
  return Array.isArray(rows) ? rows.map((row: unknown) => Object.entries(row ?? {}).map(([name, value]: [string, unknown]) => `${name}: ${typeof value} ${Object.prototype.toString.call(value)}`)) : typeof rows
}

t.test('every statement with every kind of value', async (t) => {
  await compareWithLiterals(t, {
    bound: await sessionWith(t, true),
    literal: await sessionWith(t, false),
    statements: POSTGRES_STATEMENTS,
    rounds: FULL ? 100 : 4,
    params: (sql, random) => Array.from({ length: (sql.match(/\?\??/g) ?? []).length }, (_, index) => (sql.split('?')[index]!.endsWith('??') ? 'name' : randomValue(random))),
    outcome,
    hasRows: (one) => 'rows' in (one as object),
    same: (expected, found) => JSON.stringify(expected) === JSON.stringify(found) || bothAreWrong(expected, found),
  })
})
