import { type EntityManager, wrap } from '@mikro-orm/core'
import { EntityLoadedTwiceError } from '../errors.ts'
import { bindingOf } from './binding.ts'
import { assertOwn, claim, describe, labelOf, loadedRelations, managerOf, manages, stateOfEntity } from './ownership.ts'

/**
 * Takes in an entity whose former session is over or has let go of it (`clear()`), with the changes made to it since it was loaded, and
 * with what is loaded around it.
 */
export function adopt(entity: object, em: EntityManager): void {
  const state = stateOfEntity(entity)
  if (state.__em === undefined || !state.__managed || manages(em, entity)) return
  const reached = managedAround(entity)
  for (const each of reached) assertOwn(each, em)
  attach(entity, reached, em)
}

/**
 * `merge()` of an entity hands it over from whichever session holds it, with all that is loaded around it: from now on exactly one
 * session holds each of them. Changes made before are kept, where MikroORM's own merge would take them for the state of the row.
 */
export function handOver(entity: object, em: EntityManager): void {
  if (manages(em, entity) || !wrap(entity, true).hasPrimaryKey()) return // the latter MikroORM refuses
  const reached = managedAround(entity)
  assertSingle(reached, em)
  for (const each of reached) {
    const manager = managerOf(each)
    if (manager !== undefined && bindingOf(manager)?.scope !== bindingOf(em)?.scope) letGo(each, manager)
  }
  attach(entity, reached, em)
}

/** Has an EntityManager forget an entity and whatever it was about to do with it. */
function letGo(entity: object, manager: EntityManager): void {
  const unitOfWork = manager.getUnitOfWork(false)
  if (manages(manager, entity)) unitOfWork.getIdentityMap().delete(entity)
  for (const stack of [unitOfWork.getPersistStack(), unitOfWork.getRemoveStack(), unitOfWork.getOrphanRemoveStack()]) stack.delete(entity)
}

/** The entity and everything that MikroORM's merge cascades to. */
function managedAround(entity: object, reached = new Set<object>()): ReadonlySet<object> {
  reached.add(entity)
  for (const related of loadedRelations(entity)) {
    if (!reached.has(related) && stateOfEntity(related).__managed) managedAround(related, reached)
  }
  return reached
}

function assertSingle(entities: Iterable<object>, em: EntityManager): void {
  const identityMap = em.getUnitOfWork(false).getIdentityMap()
  for (const entity of entities) {
    const known = identityMap.getByEntity(entity)
    if (known !== undefined && known !== entity) throw new EntityLoadedTwiceError(describe(entity), labelOf(em))
  }
}

function attach(entity: object, reached: ReadonlySet<object>, em: EntityManager): void {
  assertSingle(reached, em)
  const moved = [...reached].map((each) => ({ each, snapshot: snapshotFor(each, em) }))
  em.getUnitOfWork(false).merge(entity)
  // merge() takes what an entity holds now for what is in its row; it is what was loaded that counts.
  for (const { each, snapshot } of moved) if (snapshot !== undefined) stateOfEntity(each).__originalEntityData = snapshot()
}

/**
 * What the EntityManager has to compare an entity with to find the changes that were made elsewhere. Another database may store the
 * same value in another form, so between two databases the snapshot is translated: as the entity is, but for what was changed.
 *
 * @returns the snapshot, to be asked for when the entity has been merged
 */
function snapshotFor(entity: object, em: EntityManager): (() => object) | undefined {
  const state = stateOfEntity(entity)
  const { __originalEntityData: snapshot, __em: manager } = state
  const storage = em.getMetadata()
  if (manager === undefined || manager.getMetadata() === storage) return snapshot && (() => snapshot)
  const before = manager.getComparator()
  const changes = snapshot === undefined ? {} : before.diffEntities(entity.constructor as never, snapshot, before.prepareEntity(entity))
  state.__em = em
  claim(entity, em, true)
  if (snapshot === undefined) return undefined
  return () => {
    const translated = em.getComparator().prepareEntity(entity) as Record<string, unknown>
    for (const key of Object.keys(changes)) translated[key] = (snapshot as Record<string, unknown>)[key]
    return translated
  }
}

/** Before an upsert or an insert of an entity, which MikroORM does by itself: what nobody holds any more is loosened from its former session. */
export function loosen(entity: object, em: EntityManager): void {
  const state = stateOfEntity(entity)
  if (manages(em, entity)) return
  const moved = state.__em !== undefined && state.__em.getMetadata() !== em.getMetadata()
  delete state.__em
  claim(entity, em, moved)
}
