import { BigIntType, DecimalType, type EntityManager, type EntityProperty, TimeType } from '@mikro-orm/core'
import { isPostgres } from './values.ts'

/**
 * One text for values that the database takes for the same one, as far as the type of the column tells. Values that it takes for two
 * never have the same text.
 */
export function identityOf(value: unknown, column: EntityProperty, platform: ReturnType<EntityManager['getPlatform']>): string {
  const { customType } = column
  const [columnType = ''] = column.columnTypes
  if (value instanceof Date) return String(value.getTime())
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  const plain = String(value)
  if (customType instanceof BigIntType || column.runtimeType === 'bigint') return BigInt(plain).toString()
  if (customType instanceof DecimalType) return withoutZeros(plain)
  if (!isPostgres(platform)) return /^nocase$/i.test(column.collation ?? '') ? plain.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()) : plain
  if (/^(?:uuid|citext)$/i.test(columnType)) return plain.toLowerCase()
  if (/^(?:character|char|bpchar)\b(?! varying)/i.test(columnType)) return plain.replace(/ +$/, '')
  return customType instanceof TimeType || /^time\b(?!.*zone)/i.test(columnType) ? withSeconds(plain) : plain
}

/** `010.50` is `10.5`. */
const withoutZeros = (decimal: string): string => decimal.replace(/^(-?)0+(?=\d)/, '$1').replace(/\.0+$|(\.\d*?[1-9])0+$/, '$1')

/** `12:34` and `12:34:00.0` are `12:34:00`. */
const withSeconds = (time: string): string => (time.length === 5 ? `${time}:00` : time.replace(/\.0+$|(\.\d*?[1-9])0+$/, '$1'))
