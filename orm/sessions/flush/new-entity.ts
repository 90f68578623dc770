import { type EntityManager, type EntityMetadata, EventType, helper, Reference, ReferenceKind, type UnitOfWork, Utils } from '@mikro-orm/core'
import { stateOfEntity } from '../ownership.ts'
import { listensToEntity, listensToFlushes, listensToTransactions } from './listeners.ts'

/** To look for changes in more entities is what a flush is for. */
const MOST_KNOWN = 20

/** The entity that a flush is to insert, where that is all that there is to do, and it is a simple one; undefined where MikroORM must find out. */
export function soleNewEntity(em: EntityManager, uow: UnitOfWork): object | undefined {
  const stack = uow.getPersistStack() as Set<object>
  if (stack.size !== 1 || uow.getRemoveStack().size > 0 || uow.getOrphanRemoveStack().size > 0) return undefined
  const [entity] = stack as unknown as [object]
  const meta = em.getMetadata().find(entity.constructor as never)
  if (meta === undefined || !isSimple(meta) || metaOf(entity) !== meta) return undefined
  if (listensToFlushes(em) || listensToTransactions(em) || listensToEntity(em, meta, EventType.beforeCreate, EventType.afterCreate)) return undefined
  const { __managed, __originalEntityData, __initialized, __processing } = stateOfEntity(entity)
  if (__managed || __originalEntityData !== undefined || !__initialized || __processing) return undefined
  const map = uow.getIdentityMap()
  if (!leadsOnlyToKnown(entity, meta, uow, true)) return undefined
  let known = 0
  for (const other of map as Iterable<object>) if (other !== entity && (++known > MOST_KNOWN || !isUnchanged(em, other, uow))) return undefined
  return entity
}

const metaOf = (entity: object): EntityMetadata => helper(entity).__meta

const simple = new WeakMap<EntityMetadata, boolean>()

function isSimple(meta: EntityMetadata): boolean {
  let answer = simple.get(meta)
  if (answer === undefined) simple.set(meta, (answer = looksSimple(meta)))
  return answer
}

/** One table, one column for the key and one for each property, and nothing that MikroORM must look after in between. */
function looksSimple(meta: EntityMetadata): boolean {
  const key = meta.getPrimaryProps()
  if (meta.readonly === true || meta.virtual === true || meta.embeddable === true || meta.abstract === true || meta.root !== meta || meta.inheritanceType !== undefined) return false
  if (key.length !== 1 || key[0]!.kind !== ReferenceKind.SCALAR || meta.versionProperty || meta.getOwnConcurrencyCheckKeys().length > 0) return false
  return meta.props.every(({ kind, fieldNames, polymorphic, targetKey }) => kind !== ReferenceKind.EMBEDDED && (fieldNames?.length ?? 1) <= 1 && polymorphic === undefined && targetKey === undefined)
}

/** Whether all that an entity refers to is in the identity map; what a collection of a new entity holds would have to be looked at too. */
function leadsOnlyToKnown(entity: object, meta: EntityMetadata, uow: UnitOfWork, isNew: boolean): boolean {
  const map = uow.getIdentityMap()
  return meta.relations.every((property) => {
    const value: unknown = entity[property.name as never]
    if (value === undefined || value === null) return true
    if (Utils.isCollection(value)) return !value.isDirty() && (!isNew || value.getItems(false).length === 0)
    if (property.mapToPk === true) return true
    const target: unknown = Reference.unwrapReference(value as never)
    if (!Utils.isEntity<object>(target) || (isNew && property.kind === ReferenceKind.ONE_TO_ONE && property.owner !== true)) return false
    return stateOfEntity(target).__managed === true && map.getByEntity(target as never) === target
  })
}

function isUnchanged(em: EntityManager, entity: object, uow: UnitOfWork): boolean {
  const { __managed, __originalEntityData: before, __processing } = stateOfEntity(entity)
  if (!__managed || before === undefined || __processing || !leadsOnlyToKnown(entity, metaOf(entity), uow, false)) return false
  const comparator = em.getComparator()
  return !Utils.hasObjectKeys(comparator.diffEntities(entity.constructor as never, before, comparator.prepareEntity(entity)))
}
