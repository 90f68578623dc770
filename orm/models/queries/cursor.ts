import { type EntityProperty, Utils } from '@mikro-orm/core'
import { ArgumentInvalidError, ColumnUnsuitableError, CursorInvalidError } from '../../errors.ts'
import type { SortDirection } from './order.ts'
import type { Target } from './target.ts'
import { assertValue, isPostgres, searchable } from './values.ts'

/** A place in an order: one value per column of it. */
export type Place = readonly unknown[]

/** What a cursor was made for; another order has other places. */
const signature = ({ meta }: Target, columns: readonly EntityProperty[], direction: SortDirection): string =>
  `${meta.className}:${columns.map(({ name }) => name).join(',')}:${direction}`

/**
 * Refuses columns that no cursor can hold, and those whose values JavaScript rounds: a page would begin with rows of the page before.
 *
 * @throws ColumnUnsuitableError
 */
export function assertExact({ em, meta }: Target, column: EntityProperty): void {
  const [columnType = ''] = column.columnTypes
  searchable(meta.className, column, em.getPlatform())
  if (!isPostgres(em.getPlatform())) return
  const [, digits] = /^timestamp(?:tz)?\b(?:\s*\((\d)\))?/i.exec(columnType) ?? []
  const finerThanDate = /^timestamp/i.test(columnType) && column.runtimeType === 'Date' && Number(digits ?? 6) > 3
  if (finerThanDate || /^(?:real|float4)\b/i.test(columnType)) {
    throw new ColumnUnsuitableError(meta.className, column.name, `is a ${columnType}, which is finer than its value in JavaScript: pages need an exact one, such as timestamptz(3)`)
  }
}

/** An opaque text for the place of a row. */
export function cursorOf(target: Target, columns: readonly EntityProperty[], direction: SortDirection, row: object): string {
  const values = columns.map((column) => {
    const value = (row as Record<string, unknown>)[column.name]
    return encoded(Utils.isScalarReference(value) ? value.unwrap() : value)
  })
  return Buffer.from(JSON.stringify([signature(target, columns, direction), ...values])).toString('base64url')
}

function encoded(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64url')
  return typeof value === 'bigint' ? value.toString() : (value ?? null)
}

/**
 * The place that a cursor stands for. It came from outside: each of its values is checked as an argument is.
 *
 * @throws CursorInvalidError
 */
export function placeOf(target: Target, columns: readonly EntityProperty[], direction: SortDirection, argument: string, cursor: unknown): Place {
  if (typeof cursor !== 'string') throw new CursorInvalidError(argument, 'must be a string')
  const parts = parsed(cursor)
  if (parts === undefined) throw new CursorInvalidError(argument, 'is none of ours')
  const [made, ...values] = parts
  if (made !== signature(target, columns, direction)) throw new CursorInvalidError(argument, 'was made for another order')
  if (values.length !== columns.length) throw new CursorInvalidError(argument, 'is none of ours')
  return columns.map((column, index) => {
    const value = decoded(values[index], column)
    if (value === null && column.nullable) return null
    try {
      assertValue(argument, value, target.meta.className, column, target.em.getPlatform())
    } catch (cause) {
      if (!(cause instanceof ArgumentInvalidError)) throw cause
      throw new CursorInvalidError(argument, 'holds a value that its column cannot hold', { cause })
    }
    return value
  })
}

function parsed(cursor: string): unknown[] | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(parts) ? parts : undefined
  } catch {
    return undefined
  }
}

function decoded(value: unknown, { runtimeType }: EntityProperty): unknown {
  if (typeof value !== 'string') return value
  if (runtimeType === 'Date') return new Date(value)
  return runtimeType === 'Buffer' || runtimeType === 'Uint8Array' ? Buffer.from(value, 'base64url') : value
}
