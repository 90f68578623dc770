import type { EntityManager, EntityName, EntityProperty } from '@mikro-orm/core'
import { ArgumentInvalidError, ColumnUnsuitableError } from '../../errors.ts'
import { type Column, isScalarColumn } from '../columns.ts'
import { assertCount, assertOptions } from './arguments.ts'
import { findRows } from './by-column.ts'
import { keyColumns } from './by-id.ts'
import { assertExact, cursorOf, type Place, placeOf } from './cursor.ts'
import { assertDirection, orderBy, orderColumns, type SortDirection } from './order.ts'
import { conditionOf, type WhereOptions } from './range.ts'
import { type Condition, type Target, targetOf } from './target.ts'

/** Options of {@link getPage}. */
export interface PageOptions<T> extends WhereOptions<T> {
  /** How many rows a page has at most. Default: 20. */
  readonly first?: number | undefined
  /** The `endCursor` of the page before the wanted one. */
  readonly after?: string | undefined
  /** The `startCursor` of the page after the wanted one. */
  readonly before?: string | undefined
  /** The column to sort by, or several. The primary key is added, so that no two rows have one place. Default: the primary key. */
  readonly orderCol?: Column<T> | readonly Column<T>[] | undefined
  /** Default: `'asc'`. */
  readonly sortDirection?: SortDirection | undefined
}

/** One page of a table, and how to go on from it. */
export interface Page<T> {
  /** Its rows, in the order that was asked for. */
  readonly items: T[]
  /** The place of the first item, for `before`; null on an empty page. */
  readonly startCursor: string | null
  /** The place of the last item, for `after`; null on an empty page. */
  readonly endCursor: string | null
  /** There are rows after the last one. */
  readonly hasNext: boolean
  /** There are rows before the first one. */
  readonly hasPrevious: boolean
}

const PAGE_SIZE = 20

/**
 * A page of a large table, found by the place where it begins and not by counting: the last page is as fast as the first one, where
 * an index has the order, and rows that come or go between two pages shift nothing.
 *
 * @param session - a session, or another EntityManager: the database that is asked
 * @param entity - the class, its schema, or its name
 * @throws CursorInvalidError for a cursor of another order, or of somebody's own making
 */
export async function getPage<T extends object>(session: EntityManager, entity: EntityName<T>, options: PageOptions<NoInfer<T>> = {}): Promise<Page<T>> {
  const target = targetOf('getPage', session, entity)
  assertOptions(options, ['first', 'after', 'before', 'orderCol', 'sortDirection', 'where', 'filters'])
  const { first = PAGE_SIZE, after, before, sortDirection: direction = 'asc' } = options
  assertCount('first', first, 1)
  assertDirection(direction)
  if (after !== undefined && before !== undefined) throw new ArgumentInvalidError('before', 'cannot be combined with after')
  const columns = pageColumns(target, options.orderCol)
  const backwards = before !== undefined
  const ahead = backwards ? opposite(direction) : direction
  const place =
    after !== undefined ? placeOf(target, columns, direction, 'after', after)
    : backwards ? placeOf(target, columns, direction, 'before', before)
    : undefined

  const where = conditionOf(options)
  const seek = (towards: SortDirection, inclusive: boolean): Condition =>
    place === undefined ? where : { $and: [where, beyond(columns, place, towards, inclusive)] }
  const rows = await findRows<T>(target, seek(ahead, false), { orderBy: orderBy(target, columns, ahead, true), ...lazyAmong(columns) }, { limit: first + 1 })
  const more = rows.length > first
  const behind = place !== undefined && (await exists(target, seek(opposite(ahead), true)))
  const items = rows.slice(0, first)
  if (backwards) items.reverse()
  const cursor = (item: T | undefined): string | null => (item === undefined ? null : cursorOf(target, columns, direction, item))
  return { items, startCursor: cursor(items[0]), endCursor: cursor(items.at(-1)), hasNext: backwards ? behind : more, hasPrevious: backwards ? more : behind }
}

const opposite = (direction: SortDirection): SortDirection => (direction === 'asc' ? 'desc' : 'asc')

/** The columns of an order in which no two rows are equal. */
function pageColumns(target: Target, orderCol: unknown): EntityProperty[] {
  const asked = orderCol === undefined ? [] : orderColumns(target, orderCol)
  const columns = [...new Set([...asked, ...keyColumns(target)])]
  for (const column of columns) {
    if (!isScalarColumn(column)) throw new ColumnUnsuitableError(target.meta.className, column.name, 'is a relation in the primary key: pages need columns with plain values')
    assertExact(target, column)
  }
  return columns
}

/** A cursor needs the values of all its columns, also of those that are loaded on demand only. */
function lazyAmong(columns: readonly EntityProperty[]): object {
  const lazy = columns.filter((column) => column.lazy).map(({ name }) => name)
  return lazy.length === 0 ? {} : { populate: lazy }
}

/** Whether one row fulfils a condition, without counting them and without taking it in. */
async function exists(target: Target, where: Condition): Promise<boolean> {
  return (await findRows(target, where, { disableIdentityMap: true, fields: target.meta.primaryKeys }, { limit: 1 })).length > 0
}

/**
 * The rows that come after a place in an order: equal in the first columns, and beyond it in the next one. Null is greater than
 * everything, as in `orderBy`.
 */
function beyond(columns: readonly EntityProperty[], place: Place, towards: SortDirection, inclusive: boolean): Condition {
  const equal = columns.map(({ name }, index) => ({ [name]: place[index] }))
  const alternatives = columns.flatMap((column, index) => {
    const next = past(column, place[index], towards)
    return next === undefined ? [] : [{ $and: [...equal.slice(0, index), next] }]
  })
  if (inclusive) alternatives.push({ $and: equal })
  return { $or: alternatives }
}

function past({ name, nullable }: EntityProperty, value: unknown, towards: SortDirection): Condition | undefined {
  if (value === null) return towards === 'asc' ? undefined : { [name]: { $ne: null } }
  if (towards === 'desc') return { [name]: { $lt: value } }
  return nullable ? { $or: [{ [name]: { $gt: value } }, { [name]: null }] } : { [name]: { $gt: value } }
}
