// The library on both databases, as an application has it: a writable and a readonly engine.
import type { EntityManager, EntityName } from '@mikro-orm/core'
import { defineConfig as postgres } from '@mikro-orm/postgresql'
import { defineConfig as sqlite } from '@mikro-orm/sqlite'
import { createSqlAssist, defineEngines, type SqlAssist } from 'fastify-sqlassist/orm'
import type { Test } from 'tap'
import { postgresDatabase, sqliteFile } from '../../../../support/databases.ts'

type Teardown = Parameters<typeof postgresDatabase>[0]

export const DATABASES = ['postgresql', 'sqlite'] as const
export type DatabaseName = (typeof DATABASES)[number]

/** One application of the tests. */
export interface Application {
  readonly database: DatabaseName
  readonly db: SqlAssist
  /** The statements run so far, values inlined; empty it to begin again. */
  readonly statements: string[]
  readonly writer: EntityManager
  readonly reader: EntityManager
}

const NO_COLOURS = /\[\d+m/g

/** An application with the tables of some entities, on one database. */
// oxlint-disable-next-line typescript/no-explicit-any -- entities of any class
export async function application(t: Teardown, database: DatabaseName, entities: EntityName<any>[]): Promise<Application> {
  const statements: string[] = []
  const log = { debug: ['query' as const], colors: false, logger: (line: string) => void statements.push(line.replaceAll(NO_COLOURS, '').replace(/^\[query\] /, '').replace(/ \[took.*$/, '')) }
  const shared = { entities, ...log }
  const dbName = sqliteFile(t)
  const config = database === 'postgresql' ? postgres({ ...shared, clientUrl: await postgresDatabase(t) }) : sqlite({ ...shared, dbName })
  const engines = defineEngines({ writer: { config: config as never, default: true }, reader: { config: config as never, readonly: true } })
  const db = (await createSqlAssist({ engines })) as unknown as SqlAssist
  t.teardown(async () => await db.dispose())
  await db.engine('writer').orm.schema.create()
  const session = db.session()
  t.teardown(async () => await session.close())
  statements.length = 0
  return { database, db, statements, writer: session.writer, reader: session.reader }
}

/** One test on each database. */
// oxlint-disable-next-line typescript/no-explicit-any -- as above
export function onEachDatabase(t: Test, name: string, entities: EntityName<any>[], fn: (t: Test, app: Application) => Promise<unknown>): void {
  for (const database of DATABASES) void t.test(`${name} (${database})`, async (t) => await fn(t, await application(t, database, entities)))
}
