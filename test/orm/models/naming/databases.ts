// The two databases of the naming tests: how an engine is made on a new one, and what names its catalog holds afterwards.
import { DatabaseSync } from 'node:sqlite'
import { MikroORM } from '@mikro-orm/core'
import { defineConfig as postgres } from '@mikro-orm/postgresql'
import { defineConfig as sqlite } from '@mikro-orm/sqlite'
import { createSqlAssist, type EngineOptions } from 'fastify-sqlassist/orm'
import { asSuperuser, postgresDatabase, sqliteFile } from '../../../support/databases.ts'

interface Teardown {
  teardown(fn: () => unknown): unknown
}

// oxlint-disable-next-line typescript/no-explicit-any -- options of either driver
export type Config = Partial<Parameters<typeof postgres>[0] & Parameters<typeof sqlite>[0]> & Record<string, any>

export interface Constraint {
  readonly table: string
  readonly kind: 'pk' | 'uq' | 'ix' | 'fk' | 'ck'
  readonly name: string
}

/** A new, empty database. */
export interface Database {
  readonly dialect: 'PostgreSQL' | 'SQLite'
  config(options: Config): NonNullable<EngineOptions['config']>
  run(sql: string): Promise<void>
  names(): Promise<Constraint[]>
}

export async function onPostgres(t: Teardown): Promise<Database> {
  const clientUrl = await postgresDatabase(t)
  return {
    dialect: 'PostgreSQL',
    config: (options) => postgres({ ...options, clientUrl } as Parameters<typeof postgres>[0]),
    run: async (sql) => void (await asSuperuser(clientUrl, sql)),
    names: async () => await asSuperuser<Constraint>(clientUrl, POSTGRES_NAMES),
  }
}

const POSTGRES_NAMES = `
  with here as (select oid from pg_namespace where nspname <> 'information_schema' and nspname not like 'pg\\_%'),
  kinds (contype, kind) as (values ('p', 'pk'), ('u', 'uq'), ('f', 'fk'), ('c', 'ck'))
  select conrelid::regclass::text as "table", kind, conname::text as name
    from pg_constraint join kinds on pg_constraint.contype::text = kinds.contype where connamespace in (table here)
  union all
  select indrelid::regclass::text, case when indisunique then 'uq' else 'ix' end, relname::text
    from pg_index join pg_class on pg_class.oid = indexrelid
    where relnamespace in (table here) and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u'))
  order by 1, 2, 3`

export async function onSqlite(t: Teardown): Promise<Database> {
  const dbName = sqliteFile(t)
  return {
    dialect: 'SQLite',
    config: (options) => sqlite({ ...options, dbName } as Parameters<typeof sqlite>[0]),
    run: async (sql) => {
      const file = new DatabaseSync(dbName)
      file.exec(sql)
      file.close()
    },
    names: async () => {
      const file = new DatabaseSync(dbName, { readOnly: true })
      const rows = file.prepare('select type, name, tbl_name as "table", sql from sqlite_master').all() as unknown as Master[]
      file.close()
      return rows.flatMap(namesIn).toSorted((a, b) => compare(`${a.table} ${a.kind} ${a.name}`, `${b.table} ${b.kind} ${b.name}`))
    },
  }
}

interface Master {
  readonly type: string
  readonly name: string
  readonly table: string
  readonly sql: string | null
}

/** SQLite keeps the names of constraints in the text of the statement that made the table, and nowhere else. */
function namesIn({ type, name, table, sql }: Master): Constraint[] {
  if (sql === null || table.startsWith('sqlite_')) return []
  if (type === 'index') return [{ table, kind: /^create unique/i.test(sql) ? 'uq' : 'ix', name }]
  return [...sql.matchAll(/constraint [`"]([^`"]+)[`"] (foreign key|check|unique|primary key)/gi)].map((match) => ({ table, kind: KINDS[match[2]!.toLowerCase()]!, name: match[1]! }))
}

const KINDS: Readonly<Record<string, Constraint['kind']>> = { 'foreign key': 'fk', check: 'ck', unique: 'uq', 'primary key': 'pk' }

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export const databases = [onPostgres, onSqlite] as const

/** The MikroORM of an engine, as an application gets it. */
export async function engineOn(t: Teardown, database: Database, options: Config, engine: Partial<EngineOptions> = {}): Promise<MikroORM> {
  const sqlAssist = await createSqlAssist({ engines: { writer: { config: database.config(options), ...engine } } })
  t.teardown(async () => await sqlAssist.dispose())
  return sqlAssist.engine('writer').orm
}

/** MikroORM without us, for comparison. */
export async function plainOn(t: Teardown, database: Database, options: Config): Promise<MikroORM> {
  const orm = await MikroORM.init(database.config(options) as never)
  t.teardown(async () => await orm.close())
  return orm
}

export const diffOf = async (orm: MikroORM): Promise<string> => (await orm.schema.getUpdateSchemaSQL()).trim()

/** `uq users: uq_users_email`, for comparing. */
export const lines = (names: readonly Constraint[]): string[] => names.map(({ kind, table, name }) => `${kind} ${table.replaceAll('"', '')}: ${name}`).toSorted()
