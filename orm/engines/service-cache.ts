import { Configuration } from '@mikro-orm/core'

/** The parts of a Configuration that find services: its comparator, its hydrator, its result cache. */
interface Services {
  getCachedService: (this: unknown, cls: object, ...args: unknown[]) => unknown
  resetServiceCache: (this: unknown) => void
}

/**
 * Has a Configuration find its services by their classes. MikroORM finds them by the names of the classes, which takes a fifth of the time in which an EntityManager
 * is made: its constructor asks for six. What is found is the same.
 *
 * @param config - of an engine that is ours
 */
export function findServicesByClass(config: Configuration): void {
  const services = config as unknown as Services
  const { getCachedService, resetServiceCache } = services
  const { prototype } = Configuration as unknown as { readonly prototype: Services }
  if (getCachedService !== prototype.getCachedService || resetServiceCache !== prototype.resetServiceCache) return // somebody has his own, or it was done
  const found = new Map<object, unknown>()
  services.getCachedService = (cls, ...args) => {
    let service = found.get(cls)
    if (service === undefined) found.set(cls, (service = getCachedService.call(config, cls, ...args)))
    return service
  }
  services.resetServiceCache = () => {
    found.clear()
    resetServiceCache.call(config)
  }
}
