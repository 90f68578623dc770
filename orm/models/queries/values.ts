import { BigIntType, DateType, DecimalType, type EntityManager, type EntityProperty, TimeType } from '@mikro-orm/core'
import { ArgumentInvalidError, ColumnUnsuitableError } from '../../errors.ts'
import { holdsText, isUuid } from '../columns.ts'
import { assertText } from './arguments.ts'

type Platform = ReturnType<EntityManager['getPlatform']>

/** Checks a value, and says what it must be where it is not. */
type Check = (value: unknown) => true | string

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i
const DECIMAL = /^-?\d{1,1000}(?:\.\d{1,1000})?$/
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?$/
const INT64 = 2n ** 63n

/** The drivers of SQLite read integers as numbers: greater ones come back as others. */
const SAFE = 2n ** 53n

/** The integer types of PostgreSQL with their bits; SQLite's hold whatever JavaScript can. */
const INTEGER_BITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:smallint|smallserial|int2|tinyint)\b/i, 16],
  [/^(?:int|integer|serial|int4|mediumint)\b/i, 32],
  [/^(?:bigint|bigserial|int8)\b/i, 64],
]

/**
 * Refuses what the column cannot hold, before a query is made of it: objects would be operators (`{ $ne: 0 }`), and a number out of
 * range or a text that is no uuid would be an error of the database.
 *
 * @throws ArgumentInvalidError, ColumnUnsuitableError for a column whose type has no plain values
 */
export function assertValue(argument: string, value: unknown, entity: string, column: EntityProperty, platform: Platform): void {
  const must = searchable(entity, column, platform)(value)
  if (must !== true) throw new ArgumentInvalidError(argument, `must be ${must}, as the column '${column.name}' holds`)
  if (typeof value === 'string') assertText(argument, value)
}

/**
 * What a value of the column must be.
 *
 * @throws ColumnUnsuitableError for a column whose type has no plain values
 */
export function searchable(entity: string, column: EntityProperty, platform: Platform): Check {
  const known = isPostgres(platform) ? checks.postgres : checks.others
  let check = known.get(column)
  if (check !== undefined) return check
  check = checkOf(column, platform)
  if (check === undefined) throw new ColumnUnsuitableError(entity, column.name, `is of the type ${column.columnTypes[0]}, which cannot be searched by value`)
  known.set(column, check)
  return check
}

/** To find out takes longer than to read a row by the value. */
const checks = { postgres: new WeakMap<EntityProperty, Check>(), others: new WeakMap<EntityProperty, Check>() }

function checkOf(column: EntityProperty, platform: Platform): Check | undefined {
  const [columnType = ''] = column.columnTypes
  const { customType } = column
  if (column.array === true) return undefined
  if (column.items !== undefined) return (value) => column.items!.includes(value as string) || `one of the column's own values`
  if (isUuid(column)) return text(UUID, 'a uuid')
  if (customType instanceof BigIntType || column.runtimeType === 'bigint') return isPostgres(platform) ? integerBelow(INT64) : integerBelow(SAFE)
  if (customType instanceof DecimalType) return isDecimal
  if (customType instanceof DateType) return (value) => isDay(value) || 'a day as YYYY-MM-DD'
  if (customType instanceof TimeType || /^time\b(?!.*zone)/i.test(columnType)) return text(TIME, 'a time of day as HH:MM:SS')
  if (holdsText(column)) return (value) => typeof value === 'string' || 'a string'
  return plainChecks(columnType, isPostgres(platform))[column.runtimeType]
}

const plainChecks = (columnType: string, bounded: boolean): Readonly<Record<string, Check | undefined>> => ({
  __proto__: null as never,
  number: numberCheck(columnType, bounded),
  boolean: (value) => typeof value === 'boolean' || 'a boolean',
  Date: (value) => isDate(value) || 'a valid Date of the years 1 to 9999',
  Buffer: isBytes,
  Uint8Array: isBytes,
})

function numberCheck(columnType: string, bounded: boolean): Check {
  const [, bits] = INTEGER_BITS.find(([type]) => type.test(columnType)) ?? []
  if (bits === undefined) return (value) => (typeof value === 'number' && Number.isFinite(value)) || 'a finite number'
  const range = 2 ** ((bounded ? bits : 64) - 1)
  return (value) => (typeof value === 'number' && Number.isSafeInteger(value) && value >= -range && value < range) || 'an integer in range'
}

const text = (pattern: RegExp, what: string): Check => (value) => (typeof value === 'string' && pattern.test(value)) || what

const isBytes: Check = (value) => value instanceof Uint8Array || 'a Buffer'

const isDecimal: Check = (value) => (typeof value === 'number' ? Number.isFinite(value) : typeof value === 'string' && DECIMAL.test(value)) || 'a decimal number'

const integerBelow = (limit: bigint): Check => (value) => {
  const plain = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value)) || (typeof value === 'string' && /^-?\d{1,19}$/.test(value))
  if (!plain) return 'an integer'
  const integer = BigInt(value)
  return (integer >= -limit && integer < limit) || 'an integer in range'
}

function isDate(value: unknown): boolean {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return false
  const year = value.getUTCFullYear()
  return year >= 1 && year <= 9999
}

function isDay(value: unknown): boolean {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value) || value.startsWith('0000')) return false
  const day = new Date(`${value}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value)
}

/** By its name: `./orm` does not depend on the driver packages. */
export const isPostgres = (platform: Platform): boolean => /postgre|pglite/i.test(platform.constructor.name)
