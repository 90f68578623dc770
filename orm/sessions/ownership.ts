import { type EntityManager, Reference, Utils, wrap } from '@mikro-orm/core'
import { bindEmbedded, bindToMetadata, classesAreShared } from '../entities/shared-prototypes.ts'
import { EntityOfAnotherSessionError } from '../errors.ts'
import { bindingOf } from './binding.ts'

/** MikroORM keeps an entity's EntityManager only from its first flush on; until then we note the session that it was persisted in. */
const kPersistedIn = Symbol('fastify-sqlassist.persistedIn')

/** The part of MikroORM's per-entity helper that we read and write. */
export interface EntityState {
  __em?: EntityManager
  __managed?: boolean
  __schema?: string
  __originalEntityData?: object
  __initialized?: boolean
  __processing?: boolean
  __pk?: unknown
  [kPersistedIn]?: EntityManager
}

export const stateOfEntity = (entity: object): EntityState => wrap(entity, true)

/** The EntityManager that an entity was loaded by, persisted in or merged into last, whether or not it still holds it. */
export function managerOf(entity: object): EntityManager | undefined {
  const state = stateOfEntity(entity)
  return state.__em ?? state[kPersistedIn]
}

/** The entities in what `persist`, `remove` and their like accept: an entity, a Reference, or several of them. */
export function entitiesIn(subject: unknown): object[] {
  const found: object[] = []
  for (const item of Utils.asArray(subject as object)) {
    const entity: unknown = Reference.unwrapReference(item as never)
    if (Utils.isEntity(entity)) found.push(entity)
  }
  return found
}

/** Whether the EntityManager has the entity in its identity map, so that it notices later changes. */
export function manages(em: EntityManager, entity: object): boolean {
  return em.getUnitOfWork(false).getIdentityMap().getByEntity(entity) === entity
}

/** Whether the EntityManager would still write the entity at its next flush. */
export function holds(em: EntityManager, entity: object): boolean {
  return em.getUnitOfWork(false).getPersistStack().has(entity) || manages(em, entity)
}

export function describe(entity: object): string {
  const key: unknown = wrap(entity, true).getPrimaryKey()
  return `The entity ${entity.constructor.name}${key == null ? '' : ` (${JSON.stringify(key)})`}`
}

/** The session as errors name it. An EntityManager that is no session may own entities too. */
export const labelOf = (em: EntityManager): string => bindingOf(em)?.state.label ?? 'an EntityManager outside of all sessions'

/**
 * Refuses an entity that another EntityManager holds, whose session is open. MikroORM would accept it, write it once and lose every
 * later change (mikro-orm#6804). A session and its transactions are one; a fork made by hand is another.
 *
 * @param em - the EntityManager that the entity is handed to
 */
export function assertOwn(entity: object, em: EntityManager): void {
  const manager = managerOf(entity)
  if (manager === undefined || manager === em) return
  const owner = bindingOf(manager)
  const own = bindingOf(em)
  if ((owner !== undefined && owner.scope === own?.scope) || owner?.state.closed === true) return
  if (!holds(manager, entity) || holds(em, entity)) return
  const sameSession = owner !== undefined && owner.state === own?.state
  throw new EntityOfAnotherSessionError(describe(entity), sameSession ? `another fork of ${labelOf(manager)}` : labelOf(manager), labelOf(em))
}

/** Notes where a new entity was persisted, so that it is known before its first flush. */
export function notePersisted(entity: object, em: EntityManager): void {
  const state = stateOfEntity(entity)
  if (state.__managed && state.__em !== undefined) return
  // Removed elsewhere: without this MikroORM would insert it here and have it load its relations there.
  delete state.__em
  state[kPersistedIn] = em
  claim(entity, em)
}

/** Makes an entity that is nobody's one of the EntityManager's MikroORM: its metadata, its platform, the schema of its table there. */
export function claim(entity: object, em: EntityManager, moved = false): void {
  if (!classesAreShared()) return
  const storage = em.getMetadata()
  const meta = storage.find(entity.constructor as never)
  if (meta === undefined) return
  const rebound = bindToMetadata(entity, storage, em.config)
  bindEmbedded(entity, storage, em.config)
  if (!rebound && !moved) return
  const schema = em.getDriver().getSchemaName(meta, em.schema === undefined ? {} : { schema: em.schema })
  if (schema === undefined) delete stateOfEntity(entity).__schema
  else stateOfEntity(entity).__schema = schema
}

/** The entities that an entity refers to and that are in memory: nothing is loaded for it. */
export function* loadedRelations(entity: object): Generator<object> {
  const { __meta: meta } = wrap(entity, true)
  for (const property of meta.relations) {
    for (const [value] of Utils.unwrapProperty<object>(entity, meta, property)) {
      if (Utils.isCollection(value)) yield* value.getItems(false) as Iterable<object>
      else yield* entitiesIn(value)
    }
  }
}
