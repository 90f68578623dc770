import { type Configuration, type MetadataStorage, ObjectHydrator, type Options } from '@mikro-orm/core'
import { bindEmbedded, bindToMetadata } from './shared-prototypes.ts'

/**
 * Whether any hydrator of this process is filling an entity right now. Kept on globalThis, because it must be one even with two copies
 * of this package in the tree.
 */
const kHydrating = Symbol.for('fastify-sqlassist.hydrating')
const flag: { hydrating: boolean } = ((globalThis as unknown as Record<symbol, { hydrating: boolean } | undefined>)[kHydrating] ??= {
  hydrating: false,
})

type HydratorConstructor = Options['hydrator']

/** What we override of a hydrator, without the type parameters of its methods: we hand their arguments through. */
interface AnyHydrator {
  readonly metadata: MetadataStorage
  readonly config: Configuration
  hydrate(...args: unknown[]): void
  hydrateReference(...args: unknown[]): void
  isRunning(): boolean
}

/**
 * A hydrator that shares its running state with all others.
 *
 * MikroORM puts the setters of relations on the prototype of an entity class, bound to the hydrator of the MikroORM that was
 * initialised last. While another one hydrates, those setters ask the wrong hydrator, take what comes from the database for a change
 * of the user's, and the next flush writes it back: a needless UPDATE, and a reference marked as loaded that is not.
 */
export function sharedHydrator(Base: HydratorConstructor = ObjectHydrator): HydratorConstructor {
  class SharedHydrator extends (Base as unknown as new (...args: unknown[]) => AnyHydrator) {
    override hydrate(...args: unknown[]): void {
      bindToMetadata(args[0] as object, this.metadata, this.config)
      const newEntity = args[5] === true
      hydrating(!newEntity, () => super.hydrate(...args))
      bindEmbedded(args[0] as object, this.metadata, this.config)
    }

    override hydrateReference(...args: unknown[]): void {
      bindToMetadata(args[0] as object, this.metadata, this.config)
      hydrating(true, () => super.hydrateReference(...args))
    }

    override isRunning(): boolean {
      return flag.hydrating
    }
  }
  // MikroORM caches services by class name: two configurations never share one, so one name for all is right.
  return SharedHydrator
}

function hydrating(running: boolean, fn: () => void): void {
  const before = flag.hydrating
  flag.hydrating = running
  try {
    fn()
  } finally {
    flag.hydrating = before
  }
}
