import { ArrayType, type MikroORM, Type, UnknownType } from '@mikro-orm/core'
import type { AbstractSqlConnection, AbstractSqlPlatform, Column, DatabaseSchema, DatabaseTable, DatabaseView } from '@mikro-orm/sql'
import { DriverUnsupportedError } from '../../errors.ts'
import { markTextDates } from './text-dates.ts'
import type { Reflectable, ReflectionFilter } from './filter.ts'
import { sqlPackage } from './sql-package.ts'

/** What was found: everything that MikroORM's own schema diff knows of a database, and what it does not tell. */
export interface Introspection {
  readonly platform: AbstractSqlPlatform
  readonly sqlite: boolean
  readonly config: MikroORM['config']
  readonly schema: DatabaseSchema
  readonly tables: readonly DatabaseTable[]
  readonly views: readonly (DatabaseView & { readonly columns: readonly Column[] })[]
  /** Tables and views of the same schemas that the filter left out. */
  readonly leftOut: { readonly tables: readonly string[]; readonly views: readonly string[] }
  /** Schemas that the filter left out. */
  readonly otherSchemas: readonly string[]
  /** `create index` statements, by schema and name of the index. */
  readonly indexStatements: ReadonlyMap<string, string>
}

/** Reads the schema of an engine's database. Writes nothing. */
export async function introspect(engine: Reflectable, filter: ReflectionFilter): Promise<Introspection> {
  const { AbstractSqlDriver, DatabaseSchema: Schema } = await sqlPackage()
  const { orm } = engine
  const { config } = orm
  if (!(orm.driver instanceof AbstractSqlDriver)) throw new DriverUnsupportedError(engine.name, 'a driver that is not for SQL', 'only the schema of an SQL database can be reflected')
  const connection = orm.driver.getConnection() as AbstractSqlConnection
  const platform = orm.driver.getPlatform() as AbstractSqlPlatform
  const schemas = filter.schemas === undefined ? undefined : [...filter.schemas]
  const [take, skip] = [filter.take?.map(stateless), filter.skip?.map(stateless)]
  await connection.ensureConnection()
  const schema = await Schema.create(connection, platform, config, undefined, schemas, take, skip)
  const inSchemas = (found: { readonly schema?: string | undefined }): boolean => schemas === undefined || found.schema === undefined || schemas.includes(found.schema)
  const tables = schema.getTables().filter(inSchemas)
  const names = new Set(tables.map((table) => table.name))
  const allTables = (await platform.getSchemaHelper()!.getAllTables(connection, schemas)).map((table) => ({ name: table.table_name, schema: table.schema_name }))
  const sqlite = platform.getSchemaHelper()!.constructor.name === 'SqliteSchemaHelper'
  const allViews = schema.getViews().filter(inSchemas)
  const views = allViews.filter((view) => (take?.some((pattern) => matches(view.name, pattern)) ?? true) && skip?.some((pattern) => matches(view.name, pattern)) !== true)
  const columns = await Promise.all(views.map(async (view) => await viewColumns(view, connection, platform, sqlite)))
  if (sqlite) {
    for (const table of tables) await markTextDates(table.name, table.getColumns(), connection)
    for (const [index, view] of views.entries()) await markTextDates(view.name, columns[index]!, connection)
  }
  return {
    platform, sqlite, config, schema, tables,
    views: views.map((view, index) => ({ ...view, columns: columns[index]! })),
    leftOut: { tables: allTables.filter((table) => inSchemas(table) && !names.has(table.name)).map(({ name }) => name), views: allViews.filter((view) => !views.includes(view)).map((view) => view.name) },
    otherSchemas: [...new Set([...allTables, ...schema.getViews()].filter((found) => !inSchemas(found)).map((found) => found.schema!))],
    indexStatements: await indexStatements(connection, sqlite),
  }
}

/** The key of an index in {@link Introspection.indexStatements}. */
export const indexKey = (schema: string | undefined, index: string): string => `${schema ?? ''}.${index}`

/** A pattern that remembers where it has matched would match every other time. */
const stateless = (pattern: string | RegExp): string | RegExp => (typeof pattern === 'string' ? pattern : new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')))

const matches = (name: string, pattern: string | RegExp): boolean => (typeof pattern === 'string' ? pattern.toLowerCase() === name.toLowerCase() : pattern.test(name))

/** MikroORM reads what a view is made of, but not its columns. */
async function viewColumns(view: DatabaseView, connection: AbstractSqlConnection, platform: AbstractSqlPlatform, sqlite: boolean): Promise<Column[]> {
  const rows = sqlite
    ? await connection.execute<{ name: string; type: string }[]>('select name, type from pragma_table_info(?)', [view.name])
    : await connection.execute<{ name: string; type: string }[]>(
        `select a.attname as name, case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) else format_type(a.atttypid, a.atttypmod) end as type
         from pg_attribute a join pg_type t on t.oid = a.atttypid
         where a.attrelid = format('%I.%I', ?::text, ?::text)::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
        [view.schema, view.name],
      )
  return rows.map(({ name, type }) => ({ name, type, mappedType: mappedTypeOf(type, platform), nullable: true }))
}

/** An array is one whatever it is of: MikroORM takes a `character varying[]` for text. */
function mappedTypeOf(type: string, platform: AbstractSqlPlatform): Column['mappedType'] {
  if (type === '') return Type.getType(UnknownType)
  return type.endsWith('[]') ? Type.getType(ArrayType) : platform.getMappedType(type)
}

/** For indexes that are more than a list of columns. */
async function indexStatements(connection: AbstractSqlConnection, sqlite: boolean): Promise<Map<string, string>> {
  const rows = await connection.execute<{ schema: string | null; name: string; sql: string }[]>(
    sqlite
      ? `select null as schema, name, sql from sqlite_master where type = 'index' and sql is not null`
      : `select schemaname as schema, indexname as name, indexdef as sql from pg_indexes`,
  )
  return new Map(rows.map(({ schema, name, sql }) => [indexKey(schema ?? undefined, name), sql]))
}
