import { JsonProperty, Utils } from '@mikro-orm/core'
import type { Literals, Parameter } from './literals.ts'
import type { LiteralPlatform } from './platform.ts'

const INT4 = 2 ** 31
const INT8 = 2n ** 63n

/** A quoted literal is of no type until it meets one, and so is a parameter of which nothing is said. */
const unknown = (value: string | null): Parameter => ({ value, cast: '' })

export const postgresLiterals: Literals = {
  most: 65_535,
  placeholder: (place) => `$${place}`,
  accepts: () => true,
  parameter(value, platform) {
    if (typeof value === 'string') return unknown(value)
    if (typeof value === 'number') return numberParameter(value)
    if (value === null) return unknown(null)
    if (typeof value === 'boolean') return { value, cast: '::bool' }
    if (typeof value === 'bigint') return unknown(String(value)) // MikroORM quotes them
    return typeof value === 'object' ? objectParameter(value, platform) : undefined
  },
}

/** A number without quotes gets the smallest type that holds it. */
function numberParameter(value: number): Parameter | undefined {
  if (!Number.isFinite(value)) return undefined
  if (!Number.isInteger(value)) return { value, cast: '::numeric' }
  if (value >= -INT4 && value < INT4) return { value, cast: '::int4' }
  const text = String(value)
  if (text.includes('e')) return { value, cast: '::numeric' }
  const exact = BigInt(text)
  return { value, cast: exact >= -INT8 && exact < INT8 ? '::int8' : '::numeric' }
}

function objectParameter(value: object, platform: LiteralPlatform): Parameter | undefined {
  if (Utils.isPlainObject(value) || JsonProperty in value) {
    const json = JSON.stringify(value) as string | undefined
    return json === undefined ? undefined : unknown(json)
  }
  if (value instanceof Date) return unknown(platform.formatDate!(value))
  return Buffer.isBuffer(value) ? unknown(`\\x${value.toString('hex')}`) : undefined
}
