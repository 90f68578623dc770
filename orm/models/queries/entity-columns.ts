import {
  type EntityKey, type EntityManager, type EntityMetadata, type EntityProperty, helper, type Primary, ReferenceKind, type Reference, type ScalarReference, Utils, wrap,
} from '@mikro-orm/core'
import { ArgumentInvalidError } from '../../errors.ts'

/** What a property is as a column: a lazy scalar without its wrapper, a relation as the key of the entity it refers to. */
type ColumnData<V> =
  V extends null | undefined ? V
  : V extends ScalarReference<infer S> ? S
  : V extends Reference<infer R> ? Primary<R>
  : V extends { getDbSession(): unknown } ? Primary<V>
  : V extends { readonly [Symbol.iterator]: unknown; isInitialized(...args: never[]): boolean } ? never
  : V

/** The columns of an entity by property name: scalars, embedded objects, and relations that are foreign keys of its table. */
export type EntityColumns<T> = { [K in EntityKey<T> as [ColumnData<T[K]>] extends [never] ? never : K]: ColumnData<T[K]> }

/**
 * All columns of an entity as a plain object. What is not in memory yet (lazy scalars, the rest of a reference or of a partially
 * loaded entity) is loaded first, into the entity.
 */
export async function columnsAsObject<T extends object>(entity: T): Promise<EntityColumns<T>> {
  const { __meta: meta, __em: em } = stateOf(entity)
  const missing = columnsOf(meta).filter((column) => !isLoaded(entity, column))
  if (em !== undefined && missing.length > 0) await load(entity, em, meta, missing)
  return Object.fromEntries(loadedColumnsAsList(entity, { withValues: true })) as EntityColumns<T>
}

/** Those columns of an entity that are in memory, as a plain object. */
export function loadedColumnsAsObject<T extends object>(entity: T): Partial<EntityColumns<T>> {
  return Object.fromEntries(loadedColumnsAsList(entity, { withValues: true })) as Partial<EntityColumns<T>>
}

/** The names of those columns of an entity that are in memory; with `withValues`, pairs of name and value. */
export function loadedColumnsAsList<T extends object>(entity: T, options: { readonly withValues: true }): [EntityKey<T>, unknown][]
export function loadedColumnsAsList<T extends object>(entity: T, options?: { readonly withValues?: false | undefined }): EntityKey<T>[]
export function loadedColumnsAsList<T extends object>(entity: T, { withValues = false }: { readonly withValues?: boolean | undefined } = {}): unknown[] {
  const loaded = columnsOf(stateOf(entity).__meta).filter((column) => isLoaded(entity, column))
  return withValues ? loaded.map((column) => [column.name, valueOf(entity, column)]) : loaded.map(({ name }) => name)
}

function stateOf(entity: object): ReturnType<typeof helper> {
  if (!Utils.isEntity(entity, true)) throw new ArgumentInvalidError('entity', 'must be an entity')
  return helper(entity)
}

const columnsOf = (meta: EntityMetadata): EntityProperty[] =>
  meta.props.filter((property) => {
    if (property.persist === false || property.formula !== undefined || property.embedded !== undefined) return false
    return property.kind === ReferenceKind.SCALAR || property.kind === ReferenceKind.EMBEDDED || isForeignKey(property)
  })

const isForeignKey = ({ kind, owner }: EntityProperty): boolean => kind === ReferenceKind.MANY_TO_ONE || (kind === ReferenceKind.ONE_TO_ONE && owner)

function isLoaded(entity: object, { name }: EntityProperty): boolean {
  const value = (entity as Record<string, unknown>)[name]
  return Utils.isScalarReference(value) ? value.isInitialized() : value !== undefined
}

function valueOf(entity: object, column: EntityProperty): unknown {
  const value = (entity as Record<string, unknown>)[column.name]
  if (Utils.isScalarReference(value)) return value.unwrap()
  return Utils.isEntity(value, true) ? keyOf(value) : value
}

/** The primary key of an entity as a helper takes it: a tuple where it has several columns. */
function keyOf(entity: object): unknown {
  const key = helper(entity).__meta.getPrimaryProps().map((column) => valueOf(entity, column))
  return key.length === 1 ? key[0] : key
}

async function load(entity: object, em: EntityManager, meta: EntityMetadata, missing: readonly EntityProperty[]): Promise<void> {
  if (!wrap(entity).isInitialized()) await em.findOne(meta.class, helper(entity).getPrimaryKey())
  const names = missing.filter((column) => !isLoaded(entity, column)).map(({ name }) => name)
  if (names.length > 0) await em.findOne(meta.class, helper(entity).getPrimaryKey(), { fields: names } as never)
}
