import type { EntityMetadata, EntityProperty } from '@mikro-orm/core'
import { Utils } from '@mikro-orm/core'
import type { InsertStatement, Row } from './insert-statement.ts'

/** The part of MikroORM's platform for PostgreSQL that writes a date into a text. */
export interface DatingPlatform {
  formatDate?(date: Date): string
}

const WHOLE = /^(?:(?:small|big)?(?:int|serial)|integer)/
const FRACTIONAL = /^(?:double|real|float|numeric|decimal)/
const LOGICAL = /^bool/

/**
 * The values of a row as texts, which PostgreSQL reads as it reads a literal of the column's type.
 *
 * @returns undefined where one of them is not written like that into MikroORM's own statement, where a number or a boolean is no string
 */
export function boundValues({ properties }: InsertStatement, meta: EntityMetadata, row: Row, platform: DatingPlatform): (string | null)[] | undefined {
  const bound: (string | null)[] = []
  for (const name of properties) {
    const value = boundValue(meta.properties[name as never] as EntityProperty, row[name], platform)
    if (value === undefined) return undefined
    bound.push(value)
  }
  return bound
}

function boundValue(property: EntityProperty, value: unknown, platform: DatingPlatform): string | null | undefined {
  if (typeof value === 'string') return value
  if (value === null) return property.nullable === true ? null : undefined // else it is the default
  const type = property.columnTypes?.[0] ?? ''
  if (typeof value === 'number') return boundNumber(type, value)
  if (typeof value === 'boolean') return LOGICAL.test(type) ? String(value) : undefined
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : platform.formatDate?.(value)
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`
  return Utils.isPlainObject(value) ? JSON.stringify(value) : undefined
}

/** PostgreSQL rounds a literal for a column of whole numbers, and refuses a text that is none. */
function boundNumber(type: string, value: number): string | undefined {
  if (Number.isSafeInteger(value)) return WHOLE.test(type) || FRACTIONAL.test(type) ? String(value) : undefined // of -0 it makes 0, as PostgreSQL does
  return Number.isFinite(value) && FRACTIONAL.test(type) ? String(value) : undefined
}
