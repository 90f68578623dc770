import type { Platform } from '@mikro-orm/core'
import type { Column, DatabaseTable, IndexDef } from '@mikro-orm/sql'
import { normalized } from './column-types.ts'
import { primaryColumns, type Relation, sameColumns } from './foreign-keys.ts'
import type { ReflectedProperty } from './reflected.ts'
import { defined } from './scalars.ts'

export interface RelationContext {
  readonly table: DatabaseTable
  readonly platform: Platform
  readonly sqlite: boolean
  readonly target: string
  /** The name of the target's property that the relation refers to, where that is not the primary key. */
  readonly targetKey?: string | undefined
  readonly index: IndexDef | undefined
  readonly unique: IndexDef | undefined
}

/** The property of a foreign key. */
export function relationPropertyOf(name: string, relation: Relation, context: RelationContext): ReflectedProperty {
  const { key, primary, own } = relation
  const { table, index, unique, sqlite } = context
  const columns = key.columnNames.map((column) => table.getColumn(column)!)
  const nullable = columns.some((column) => column.nullable === true)
  const onlyKey = primary && sameColumns(key.columnNames, primaryColumns(table))
  const single = columns.length === 1 ? columns[0]! : undefined
  const kind = unique !== undefined || onlyKey ? '1:1' : 'm:1'
  const hasDefault = single?.default != null && single.default !== 'null'
  return {
    name, kind, target: context.target, type: context.target, nullable: nullable && !primary, primary, optional: hasDefault,
    options: defined({
      ref: true,
      owner: kind === '1:1' ? true : undefined,
      ...(single === undefined ? { joinColumns: key.columnNames, referencedColumnNames: key.referencedColumnNames } : { fieldName: single.name }),
      targetKey: context.targetKey,
      columnTypes: columnTypesOf(columns, relation, context.platform),
      ownColumns: own.length > 0 && own.length < key.columnNames.length ? own : undefined,
      primary: primary || undefined,
      nullable: nullable || undefined,
      defaultRaw: hasDefault ? single.default : undefined,
      deleteRule: ruleOf(key.deleteRule),
      updateRule: ruleOf(key.updateRule),
      deferMode: key.deferMode,
      // SQLite keeps no names of foreign keys: MikroORM works out the one that it would have given.
      foreignKeyName: sqlite ? undefined : key.constraintName,
      index: kind === 'm:1' ? indexOf(index, context.platform) : undefined,
      unique: unique?.keyName,
      comment: single?.comment ?? undefined,
    }),
  }
}

/** MikroORM indexes relations by itself on some databases, and forgets the name of an index over several columns: that is the entity's. */
function indexOf(index: IndexDef | undefined, platform: Platform): string | false | undefined {
  if (index !== undefined && index.columnNames.length === 1) return index.keyName
  return index === undefined && platform.indexForeignKeys() ? false : undefined
}

/** The types are those of the columns referred to, unless the database says otherwise. */
function columnTypesOf(columns: readonly Column[], { key, target }: Relation, platform: Platform): string[] | undefined {
  const same = columns.every((column, index) => {
    const referred = target.getColumn(key.referencedColumnNames[index]!)!
    return normalized(platform, column.type, column) === normalized(platform, referred.type, referred)
  })
  return same ? undefined : columns.map((column) => column.type)
}

/** MikroORM writes `on update cascade` where a model says nothing; what it reads back as `restrict` and `no action` are the same to it. */
function ruleOf(rule: string | undefined): string {
  return (rule ?? 'no action').toLowerCase()
}
