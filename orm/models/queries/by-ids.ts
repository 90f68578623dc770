import { type EntityManager, type EntityName, type EntityProperty, type Primary, Utils } from '@mikro-orm/core'
import { findManyShortly } from '../../compiled/find-many.ts'
import { whereAny } from '../../compiled/where-any.ts'
import { ArgumentInvalidError } from '../../errors.ts'
import { type Column, type ColumnValue, isScalarColumn } from '../columns.ts'
import { idColumns, whereId } from './by-id.ts'
import { identityOf } from './identity.ts'
import { type Condition, type Target, targetOf } from './target.ts'

/** How many values one statement is given: the limit of SQLite is 32,766 parameters, and that of PostgreSQL 65,535. */
const VALUES_PER_STATEMENT = 5_000

/**
 * The entities with these ids, or these values of another unique `column`, in the order of the ids, each once. Ids without a row are
 * left out; there may be any number of them.
 *
 * @param session - a session, or another EntityManager: the database that is asked
 * @param entity - the class, its schema, or its name
 * @param ids - of those that are wanted
 * @throws ColumnUnsuitableError pointing to `getRange` for a column that is not unique; ArgumentInvalidError for anything but values
 */
export function getByIds<T extends object>(session: EntityManager, entity: EntityName<T>, ids: Iterable<NoInfer<Primary<T>>>): Promise<T[]>
export function getByIds<T extends object, K extends Column<T>>(
  session: EntityManager, entity: EntityName<T>, ids: Iterable<NoInfer<ColumnValue<T[K]>>>, column: K,
): Promise<T[]>
export async function getByIds(session: EntityManager, entity: EntityName<object>, ids: Iterable<unknown>, column?: string): Promise<object[]> {
  const target = targetOf('getByIds', session, entity)
  const columns = idColumns(target, column)
  const wanted = new Map<string, Condition>()
  for (const id of listOf(ids)) {
    const where = whereId(target, columns, id)
    wanted.set(keyOf(where, columns, session), where)
  }
  const found = new Map<string, object>()
  for (const chunk of chunksOf([...wanted], chunkSize(columns))) await collect(target, columns, chunk, found)
  return [...new Set([...wanted.keys()].flatMap((key) => found.get(key) ?? []))]
}

function listOf(ids: unknown): Iterable<unknown> {
  if (typeof ids === 'object' && ids !== null && Symbol.iterator in ids) return ids as Iterable<unknown>
  throw new ArgumentInvalidError('ids', 'must be an array of ids')
}

type Wanted = readonly (readonly [key: string, where: Condition])[]

const chunkSize = (columns: readonly EntityProperty[]): number => Math.floor(VALUES_PER_STATEMENT / columns.reduce((sum, { fieldNames }) => sum + fieldNames.length, 0))

function* chunksOf(wanted: Wanted, size: number): Generator<Wanted> {
  for (let start = 0; start < wanted.length; start += size) yield wanted.slice(start, start + size)
}

/**
 * Runs one statement, and finds the id of each row. By its collation a database may take a text for equal that looks different: the id
 * of such a row is looked for in halves of the ids.
 */
async function collect(target: Target, columns: readonly EntityProperty[], wanted: Wanted, found: Map<string, object>): Promise<void> {
  const keys = new Set(wanted.map(([key]) => key))
  let strange: object | undefined
  for (const row of await find(target, columns, wanted.map(([, where]) => Object.values(where) as unknown[]))) {
    const key = keyOf(row, columns, target.em)
    if (keys.has(key)) found.set(key, row)
    else strange = row
  }
  if (strange === undefined) return
  if (wanted.length === 1) found.set(wanted[0]![0], strange)
  else for (const half of chunksOf(wanted, Math.ceil(wanted.length / 2))) await collect(target, columns, half, found)
}

async function find({ em, entity }: Target, columns: readonly EntityProperty[], values: readonly (readonly unknown[])[]): Promise<object[]> {
  const names = columns.map(({ name }) => name)
  return (await findManyShortly(em, entity, names, values)) ?? (await em.find<object>(entity, whereAny(names, values)))
}

/** The identity of an id or of a row: both have the columns as properties. */
function keyOf(holder: object, columns: readonly EntityProperty[], em: EntityManager): string {
  const values = holder as Record<string, unknown>
  return JSON.stringify(columns.map((column) => identity(values[column.name], column, em)))
}

function identity(value: unknown, column: EntityProperty, em: EntityManager): unknown {
  if (isScalarColumn(column)) return identityOf(Utils.isScalarReference(value) ? value.unwrap() : value, column, em.getPlatform())
  const columns = column.targetMeta!.getPrimaryProps()
  const key: unknown = Utils.isEntity(value, true) ? columns.map(({ name }) => (value as unknown as Record<string, unknown>)[name]) : value
  const values: readonly unknown[] = Array.isArray(key) ? key : [key]
  return columns.map((each, index) => identity(values[index], each, em))
}
