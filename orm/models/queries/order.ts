import type { EntityProperty } from '@mikro-orm/core'
import { ArgumentInvalidError, ColumnUnsuitableError } from '../../errors.ts'
import { columnOf, isText } from '../columns.ts'
import { lowerOf } from './text-match.ts'
import type { Target } from './target.ts'
import { isPostgres } from './values.ts'

/** `'asc'` or `'desc'`. */
export type SortDirection = 'asc' | 'desc'

/** An order in MikroORM's form. */
type Order = Readonly<Record<PropertyKey, unknown>>

/** @throws ArgumentInvalidError */
export function assertDirection(value: unknown): asserts value is SortDirection {
  if (value !== 'asc' && value !== 'desc') throw new ArgumentInvalidError('sortDirection', `must be 'asc' or 'desc'`)
}

/** The order of the rows where nothing else is asked for, and of those that an order leaves equal. */
export const keyOrder = ({ meta }: Target, direction: SortDirection = 'asc'): Order[] => meta.primaryKeys.map((key) => ({ [key]: direction }))

/**
 * The columns of an `orderCol`: one, or several, of the entity's own.
 *
 * @throws ColumnUnknownError, ColumnUnsuitableError, ArgumentInvalidError
 */
export function orderColumns(target: Target, orderCol: unknown): EntityProperty[] {
  const names: readonly unknown[] = Array.isArray(orderCol) ? orderCol : [orderCol]
  if (names.length === 0) throw new ArgumentInvalidError('orderCol', 'must name a column')
  return names.map((name) => {
    const column = columnOf(target.meta, name)
    const [type = ''] = column.columnTypes
    if (isPostgres(target.em.getPlatform()) && WITHOUT_ORDER.test(type)) throw new ColumnUnsuitableError(target.meta.className, column.name, `is of the type ${type}, which has no order`)
    return column
  })
}

/** Types of PostgreSQL whose values are not less or greater than each other. */
const WITHOUT_ORDER = /^(?:xml|json|jsonpath|xid|point|line|lseg|box|path|polygon|circle)\b/i

/**
 * An order by columns, ties broken by the primary key, so that two pages of it never share a row. Null counts as greater than
 * everything, on every database: PostgreSQL's rule, said aloud for the others.
 */
export function orderBy(target: Target, columns: readonly EntityProperty[], direction: SortDirection, caseSensitive: boolean): Order[] {
  const order = columns.flatMap((column): Order[] => {
    const how = column.nullable ? `${direction} nulls ${direction === 'asc' ? 'last' : 'first'}` : direction
    const exact = { [column.name]: how }
    if (!caseSensitive) assertOwnTable(target, column)
    return caseSensitive || !isText(column) ? [exact] : [{ [lowerOf(target, column)]: how }, exact]
  })
  const named = new Set(columns.map(({ name }) => name))
  return [...order, ...keyOrder(target, direction).filter((key) => !named.has(Object.keys(key)[0]!))]
}

/**
 * MikroORM gives an order by an expression the alias of the entity's own table, and not that of its parent class's.
 *
 * @throws ColumnUnsuitableError
 */
function assertOwnTable({ meta }: Target, column: EntityProperty): void {
  if (!isText(column) || meta.tptParent === undefined || meta.ownProps?.some(({ name }) => name === column.name)) return
  throw new ColumnUnsuitableError(meta.className, column.name, 'is in the table of a parent class: order by it with regard to case, or by the parent class')
}
