import { type Configuration, type EntityMetadata, type EntityProperty, type FilterDef, ReferenceKind } from '@mikro-orm/core'

/**
 * Whether a row of an entity can be asked for by one statement that is always the same: it has no filters that are on by themselves, and nothing is joined to it or
 * loaded after it.
 */
export function isSimple(meta: EntityMetadata, config: Configuration): boolean {
  if (meta.virtual === true || meta.view !== undefined || meta.embeddable === true || meta.schema === '*' || meta.root.inheritanceType !== undefined) return false
  if (meta.serializedPrimaryKey !== undefined || meta.primaryKeys.length === 0 || filters(config.get('filters')) || filters(meta.filters)) return false
  return meta.relations.every((relation) => !reaches(relation))
}

/** Whether a relation changes how its owner is loaded. */
function reaches({ eager, kind, owner, lazy, polymorphic, filters: own, targetMeta }: EntityProperty): boolean {
  const joined = kind === ReferenceKind.ONE_TO_ONE && owner !== true && lazy !== true
  return eager === true || joined || polymorphic === true || own !== undefined || targetMeta === undefined || filters(targetMeta.filters)
}

/** Those that are off unless a query names them do nothing here: such a query has options. */
const filters = (defined: Readonly<Record<string, FilterDef>> | undefined): boolean => Object.values(defined ?? {}).some((filter) => Boolean(filter.default))
