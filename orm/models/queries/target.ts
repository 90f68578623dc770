import { type EntityManager, type EntityMetadata, type EntityName, EntitySchema } from '@mikro-orm/core'
import { ArgumentInvalidError, SessionMissingError } from '../../errors.ts'
import { assertKnown } from '../../sessions/guards.ts'

/**
 * What a query is about, after both have been checked: callers in JavaScript have no compiler that would.
 * Of no particular entity: the types are the helpers' signatures, and all names in between come from the metadata.
 */
export interface Target {
  readonly em: EntityManager
  readonly entity: EntityName
  readonly meta: EntityMetadata
}

/** A condition in MikroORM's form. */
export type Condition = object

/**
 * @throws SessionMissingError, EntityUnknownError
 */
export function targetOf(helper: string, session: EntityManager, entity: EntityName): Target {
  if (!isEntityManager(session)) throw new SessionMissingError(helper)
  if (typeof entity !== 'function' && !EntitySchema.is(entity)) throw new ArgumentInvalidError('entity', 'must be the class or the schema of an entity')
  assertKnown(session, entity as never)
  const meta = session.getMetadata().get<object>(EntitySchema.is(entity) ? entity.meta.class : entity)
  return { em: session, entity, meta }
}

/** By what it can do: an application may have a second copy of MikroORM's classes, and a container of sessions has neither. */
function isEntityManager(session: unknown): session is EntityManager {
  if (typeof session !== 'object' || session === null) return false
  const { find, getMetadata } = session as Partial<EntityManager>
  return typeof find === 'function' && typeof getMetadata === 'function'
}
