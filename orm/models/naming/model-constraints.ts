import { type EntityMetadata, type EntityProperty, isRaw, ReferenceKind } from '@mikro-orm/core'
import type { ConstraintNames, DeclaredTable } from '../declared-table.ts'
import type { Constraint } from './constraint.ts'
import type { NamingConvention } from './convention.ts'
import { isTptChild, type ModelTable, propertyOf, withoutSchema } from './model-tables.ts'
import { isMadeBy, renderPattern } from './pattern.ts'

/** Checks that have their final name: reading a model a second time must not name them again. */
const namedChecks = new WeakSet<object>()

type Where = Pick<Constraint, 'schema' | 'table'>

/** Everything in a table that has a name. */
export function constraintsOf(table: ModelTable, convention: NamingConvention): Constraint[] {
  const where = { schema: table.schema, table: table.name }
  return [
    primaryKeyOf(table, where),
    ...table.properties.flatMap((property) => constraintsOfProperty(property, where)),
    ...table.properties.filter((property) => isIndexedElsewhere(table, property)).map((property) => indexElsewhere(property, where)),
    ...indexesOf(table, where),
    ...parentKeyOf(table, where),
    ...checksOf(table, where, convention),
  ]
}

function primaryKeyOf({ meta }: ModelTable, where: Where): Constraint {
  return { ...where, kind: 'pk', columns: meta.primaryKeys.flatMap((key) => propertyOf(meta, key).fieldNames), definition: '', given: keptNames(meta).primaryKey }
}

function constraintsOfProperty(property: EntityProperty, where: Where): Constraint[] {
  const columns = property.fieldNames
  const common = { ...where, columns, definition: '' }
  const constraints: Constraint[] = []
  if (property.index) constraints.push({ ...common, kind: 'ix', given: text(property.index), assign: (name) => void (property.index = name) })
  if (property.unique) constraints.push({ ...common, kind: 'uq', given: text(property.unique), assign: (name) => void (property.unique = name) })
  if (property.targetMeta !== undefined && !property.polymorphic && property.createForeignKeyConstraint) {
    const referredTable = withoutSchema(property.referencedTableName)
    constraints.push({ ...common, kind: 'fk', referredTable, given: property.foreignKeyName, assign: (name) => void (property.foreignKeyName = name) })
  }
  return constraints
}

/**
 * MikroORM indexes foreign keys on SQLite, and not on PostgreSQL. The name of that index is kept free where there is none: else another
 * one that starts with the same column would have it, on one of the two databases.
 */
function isIndexedElsewhere({ meta }: ModelTable, property: EntityProperty): boolean {
  return property.kind === ReferenceKind.MANY_TO_ONE && property.index === undefined && !meta.indexes.some((index) => String(index.properties) === property.name)
}

const indexElsewhere = ({ fieldNames: columns }: EntityProperty, where: Where): Constraint => ({ ...where, columns, kind: 'ix', definition: '', given: undefined, assign: () => {} })

/** Indexes and unique constraints that the entity declares for itself. */
function indexesOf({ meta }: ModelTable, where: Where): Constraint[] {
  return (['indexes', 'uniques'] as const).flatMap((list) =>
    meta[list].map((index): Constraint => {
      const { properties = index.columns?.map((column) => column.name) ?? [], ...rest } = index
      const columns = [properties].flat().flatMap((path) => columnsOf(meta.properties, path))
      const kind = list === 'indexes' ? 'ix' : 'uq'
      // One that is nothing but an expression has no column to be named after.
      const named = columns.length > 0 ? columns : ['expression']
      const definition = Object.keys(rest).length === 0 ? '' : describe(rest)
      return { ...where, kind, columns: named, definition, given: text(index.name), assign: (name) => void (index.name = name) }
    }),
  )
}

/** The columns of a property; `address.city` is a column of an embeddable, or a path into a JSON column. */
function columnsOf(properties: Readonly<Record<string, EntityProperty>>, path: string): string[] {
  const whole = properties[path]
  if (whole !== undefined) return whole.fieldNames
  const [first = '', ...rest] = path.split('.')
  const root = properties[first]
  if (root === undefined) return [path]
  let inner: EntityProperty | undefined = root
  if (!root.object) for (const part of rest) inner = inner?.embeddedProps?.[part]
  if (inner !== undefined && inner !== root) return inner.fieldNames.slice(0, 1)
  return [[root.fieldNames[0]!, ...rest].join('.')]
}

/** The foreign key from a child's primary key to its parent's, in table-per-type inheritance. */
function parentKeyOf(table: ModelTable, where: Where): Constraint[] {
  const { meta } = table
  if (!isTptChild(meta)) return []
  return [{ ...primaryKeyOf(table, where), kind: 'fk', given: undefined, referredTable: withoutSchema(meta.tptParent!.tableName) }]
}

function checksOf({ meta, name: table }: ModelTable, where: Where, { ck }: NamingConvention): Constraint[] {
  const exact = (meta.class as Partial<typeof DeclaredTable>).checkNames === 'exact'
  const { checks: kept } = keptNames(meta)
  return meta.checks.map((check) => {
    const columns = check.property === undefined ? [] : propertyOf(meta, check.property).fieldNames
    // MikroORM has asked for a name already where the model gives none, at a time when the schema was not known.
    const unnamed = check.name === undefined || check.name === renderPattern(ck, { table, name: labelOf(columns) })
    const settled = !unnamed && (exact || namedChecks.has(check) || isMadeBy(ck, { table, schema: where.schema }, check.name!))
    const label = unnamed ? labelOf(columns.slice(0, 1)) : check.name!
    const assign = (name: string): void => {
      check.name = name
      namedChecks.add(check)
    }
    return { ...where, kind: 'ck', columns, label, definition: describe(check.expression), given: kept?.[check.property as string] ?? (settled ? check.name : undefined), assign }
  })
}

/** Names that a database had before its model. */
function keptNames({ class: cls }: EntityMetadata): ConstraintNames {
  return Object.hasOwn(cls, 'constraintNames') ? (cls as unknown as typeof DeclaredTable).constraintNames : {}
}

/** What a check is called that the model gives no name. */
export const labelOf = (columns: readonly string[]): string => (columns.length > 0 ? columns.join('_') : 'check')

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** What a definition says, in words that do not change with the compiler: the source of a function would. */
function describe(definition: unknown): string {
  return JSON.stringify(definition, (_key, part: unknown) => {
    if (isRaw(part)) return [part.sql, ...part.params]
    return typeof part === 'function' || typeof part === 'bigint' ? typeof part : part
  })
}
