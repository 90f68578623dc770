import { Configuration, EntityManager, MetadataStorage, RequestContext, UnitOfWork, Utils } from '@mikro-orm/core'
import { MikroOrmUnsupportedError } from '../errors.ts'

/** The methods of MikroORM that are not documented, or protected, and that we override or call. */
const BUILT_ON: readonly (readonly [name: string, holder: object, methods: readonly string[]])[] = [
  ['EntityManager', EntityManager.prototype, ['getContext', 'fork', 'transactional', 'begin', 'commit', 'rollback', 'setTransactionContext', 'resetTransactionContext', 'tryFlush', 'prepareOptions', 'getUnitOfWork', 'getComparator']],
  ['UnitOfWork', UnitOfWork.prototype, ['merge', 'clear', 'getIdentityMap', 'getPersistStack', 'getRemoveStack', 'getOrphanRemoveStack', 'getChangeSets', 'getCollectionUpdates']],
  ['MetadataStorage', MetadataStorage.prototype, ['decorate', 'has', 'find', 'get']],
  ['Configuration', Configuration.prototype, ['getComparator', 'getHydrator', 'getCachedService', 'resetServiceCache']],
  ['RequestContext.storage', (RequestContext as unknown as { storage?: object }).storage ?? {}, ['run', 'getStore']],
]

/**
 * Looks once, at start-up, whether the installed MikroORM still has what we build on: better a coded error then than wrong rows later.
 *
 * @throws MikroOrmUnsupportedError
 */
export function assertMikroOrmSupported(builtOn: typeof BUILT_ON = BUILT_ON): void {
  const missing = builtOn.flatMap(([name, holder, methods]) =>
    methods.filter((method) => typeof (holder as Record<string, unknown>)[method] !== 'function').map((method) => `${name}.${method}()`),
  )
  if (missing.length > 0) throw new MikroOrmUnsupportedError(Utils.getORMVersion(), missing.join(', '))
}
