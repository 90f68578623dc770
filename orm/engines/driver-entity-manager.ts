import { EntityManager, type Options } from '@mikro-orm/core'
import type { EntityManagerClass } from '../sessions/session-class.ts'

/** The part of a driver class that chooses an EntityManager class: `config.get('entityManager', <its own>)`. */
interface DriverPrototype {
  createEntityManager(this: { config: { get(key: string, own?: EntityManagerClass): unknown } }): unknown
}

/**
 * The EntityManager class that a driver would use, found without making a driver: its `createEntityManager()` is asked with a
 * configuration that only listens.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- options of any driver
export function entityManagerClassOf(options: Partial<Options<any, any, any>>): EntityManagerClass {
  if (options.entityManager !== undefined) return options.entityManager as EntityManagerClass
  let found: EntityManagerClass = EntityManager
  const config = {
    get: (_key: string, own?: EntityManagerClass): unknown => {
      found = own ?? found
      return class Unused {}
    },
  }
  ;(options.driver!.prototype as DriverPrototype).createEntityManager.call({ config })
  return found
}
