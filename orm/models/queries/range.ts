import type { EntityManager, EntityName, FilterQuery, FindOptions } from '@mikro-orm/core'
import { ArgumentInvalidError } from '../../errors.ts'
import type { Column } from '../columns.ts'
import { assertFlag, assertOptions } from './arguments.ts'
import { assertRows, findRows, type RowsOptions } from './by-column.ts'
import { assertDirection, keyOrder, orderBy, orderColumns, type SortDirection } from './order.ts'
import { type Condition, type Target, targetOf } from './target.ts'

/** Which rows, by conditions of the developer's own. */
export interface WhereOptions<T> {
  /** A condition in MikroORM's form. It is code, not input: never put a request's JSON here. */
  readonly where?: FilterQuery<T> | undefined
  /** Further conditions, all of which must hold. */
  readonly filters?: readonly FilterQuery<T>[] | undefined
}

/** Options of {@link getRange}. */
export interface RangeOptions<T> extends RowsOptions, WhereOptions<T> {
  /** Default: `'asc'`. Holds for all columns of `orderCol`, and for the primary key. */
  readonly sortDirection?: SortDirection | undefined
  /** The column to sort by, or several. Default: the primary key. */
  readonly orderCol?: Column<T> | readonly Column<T>[] | undefined
  /** An order in MikroORM's form, such as `{ author: { name: 'asc' }, id: 'desc' }`; in place of `orderCol`. */
  readonly orderBy?: FindOptions<T>['orderBy'] | undefined
  /** Whether text in `orderCol` is sorted as it is, or in lower case. Default: true. */
  readonly orderCaseSensitive?: boolean | undefined
  /** Writes the statement to MikroORM's logger, with its values. Default: false. */
  readonly debugQuery?: boolean | undefined
}

const KNOWN = ['offset', 'limit', 'sortDirection', 'orderCol', 'orderBy', 'orderCaseSensitive', 'where', 'filters', 'debugQuery'] as const

/**
 * The entities from `offset` on, in a stable order: rows that are equal in the columns asked for are in the order of the primary key.
 * For tables of more than some thousand rows `getPage` is the better way: an offset makes the database walk over all rows before it.
 *
 * @param session - a session, or another EntityManager: the database that is asked
 * @param entity - the class, its schema, or its name
 */
export async function getRange<T extends object>(session: EntityManager, entity: EntityName<T>, options: RangeOptions<NoInfer<T>> = {}): Promise<T[]> {
  const target = targetOf('getRange', session, entity)
  assertOptions(options, KNOWN)
  assertRows(options)
  assertFlag('debugQuery', options.debugQuery)
  const order = orderOf(target, options)
  const logging = options.debugQuery ? { logging: { enabled: true } } : {}
  return await findRows<T>(target, conditionOf(options), { orderBy: order, ...logging }, options)
}

/** The options of an order, of no particular entity. */
type OrderOptions = { readonly [K in 'orderCol' | 'sortDirection' | 'orderCaseSensitive' | 'orderBy']?: unknown }

function orderOf(target: Target, options: OrderOptions): object[] {
  const { orderCol, sortDirection: direction = 'asc', orderCaseSensitive, orderBy: given } = options
  assertFlag('orderCaseSensitive', orderCaseSensitive)
  if (given !== undefined) {
    for (const option of ['orderCol', 'sortDirection', 'orderCaseSensitive'] as const) {
      if (options[option] !== undefined) throw new ArgumentInvalidError(option, 'cannot be combined with orderBy')
    }
    const orders: unknown[] = [given].flat()
    if (!orders.every(isObject)) throw new ArgumentInvalidError('orderBy', `must be an order in MikroORM's form`)
    const named = new Set(orders.flatMap((order) => Object.keys(order)))
    return [...orders, ...keyOrder(target).filter((key) => !named.has(Object.keys(key)[0]!))]
  }
  assertDirection(direction)
  if (orderCol === undefined) return keyOrder(target, direction)
  return orderBy(target, orderColumns(target, orderCol), direction, orderCaseSensitive ?? true)
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** All conditions as one. */
export function conditionOf({ where, filters = [] }: { readonly where?: unknown; readonly filters?: unknown }): Condition {
  if (!Array.isArray(filters)) throw new ArgumentInvalidError('filters', 'must be an array of conditions')
  const conditions = [where, ...(filters as readonly unknown[])].filter((condition) => condition !== undefined)
  for (const condition of conditions) {
    if (!isObject(condition)) throw new ArgumentInvalidError('where', `must be a condition in MikroORM's form`)
  }
  return conditions.length === 0 ? {} : { $and: conditions }
}
