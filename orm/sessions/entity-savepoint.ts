import { type EntityManager, helper, Utils } from '@mikro-orm/core'
import { EntitySnapshot } from './entity-snapshot.ts'
import type { SessionState } from './state.ts'

/** What a session's EntityManagers knew, and had still to write, at some moment, so that they can be made to believe it again. */
export class EntitySavepoint {
  readonly #state: SessionState
  readonly #managers: readonly { readonly em: EntityManager; readonly entities: ReadonlyMap<object, EntitySnapshot>; readonly waiting: readonly (readonly object[])[] }[]

  constructor(managers: readonly EntityManager[], state: SessionState) {
    this.#state = state
    this.#managers = managers.map((em) => ({
      em,
      entities: new Map(identityMapOf(em).map((entity) => [entity, new EntitySnapshot(entity)])),
      waiting: stacksOf(em).map((stack) => [...stack]),
    }))
  }

  /**
   * After the database has gone back: entities whose rows were made since are new again, those that were known are as they were, and what was loaded
   * since is loaded once more.
   */
  async restore(): Promise<void> {
    const managers = this.#managers
    makeNewAgain(managers.map(({ em }) => em), this.#state, (entity) => managers.some(({ entities }) => entities.has(entity)))
    for (const { em, entities, waiting } of managers) {
      const late = identityMapOf(em).filter((entity) => !entities.has(entity))
      for (const snapshot of entities.values()) snapshot.restoreCollections()
      for (const snapshot of entities.values()) snapshot.restoreValues()
      const known = em.getUnitOfWork(false).getIdentityMap()
      for (const [entity, snapshot] of entities) {
        snapshot.restoreKnowledge()
        known.store(entity as never) // it may have been removed since
      }
      for (const [index, stack] of stacksOf(em).entries()) {
        stack.clear() // a collection persists what it is filled with
        for (const entity of waiting[index]!) stack.add(entity)
      }
      await reload(em, late)
    }
  }
}

/** After everything was rolled back: entities whose rows were made in the transaction are new again, and nothing is known of the others. */
export function forgetEntities(managers: readonly EntityManager[], state: SessionState): void {
  makeNewAgain(managers, state, () => false)
  for (const em of managers) em.getUnitOfWork(false).clear()
}

/** Also drops what is waiting to be written. */
function makeNewAgain(managers: readonly EntityManager[], state: SessionState, isKept: (entity: object) => boolean): void {
  const gone = [...state.created].filter(([entity]) => !isKept(entity)).map(([entity, hadKey]) => ({ entity, hadKey, snapshot: new EntitySnapshot(entity) }))
  for (const em of managers) {
    for (const { entity } of gone) em.getUnitOfWork(false).unsetIdentity(entity as never)
  }
  for (const { entity, hadKey, snapshot } of gone) {
    state.created.delete(entity)
    snapshot.makeNew(hadKey)
  }
  for (const { snapshot } of gone) snapshot.renewCollections()
  for (const em of managers) for (const stack of stacksOf(em)) stack.clear()
}

const identityMapOf = (em: EntityManager): object[] => [...em.getUnitOfWork(false).getIdentityMap()] as object[]

function stacksOf(em: EntityManager): Set<object>[] {
  const unitOfWork = em.getUnitOfWork(false)
  return [unitOfWork.getPersistStack(), unitOfWork.getRemoveStack(), unitOfWork.getOrphanRemoveStack()]
}

/** What of these is still there is as the database has it; the others are let go. */
async function reload(em: EntityManager, entities: readonly object[]): Promise<void> {
  const loaded = entities.filter((entity) => helper(entity as never).isInitialized())
  for (const [Entity, group] of Map.groupBy(loaded, (entity) => entity.constructor as new () => object)) {
    const { primaryKeys } = em.getMetadata(Entity as never) as unknown as { primaryKeys: string[] }
    const where = { [Utils.getPrimaryKeyHash(primaryKeys)]: { $in: group.map((entity) => helper(entity as never).getPrimaryKey()) } }
    const found = new Set<object>(await em.find(Entity, where, { refresh: true, filters: false, flushMode: 'commit' } as never))
    for (const entity of group) if (!found.has(entity)) em.getUnitOfWork(false).unsetIdentity(entity as never)
  }
}
