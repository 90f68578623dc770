import { type EntityManager, Reference, Utils, wrap } from '@mikro-orm/core'
import { bindToMetadata } from '../entities/shared-prototypes.ts'
import { EntityLoadedTwiceError, EntityOfAnotherSessionError } from '../errors.ts'
import { sessionStateOf } from './binding.ts'
import type { SessionState } from './state.ts'

/** MikroORM keeps an entity's EntityManager only from its first flush on; until then we note the session that it was persisted in. */
const kPersistedIn = Symbol('fastify-sqlassist.persistedIn')

/** The part of MikroORM's per-entity helper that we read and write. */
interface EntityState {
  __em?: EntityManager
  __managed?: boolean
  __originalEntityData?: unknown
  [kPersistedIn]?: EntityManager
}

const stateOfEntity = (entity: object): EntityState => wrap(entity, true)

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

/** Whether the EntityManager would still write the entity at its next flush. */
function holds(em: EntityManager, entity: object): boolean {
  const unitOfWork = em.getUnitOfWork(false)
  return unitOfWork.getIdentityMap().getByEntity(entity) === entity || unitOfWork.getPersistStack().has(entity)
}

function describe(entity: object): string {
  const key: unknown = wrap(entity, true).getPrimaryKey()
  return `The entity ${entity.constructor.name}${key == null ? '' : ` (${JSON.stringify(key)})`}`
}

/**
 * Refuses an entity that another open session holds. MikroORM would accept it, write it once and lose every later change
 * (mikro-orm#6804).
 */
export function assertOwn(entity: object, state: SessionState): void {
  const manager = managerOf(entity)
  if (manager === undefined) return
  const owner = sessionStateOf(manager)
  if (owner === undefined || owner === state || owner.closed || !holds(manager, entity)) return
  throw new EntityOfAnotherSessionError(describe(entity), owner.label, state.label)
}

/** Notes where a new entity was persisted, so that it is known before its first flush. */
export function notePersisted(entity: object, em: EntityManager): void {
  const state = stateOfEntity(entity)
  if (state.__em !== undefined) return
  state[kPersistedIn] = em
  bindToMetadata(entity, em.getMetadata(), em.config)
}

/**
 * Takes in an entity whose former session is over or has let go of it (`clear()`), with the changes made to it since it was loaded.
 */
export function adopt(entity: object, em: EntityManager): void {
  const state = stateOfEntity(entity)
  if (state.__em === undefined || state.__em === em || !state.__managed) return
  const before = sessionStateOf(state.__em)
  if (before === sessionStateOf(em) && holds(state.__em, entity)) return
  attach(entity, em)
}

/**
 * `merge()` of an entity hands it over from whichever session holds it, with all that is loaded around it: from now on exactly one
 * session holds each of them. Changes made before are kept, where MikroORM's own merge would take them for the state of the row.
 */
export function handOver<T extends object>(entity: T, em: EntityManager): T {
  const reached = new Set<object>()
  collectManaged(entity, reached)
  for (const each of reached) {
    const manager = managerOf(each)
    if (manager === undefined || sessionStateOf(manager) === sessionStateOf(em)) continue
    manager.getUnitOfWork(false).getIdentityMap().delete(each)
    manager.getUnitOfWork(false).getPersistStack().delete(each)
  }
  return attach(entity, em)
}

function attach<T extends object>(entity: T, em: EntityManager): T {
  const unitOfWork = em.getUnitOfWork(false)
  const known = unitOfWork.getIdentityMap().getByEntity(entity)
  if (known !== undefined && known !== entity) throw new EntityLoadedTwiceError(describe(entity), sessionStateOf(em)?.label ?? 'The session')
  const state = stateOfEntity(entity)
  const snapshot = state.__originalEntityData
  unitOfWork.merge(entity)
  if (snapshot !== undefined) state.__originalEntityData = snapshot
  return entity
}

/** Everything loaded that MikroORM's merge would cascade to. */
function collectManaged(entity: object, reached: Set<object>): void {
  if (reached.has(entity)) return
  reached.add(entity)
  for (const related of loadedRelations(entity)) if (stateOfEntity(related).__managed) collectManaged(related, reached)
}

/** The entities that an entity refers to and that are in memory: nothing is loaded for it. */
export function* loadedRelations(entity: object): Generator<object> {
  const values = entity as Record<string, unknown>
  for (const property of wrap(entity, true).__meta.relations) {
    const value = values[property.name]
    if (Utils.isCollection(value)) {
      if (value.isInitialized()) yield* value.getItems(false) as Iterable<object>
    } else {
      const target: unknown = Reference.unwrapReference(value as never)
      if (Utils.isEntity(target)) yield target
    }
  }
}
