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
  return { entities: [...entities, ...found.views.map((view) => describeView(view, found, classNames))], skippedTables, warnings }
}

/** Why a table cannot be an entity of MikroORM. */
function problemOf(table: DatabaseTable): string | undefined {
  if (!table.hasPrimaryKey()) return 'has no primary key'
  // A dot reads as a table, a digit breaks the code that MikroORM compiles, and the rest are members of every object.
  const column = table.getColumns().find(({ name }) => /^\d|\./.test(name) || name in Object.prototype)
  return column === undefined ? undefined : `has a column '${column.name}', a name that MikroORM cannot read`
}
