import {
  BigIntType, CharacterType, type EntityManager, type EntityMetadata, type EntityProperty, EnumType, IntegerType, MediumIntType, SmallIntType, StringType, TextType, UuidType,
} from '@mikro-orm/core'
import { holdsText, isScalarColumn, isUuid } from '../models/columns.ts'
import { searchable } from '../models/queries/values.ts'

/** What a value is bound as; undefined for one of which the database might think otherwise than of the same one written into the statement. */
export type Binder = (value: unknown) => unknown

/** MikroORM's own types whose values mean the same however they reach the server. */
const PLAIN_TYPES: ReadonlySet<unknown> = new Set([
  undefined, BigIntType, CharacterType, EnumType, IntegerType, MediumIntType, SmallIntType, StringType, TextType, UuidType,
])

const INTEGER = /^(?:small|big|medium)?(?:int|serial)\b|^int(?:eger|[248])\b/i

/**
 * How values for a column are bound. PostgreSQL takes a quoted literal and a parameter for the same thing, but not a number: of `id = 7.5` it makes a comparison
 * that is never true, and of `id = $1` an error. So only values go that the column can hold, and all others the long way, which has an answer to them.
 */
export function binderOf(meta: EntityMetadata, column: EntityProperty, platform: ReturnType<EntityManager['getPlatform']>): Binder | undefined {
  const { customType, columnTypes, lazy, array, hasConvertToDatabaseValueSQL } = column
  if (!isScalarColumn(column) || lazy === true || array === true || hasConvertToDatabaseValueSQL === true || !PLAIN_TYPES.has(customType?.constructor)) return undefined
  if (!INTEGER.test(columnTypes[0] ?? '') && !isUuid(column) && !holdsText(column)) return undefined
  const check = searchable(meta.className, column, platform)
  return (value) => {
    if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) return undefined
    if (check(value) !== true) return undefined
    return customType === undefined ? value : (customType.convertToDatabaseValue(value, platform, { fromQuery: true, mode: 'query' }) as unknown)
  }
}
