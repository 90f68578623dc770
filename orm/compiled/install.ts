import { EntityManager } from '@mikro-orm/core'
import { kFind } from './find-many.ts'
import { type FindOne, findOneShortly } from './find-one.ts'

/** What the short way does in place of these, or leaves out because they would do nothing. */
const STOOD_IN_FOR = [
  'find', 'findOne', 'prepareOptions', 'tryFlush', 'processWhere', 'applyFilters', 'preparePopulate', 'autoJoinRefsForFilters', 'getJoinedFilters', 'createPopulateWhere',
  'shouldRefresh', 'lockAndPopulate', 'tryCache', 'storeCache', 'getEntityFactory', 'getUnitOfWork', 'getComparator',
]


/**
 * Puts the short way in front of the methods of a session class, but not where the application's own EntityManager has another idea of what they do.
 *
 * @param base - of what the session class was made
 */
export function installShortWay(prototype: EntityManager, base: EntityManager): void {
  const [methods, theirs, originals] = [prototype, base, EntityManager.prototype] as unknown as Record<string, unknown>[]
  if (STOOD_IN_FOR.some((name) => theirs![name] !== originals![name])) return
  const longWay = methods!['findOne'] as FindOne
  const findOne: FindOne = function (...args) {
    const [entity, where, options] = args
    const found = options === undefined && typeof entity !== 'string' ? findOneShortly(this, entity as never, where, longWay) : undefined
    return found ?? longWay.apply(this, args)
  }
  Object.defineProperty(prototype, kFind, { value: methods!['find'] })
  Object.defineProperty(prototype, 'findOne', { value: findOne, writable: true, configurable: true })
}
