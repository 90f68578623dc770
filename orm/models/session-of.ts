import { Utils } from '@mikro-orm/core'
import { ArgumentInvalidError } from '../errors.ts'
import { sessionStateOf } from '../sessions/binding.ts'
import type { SessionInfo } from '../sessions/info.ts'
import { managerOf } from '../sessions/ownership.ts'
import type { Session } from '../sessions/types.ts'

/** What `session.info.request` is: a FastifyRequest where the plugin is in use. */
export type SessionRequest = SessionInfo extends { request?: infer R } ? R : unknown

/**
 * The session that an entity was loaded by, persisted in, created by or merged into; in a transaction, the transaction's own.
 *
 * @returns undefined for an entity that no session knows: a new one that nobody has persisted, or one of a plain EntityManager
 * @throws ArgumentInvalidError for anything but an entity
 */
export function sessionOf(entity: object): Session | undefined {
  if (!Utils.isEntity(entity, true)) throw new ArgumentInvalidError('entity', 'must be an entity')
  const manager = managerOf(entity)
  return manager !== undefined && sessionStateOf(manager) !== undefined ? (manager as Session) : undefined
}

/**
 * The request behind an entity's session.
 *
 * @returns undefined outside requests, and for an entity that no session knows
 */
export function requestOf(entity: object): SessionRequest | undefined {
  const info = sessionOf(entity)?.info
  return info !== undefined && 'request' in info ? info.request : undefined // without the plugin, a SessionInfo has no request
}
