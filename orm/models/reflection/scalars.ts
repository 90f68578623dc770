import { type Platform, UnknownType } from '@mikro-orm/core'
import type { Column } from '@mikro-orm/sql'
import { type ColumnType, columnTypeOf, isDefaultColumnType } from './column-types.ts'
import type { PropertyOptions, ReflectedProperty } from './reflected.ts'

export interface ScalarContext {
  readonly platform: Platform
  readonly sqlite: boolean
  /** Whether the column is the only one of the primary key: MikroORM takes such a number to be counted up by the database. */
  readonly onlyKey: boolean
  readonly primary: boolean
  readonly index?: string | undefined
  readonly unique?: string | undefined
}

/** The property of a column that is no part of a relation. */
export function scalarOf(name: string, column: Column, context: ScalarContext): ReflectedProperty {
  const enumItems = enumItemsOf(column)
  const type = enumItems === undefined ? columnTypeOf(column, context.sqlite) : enumTypeOf(enumItems, column)
  const defaults = defaultOf(column, type, isRowId(column, context))
  return {
    name,
    kind: enumItems === undefined ? 'scalar' : 'enum',
    options: defined({
      ...(enumItems === undefined ? scalarType(column, type, context.platform) : enumOptions(enumItems, column)),
      fieldName: column.name,
      primary: context.primary || undefined,
      // SQLite lets a primary key be null unless told otherwise.
      nullable: column.nullable === true || undefined,
      autoincrement: autoincrementOf(column, context),
      ...defaults,
      generated: column.generated,
      index: context.index,
      unique: context.unique,
      comment: column.comment ?? undefined,
      collation: column.collation,
    }),
    type: type.typescript,
    nullable: column.nullable === true && !context.primary,
    primary: context.primary,
    optional: Object.keys(defaults).length > 0 || column.generated !== undefined || column.autoincrement === true,
  }
}

/** The values of an enum. MikroORM takes a column named `constructor` for an enum, with something else than values. */
export function enumItemsOf({ enumItems }: Column): readonly string[] | undefined {
  return Array.isArray(enumItems) && enumItems.length > 0 ? enumItems : undefined
}

/** The options that have a value. */
export function defined(options: Record<string, unknown>): PropertyOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function enumTypeOf(items: readonly string[], column: Column): ColumnType {
  const union = items.map((item) => literal(item)).join(' | ')
  return { type: 'enum', typescript: column.type.endsWith('[]') ? `(${union})[]` : union }
}

/** A string as a source file writes it. */
export function literal(text: string): string {
  const double = JSON.stringify(text)
  return text.includes("'") && !text.includes('"') ? double : `'${double.slice(1, -1).replaceAll(String.raw`\"`, '"').replaceAll("'", String.raw`\'`)}'`
}

function enumOptions(items: readonly string[], column: Column): Record<string, unknown> {
  const array = column.type.endsWith('[]') || undefined
  if (column.nativeEnumName !== undefined) return { items: [...items], nativeEnumName: column.nativeEnumName, columnType: column.type, array }
  return { items: [...items], columnType: column.type, array }
}

function scalarType(column: Column, { type, typescript }: ColumnType, platform: Platform): Record<string, unknown> {
  // MikroORM would declare it as a bigserial as well.
  if (type === 'bigint' && column.generated !== undefined) return { type, columnType: column.type }
  const decimal = type === 'decimal'
  const sized = !decimal && typeof column.mappedType.getDefaultLength === 'function' && column.length != null && column.length >= 0
  const sizes = {
    length: sized ? column.length : undefined,
    precision: decimal ? (column.precision ?? undefined) : undefined,
    scale: decimal ? (column.scale ?? undefined) : undefined,
  }
  const standard = column.mappedType.getDefaultLength?.(platform)
  if (!decimal && (column.length ?? standard) === standard && isDefaultColumnType({ ...column, length: standard } as Column, type, platform)) return { type }
  if (isDefaultColumnType({ ...column, ...sizes } as Column, type, platform)) return { type, ...sizes }
  // MikroORM goes by the column's type: where it does not know that, it has to be told what a value is.
  return { type, columnType: column.type, runtimeType: column.mappedType instanceof UnknownType ? typescript : undefined }
}

/**
 * SQLite counts up an `integer primary key` by itself. To MikroORM that is no `autoincrement`, and it would ask for a value; with a default
 * of null, which is none to the database, it asks the database.
 */
const isRowId = (column: Column, { sqlite, onlyKey }: ScalarContext): boolean => sqlite && onlyKey && column.autoincrement !== true && column.type.toLowerCase() === 'integer'

function autoincrementOf(column: Column, context: ScalarContext): boolean | undefined {
  if (context.onlyKey && context.platform.isNumericColumn(column.mappedType)) return column.autoincrement === true ? undefined : false
  return column.autoincrement === true ? true : undefined
}

/** A default as a value where it is one, else as SQL. */
function defaultOf(column: Column, { typescript }: ColumnType, rowId: boolean): { default?: unknown; defaultRaw?: string } {
  const sql = column.default
  if (rowId) return { defaultRaw: 'null' }
  if (sql == null || sql.toLowerCase() === 'null' || column.generated !== undefined || column.autoincrement === true) return {}
  if (typescript === 'boolean' && /^(?:true|false)$/i.test(sql)) return { default: sql.toLowerCase() === 'true' }
  if (typescript === 'number' && /^-?\d+(?:\.\d+)?$/.test(sql)) return { default: Number(sql) }
  return { defaultRaw: sql }
}
