import { type Configuration, type EntityMetadata, type EntityProperty, type MetadataStorage, ReferenceKind } from '@mikro-orm/core'

/** A table as the schema generator sees it: entities that share a table are one, and a child of table-per-type inheritance has its own. */
export interface ModelTable {
  readonly meta: EntityMetadata
  readonly schema: string
  readonly name: string
  /** The properties that have columns in this table. */
  readonly properties: readonly EntityProperty[]
}

/** Where the model names no schema. The same word on every database, so that `{schema}` gives the same names. */
const UNNAMED_SCHEMA = 'public'

export function tablesOf(metadata: MetadataStorage, config: Pick<Configuration, 'get'>): ModelTable[] {
  const configured = config.get('schema')
  return [...metadata].filter(hasTable).map((meta) => {
    const schema = (meta.schema === '*' ? undefined : meta.schema) ?? configured ?? UNNAMED_SCHEMA
    return { meta, schema, name: withoutSchema(meta.collection), properties: propertiesOf(meta).filter((property) => hasColumn(meta, property)) }
  })
}

/** The property of that name. The types of MikroORM take property names for members of an enum where the entity is not known. */
export const propertyOf = (meta: EntityMetadata, name: string): EntityProperty => (meta.properties as Record<string, EntityProperty>)[name]!

export const withoutSchema = (table: string): string => table.slice(table.lastIndexOf('.') + 1)

export const isTptChild = (meta: EntityMetadata): boolean => meta.inheritanceType === 'tpt' && meta.tptParent !== undefined

/** Whether the schema generator makes a table for it. */
export function hasTable(meta: EntityMetadata): boolean {
  if (meta.embeddable || meta.virtual || (meta.view && !meta.materialized)) return false
  return meta.root.class === meta.class || isTptChild(meta)
}

function propertiesOf(meta: EntityMetadata): EntityProperty[] {
  if (!isTptChild(meta)) return meta.props
  const own = meta.ownProps ?? meta.props
  return [...own, ...meta.primaryKeys.map((key) => propertyOf(meta, key)).filter((property) => !own.includes(property))]
}

function hasColumn(meta: EntityMetadata, property: EntityProperty): boolean {
  if (property.persist === false || (property.columnTypes?.length ?? 0) === 0) return false
  if (property.kind === ReferenceKind.EMBEDDED) return property.object === true
  let root = property
  while (root.embedded) root = propertyOf(meta, root.embedded[0])
  // What is inside of a JSON column is no column.
  if (root !== property && root.object) return false
  return [ReferenceKind.SCALAR, ReferenceKind.MANY_TO_ONE].includes(property.kind) || (property.kind === ReferenceKind.ONE_TO_ONE && property.owner)
}
