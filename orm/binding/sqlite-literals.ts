import { JsonProperty, Utils } from '@mikro-orm/core'
import type { Literals, Parameter } from './literals.ts'

const INTEGER = 2n ** 63n

/** Lists of values that stand for literals, and not for what an application gives to kysely itself. */
const exact = new WeakSet<object>()

const plain = (value: unknown): Parameter => ({ value, cast: '' })

/** A literal has the type that it is written as, and a parameter that of the value: which numbers are integers, {@link exactValues} says. */
export const sqliteLiterals: Literals = {
  most: 30_000,
  placeholder: () => '?',
  accepts: (piece) => !piece.includes('?'),
  mark: (values) => void markAsLiterals(values),
  parameter(value) {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return plain(value)
    if (typeof value === 'number') return Number.isFinite(value) ? plain(value) : undefined
    if (typeof value === 'bigint') return value >= -INTEGER && value < INTEGER ? plain(value) : undefined
    return typeof value === 'object' ? objectParameter(value) : undefined
  },
}

function objectParameter(value: object): Parameter | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : plain(value.getTime())
  if (Utils.isPlainObject(value) || JsonProperty in value) {
    const json = JSON.stringify(value) as string | undefined
    return json === undefined ? undefined : plain(json)
  }
  return Buffer.isBuffer(value) ? plain(value) : undefined
}

/** Notes that values stand for literals. */
export function markAsLiterals(values: readonly unknown[]): readonly unknown[] {
  exact.add(values)
  return values
}

/** The values that SQLite is given: as literals would say them, where they stand for such. */
export const exactValues = (values: readonly unknown[]): readonly unknown[] => (exact.has(values) ? asLiterals(values) : values)

/** better-sqlite3 takes every number for a real one, and no boolean at all. */
export function asLiterals(values: readonly unknown[]): readonly unknown[] {
  return values.map((value) => (typeof value === 'number' ? exactNumber(value) : typeof value === 'boolean' ? BigInt(value) : value))
}

/** As its digits are read: JavaScript writes no more of them than it needs to tell two numbers apart. */
function exactNumber(value: number): number | bigint {
  if (Number.isSafeInteger(value)) return BigInt(value)
  const digits = String(value)
  if (!/^-?\d+$/.test(digits)) return value
  const integer = BigInt(digits)
  return integer >= -INTEGER && integer < INTEGER ? integer : value
}
