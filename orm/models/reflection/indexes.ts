import type { DatabaseTable, IndexDef } from '@mikro-orm/sql'
import { sameColumns } from './foreign-keys.ts'
import type { ReflectedIndex, ReflectedUnique } from './reflected.ts'
import { defined } from './scalars.ts'

/** An index that is a list of columns and nothing else. */
export function isPlain(index: IndexDef, table: DatabaseTable): boolean {
  const more = index.where ?? index.deferMode ?? index.include ?? index.fillFactor ?? index.type ?? index.columns
  return more === undefined && index.columnNames.every((column) => typeof column === 'string' && table.hasColumn(column)) && !isExpression(index, table)
}

/**
 * Whether an index has more than columns in its list. MikroORM takes each name in quotes for an expression, so that its own word is not
 * enough.
 */
function isExpression({ expression, columnNames }: IndexDef, table: DatabaseTable): boolean {
  if (expression === undefined) return false
  const list = /\susing\s+\w+\s*\((.*)\)$/is.exec(expression)?.[1]
  const written = list?.split(',').map((part) => part.trim().replaceAll('"', ''))
  return written === undefined || !sameColumns(written, columnNames) || !columnNames.every((column) => table.hasColumn(column))
}

/** The plain index, or the plain unique one, on exactly these columns. The first by name, should there be several. */
export function plainIndex(table: DatabaseTable, columns: readonly string[], unique: boolean): IndexDef | undefined {
  return table
    .getIndexes()
    .filter((index) => !index.primary && index.unique === unique && isPlain(index, table) && sameColumns(index.columnNames, columns))
    .toSorted((a, b) => (a.keyName < b.keyName ? -1 : 1))[0]
}

/**
 * An index as an option of the entity.
 *
 * @param propertiesOf - the properties that have exactly these columns, in this order
 * @param statement - the `create index` statement, for an index that MikroORM cannot put in other words
 */
export function entityIndex(index: IndexDef, table: DatabaseTable, propertiesOf: (columns: readonly string[]) => string[] | undefined, statement: string | undefined): ReflectedIndex & ReflectedUnique {
  const properties = isExpression(index, table) || index.columnNames.some((column) => column === null) ? undefined : propertiesOf(index.columnNames)
  const include = index.include === undefined ? undefined : propertiesOf(index.include)
  const unordered = index.columns !== undefined && properties?.length !== index.columns.length
  if (properties === undefined || unordered || (index.include !== undefined && include === undefined)) return { name: index.keyName, expression: statement ?? index.expression! }
  return defined({
    name: index.keyName,
    properties,
    include,
    where: index.where,
    deferMode: index.deferMode,
    fillFactor: index.fillFactor,
    type: index.type,
    columns: index.columns?.map((column, position) => defined({ ...column, name: properties[position] })),
  }) as unknown as ReflectedIndex & ReflectedUnique
}
