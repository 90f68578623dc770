import type { DatabaseTable, ForeignKey } from '@mikro-orm/sql'

/** A foreign key that becomes a relation, and the columns that it writes. */
export interface Relation {
  readonly key: ForeignKey
  readonly target: DatabaseTable
  /** The property of the target that it refers to, where that is not the primary key. */
  readonly targetColumn?: string
  /** All its columns are part of the primary key. */
  readonly primary: boolean
  /** The columns that no other property writes. */
  readonly own: readonly string[]
}

export const primaryColumns = (table: DatabaseTable): readonly string[] => table.getPrimaryKey()?.columnNames ?? []

/**
 * Which foreign keys of a table become relations. One that cannot is reported, and its columns stay plain.
 *
 * @param find - a reflected table by the name that a foreign key gives it
 */
export function relationsOf(table: DatabaseTable, find: (name: string) => DatabaseTable | undefined, warn: (message: string) => void): Relation[] {
  const keys = primaryColumns(table)
  const written = new Set<string>()
  const relations: Relation[] = []
  const within = (key: ForeignKey): boolean => key.columnNames.every((column) => keys.includes(column))
  const inOrder = Object.values(table.getForeignKeys()).toSorted((a, b) => Number(within(b)) - Number(within(a)))
  for (const key of inOrder) {
    const target = find(key.referencedTableName)
    const problem = problemOf(key, target, relations)
    if (problem !== undefined) {
      warn(`foreign key ${key.constraintName} of ${table.getShortestName()}: ${problem}; its columns stay plain`)
      continue
    }
    const primary = within(key)
    // A column of the primary key belongs to the primary key, whatever else it is used for.
    const own = key.columnNames.filter((column) => !written.has(column) && (primary || !keys.includes(column)))
    for (const column of own) written.add(column)
    const targetColumn = sameColumns(key.referencedColumnNames, primaryColumns(target!)) ? undefined : key.referencedColumnNames[0]
    relations.push({ key, target: target!, primary, own, ...(targetColumn === undefined ? {} : { targetColumn }) })
  }
  return relations
}

function problemOf(key: ForeignKey, target: DatabaseTable | undefined, relations: readonly Relation[]): string | undefined {
  if (target === undefined) return `${key.referencedTableName} is not reflected`
  // The code that MikroORM compiles for a relation has the name of the table in it.
  if (/^\d/.test(target.name)) return `MikroORM cannot follow it to a table whose name starts with a digit, ${key.referencedTableName}`
  if (key.referencedColumnNames.some((column) => column === null)) return `it does not say which columns of ${key.referencedTableName} it refers to`
  if (!sameColumns(key.referencedColumnNames, primaryColumns(target)) && key.columnNames.length > 1) {
    return `it refers to several columns of ${key.referencedTableName} that are not its primary key, in their order`
  }
  if (key.columnNames.length === 1 && relations.some((other) => other.key.columnNames.length === 1 && other.key.columnNames[0] === key.columnNames[0])) {
    return `its column has another foreign key`
  }
  return undefined
}

export const sameColumns = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((column, index) => column === b[index])
