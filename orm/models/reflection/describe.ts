import type { DatabaseTable } from '@mikro-orm/sql'
import type { Introspection } from './introspection.ts'
import { classNameOf, unique } from './names.ts'
import { addCollections } from './pivots.ts'
import type { ReflectedEntity } from './reflected.ts'
import { TableDescription } from './table.ts'
import { describeView } from './views.ts'

/** A database in the words of a model. */
export interface DatabaseModel {
  readonly entities: readonly ReflectedEntity[]
  /** Tables that cannot be entities: MikroORM must leave them alone. */
  readonly skippedTables: readonly string[]
  /** What the model cannot say, and what was guessed. */
  readonly warnings: readonly string[]
}

/** Describes what was found: one entity for each table with a primary key, and one for each view. */
export function describe(found: Introspection): DatabaseModel {
  const warnings: string[] = []
  const skippedTables: string[] = []
  const classNames = new Set<string>()
  const classes = new Map<DatabaseTable, string>()
  const main = found.platform.getDefaultSchemaName()
  // The tables of the main schema choose first; those of others take the name of their schema along where theirs is gone.
  for (const table of found.tables.toSorted((a, b) => Number(b.schema === main) - Number(a.schema === main))) {
    const problem = problemOf(table)
    if (problem === undefined) {
      const name = classNameOf(table.name)
      classes.set(table, unique(classNames.has(name) ? classNameOf(`${table.schema} ${table.name}`) : name, classNames))
    } else {
      warnings.push(`table ${table.getShortestName()} ${problem}: it is left out`)
      skippedTables.push(table.name)
    }
  }
  const find = (name: string): DatabaseTable | undefined => [...classes.keys()].find((table) => table.getShortestName(false) === name || table.getShortestName() === name)
  const descriptions = [...classes.keys()].map((table) => new TableDescription(table, found, { find, classOf: (other) => classes.get(other)!, warn: (text) => warnings.push(text) }))
  const described = new Map(descriptions.map((description) => [description.table, description]))
  for (const description of descriptions) description.nameProperties()
  const entities = descriptions.map((description) => description.describe((table, column) => described.get(table)!.scalarNameOf(column)))
  addCollections(descriptions, entities)
  const views = found.views.filter((view) => {
    const problem = isUnreadable(view.name) || isUnreadable(view.schema ?? '') ? 'has a name that MikroORM cannot read' : columnProblem(view.columns)
    if (problem !== undefined) warnings.push(`view ${view.name} ${problem}: it is left out`)
    return problem === undefined
  })
  return { entities: [...entities, ...views.map((view) => describeView(view, found, classNames))], skippedTables, warnings }
}

/** Why a table cannot be an entity of MikroORM. */
function problemOf(table: DatabaseTable): string | undefined {
  if (isUnreadable(table.name) || isUnreadable(table.schema ?? '')) return 'has a name that MikroORM cannot read'
  if (!table.hasPrimaryKey()) return 'has no primary key'
  const key = table.getPrimaryKey()!.columnNames.find((name) => table.getColumn(name) === undefined)
  return key === undefined ? columnProblem(table.getColumns()) : 'has a primary key that MikroORM cannot read'
}

function columnProblem(columns: readonly { readonly name: string }[]): string | undefined {
  // A digit breaks the code that MikroORM compiles.
  const column = columns.find(({ name }) => /^\d/.test(name) || isUnreadable(name))
  return column === undefined ? undefined : `has a column '${column.name}', a name that MikroORM cannot read`
}

/**
 * A dot reads as a table, a star as all columns, a question mark as the place of a value (which then stands inside of the name), a new line
 * breaks the code that MikroORM compiles, and the rest are members of every object.
 */
const isUnreadable = (name: string): boolean => /[.?\r\n]|^\*$/.test(name) || name in Object.prototype
