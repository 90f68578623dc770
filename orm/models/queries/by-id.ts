import type { EntityManager, EntityMetadata, EntityName, EntityProperty, Primary } from '@mikro-orm/core'
import { ArgumentInvalidError, ColumnUnsuitableError } from '../../errors.ts'
import { type Column, type ColumnValue, isScalarColumn, uniqueColumnOf } from '../columns.ts'
import { type Condition, type Target, targetOf } from './target.ts'
import { assertValue } from './values.ts'

/**
 * The entity with a primary key, a tuple where it has several columns, or with the value of another unique column.
 *
 * @param session - a session, or another EntityManager: the database that is asked
 * @param entity - the class, its schema, or its name
 * @param id - of the one that is wanted
 * @throws ColumnUnsuitableError pointing to `getRange` for a column that is not unique; ArgumentInvalidError for anything but a value
 */
export function getById<T extends object>(session: EntityManager, entity: EntityName<T>, id: NoInfer<Primary<T>>): Promise<T | null>
export function getById<T extends object, K extends Column<T>>(session: EntityManager, entity: EntityName<T>, id: NoInfer<ColumnValue<T[K]>>, column: K): Promise<T | null>
export async function getById(session: EntityManager, entity: EntityName<object>, id: unknown, column?: string): Promise<object | null> {
  const target = targetOf('getById', session, entity)
  return await session.findOne<object>(entity, whereId(target, idColumns(target, column), id))
}

/**
 * The unique column that is asked for, or those of the primary key.
 *
 * @throws ColumnUnknownError, ColumnUnsuitableError; ArgumentInvalidError for an entity without a key
 */
export function idColumns(target: Target, column: unknown): EntityProperty[] {
  return column === undefined ? keyColumns(target) : [uniqueColumnOf(target.meta, column)]
}

/**
 * The columns of the primary key. A view has none.
 *
 * @throws ArgumentInvalidError
 */
export function keyColumns({ meta }: Target): EntityProperty[] {
  const columns = meta.getPrimaryProps()
  if (columns.length === 0) throw new ArgumentInvalidError('entity', `must have a primary key, which ${meta.className} has not: use getRange()`)
  return columns
}

/** @throws ArgumentInvalidError */
export function whereId({ em, meta }: Target, columns: readonly EntityProperty[], id: unknown): Condition {
  const values = checkedKey(em, meta, columns, id)
  return Object.fromEntries(columns.map(({ name }, index) => [name, values[index]]))
}

/** The values of an id, one per column; where a column refers to an entity with several key columns, its value is a tuple again. */
function checkedKey(em: EntityManager, meta: EntityMetadata, columns: readonly EntityProperty[], id: unknown): readonly unknown[] {
  const tuple = columns.length > 1
  if (tuple && (!Array.isArray(id) || id.length !== columns.length)) {
    throw new ArgumentInvalidError('id', `must be a tuple [${columns.map(({ name }) => name).join(', ')}]`)
  }
  const values = tuple ? (id as readonly unknown[]) : [id]
  for (const [index, column] of columns.entries()) {
    if (isScalarColumn(column)) assertValue('id', values[index], meta.className, column, em.getPlatform())
    else if (column.targetMeta === undefined) throw new ColumnUnsuitableError(meta.className, column.name, 'is no column that an id can be of')
    else checkedKey(em, column.targetMeta, column.targetMeta.getPrimaryProps(), values[index])
  }
  return values
}
