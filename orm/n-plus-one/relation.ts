import type { EntityMetadata, EntityProperty, MikroORM } from '@mikro-orm/core'
import type { QueryKey, QueryShape } from '../sql/query-shape.ts'

/** A query, and the column that it finds its rows by. */
export interface Following extends Pick<QueryShape, 'tables'> {
  readonly key: Pick<QueryKey, 'table' | 'column'> | undefined
}

/** What a query has followed, as the entities call it. */
export interface Followed {
  readonly entity: string
  readonly relation: string | null
}

/**
 * Names the entity that a query reads, and the relation that led to it.
 *
 * @param before - tables that were read earlier: of several relations that lead there, the one that starts at one of these
 */
export function followed({ tables, key }: Following, orm: MikroORM, before: ReadonlySet<string>): Followed | undefined {
  const metas = [...orm.getMetadata().getAll().values()]
  const entityOf = (table: string | undefined): EntityMetadata | undefined => metas.find((meta) => meta.tableName === table && !meta.pivotTable)
  const read = entityOf(tables[0]!.name) ?? tables.map(({ name }) => entityOf(name)).find((meta) => meta !== undefined)
  if (key === undefined) return read && { entity: read.className, relation: null }
  const pivot = tables.find(({ name }) => name === key.table && entityOf(name) === undefined) ?? (read === undefined ? tables[0] : undefined)
  if (pivot !== undefined) {
    const property = metas.flatMap(({ relations }) => relations).find((relation) => relation.pivotTable === pivot.name && (relation.joinColumns ?? []).includes(key.column))
    if (property !== undefined) return { entity: property.targetMeta?.className ?? property.type, relation: nameOfRelation(metas, property) }
  }
  if (read === undefined) return undefined
  return { entity: read.className, relation: relationBy(key.column, read, metas, before) }
}

function relationBy(column: string, read: EntityMetadata, metas: readonly EntityMetadata[], before: ReadonlySet<string>): string | null {
  const property = read.props.find(({ fieldNames }) => fieldNames?.includes(column))
  if (property === undefined) return null
  // The rows that point to one row: a collection, or the relation itself where it has no other side.
  if (property.targetMeta !== undefined) {
    const inverse = property.targetMeta.relations.find(({ mappedBy, targetMeta }) => mappedBy === property.name && isSame(targetMeta, read))
    return nameOfRelation(metas, inverse ?? property)
  }
  if (!property.primary) return null
  // One row by its key: some entity points to it.
  const leading = metas.filter((meta) => !meta.pivotTable).flatMap((meta) => meta.relations.filter((relation) => isSame(relation.targetMeta, read) && relation.fieldNames?.length > 0).map((relation) => ({ meta, relation })))
  const [found, ...others] = leading.some(({ meta }) => before.has(meta.tableName)) ? leading.filter(({ meta }) => before.has(meta.tableName)) : leading
  return found === undefined || others.length > 0 ? null : `${found.meta.className}.${found.relation.name}`
}

function nameOfRelation(metas: readonly EntityMetadata[], property: EntityProperty): string {
  const owner = metas.find(({ relations }) => relations.includes(property as never))
  return `${owner?.className ?? '?'}.${property.name}`
}

/** Engines of one kind share what they know of their entities, and may have copies of it. */
const isSame = (meta: EntityMetadata | undefined, other: EntityMetadata): boolean => meta?.className === other.className && meta.tableName === other.tableName
