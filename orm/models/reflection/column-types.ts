import { ArrayType, type Platform, types } from '@mikro-orm/core'
import type { Column } from '@mikro-orm/sql'

type TypeName = keyof typeof types

/** What a column is to a program. */
export interface ColumnType {
  /** MikroORM's name of the type. */
  readonly type: TypeName | 'number[]'
  /** The TypeScript type. */
  readonly typescript: string
}

const TYPESCRIPT: Readonly<Partial<Record<TypeName, string>>> = {
  integer: 'number', smallint: 'number', tinyint: 'number', mediumint: 'number', float: 'number', double: 'number', bigint: 'bigint',
  decimal: 'string', boolean: 'boolean', datetime: 'Date', json: 'unknown', blob: 'Buffer', uint8array: 'Uint8Array',
  // The driver makes an object of it, and takes text for it.
  interval: 'unknown',
}

/** What pg makes of types that MikroORM has no class for; anything else stays text. */
const READ_BY_PG: readonly (readonly [RegExp, ColumnType])[] = [
  [/^oid\b/, { type: 'integer', typescript: 'number' }],
  [/^(?:point|circle)\b/, { type: 'unknown', typescript: 'unknown' }],
]

/** The same of the elements of arrays. */
const ELEMENTS_READ_BY_PG: readonly (readonly [RegExp, ColumnType])[] = [
  [/^(?:int[24]|smallint|integer|float[48]|real|double precision|numeric|oid)\b/, { type: 'number[]', typescript: 'number[]' }],
  [/^bool/, { type: 'array', typescript: 'boolean[]' }],
  [/^bytea\b/, { type: 'array', typescript: 'Buffer[]' }],
  [/^(?:jsonb?|point)\b/, { type: 'array', typescript: 'unknown[]' }],
]

const find = (known: typeof READ_BY_PG, type: string): ColumnType | undefined => known.find(([name]) => name.test(type))?.[1]

/** The type of a column; an array, and a type that MikroORM has no class for, is what the driver makes of it. */
export function columnTypeOf(column: Column, sqlite: boolean): ColumnType {
  const { mappedType } = column
  if (mappedType instanceof ArrayType) return find(ELEMENTS_READ_BY_PG, column.type) ?? { type: 'array', typescript: 'string[]' }
  const known = (Object.keys(types) as TypeName[]).find((name) => types[name] === mappedType.constructor && name !== 'unknown' && name !== 'enum')
  const read = known === undefined && !sqlite ? find(READ_BY_PG, column.type) : undefined
  if (read !== undefined) return read
  const type = known ?? (sqlite ? affinityOf(column.type) : 'string')
  return { type, typescript: TYPESCRIPT[type] ?? 'string' }
}

/** SQLite takes any word for a type, and what the word contains decides how values are stored. */
function affinityOf(type: string): TypeName {
  const word = type.toUpperCase()
  if (word.includes('INT')) return 'integer'
  if (/CHAR|CLOB|TEXT/.test(word)) return 'string'
  if (word === '' || word.includes('BLOB') || word.includes('IMAGE') || word.includes('BINARY')) return 'blob'
  if (/REAL|FLOA|DOUB|MONEY/.test(word)) return 'double'
  if (/^(?:BIT|BOOL)/.test(word)) return 'boolean'
  return 'string'
}

/** Whether MikroORM declares the column as it is when it is told no more than the type, the length, the precision and the scale. */
export function isDefaultColumnType(column: Column, type: ColumnType['type'], platform: Platform): boolean {
  if (type === 'array' || type === 'number[]') return false
  const { length, precision, scale } = column
  const declared = platform.getMappedType(type).getColumnType({ length, precision, scale, autoincrement: false } as never, platform)
  return normalized(platform, declared, column) === normalized(platform, column.type, column)
}

/** A column type as the schema comparator sees it. */
export function normalized(platform: Platform, type: string, column: Pick<Column, 'length' | 'precision' | 'scale'>): string {
  const options = { length: column.length, precision: column.precision, scale: column.scale }
  return `${platform.normalizeColumnType(type.toLowerCase(), options as never)} ${/\(.*\)/.exec(type)?.[0] ?? ''}`.toLowerCase()
}
