import { type Configuration, type EntityMetadata, helper, type MetadataStorage, type MikroORM, type Platform } from '@mikro-orm/core'

/** What MikroORM writes on the prototype of an entity class, over what the MikroORM before it wrote there. */
interface Decoration {
  readonly __meta: EntityMetadata
  readonly __config: Configuration
  readonly __platform: Platform
  readonly __factory: unknown
}

/** The getters that MikroORM compiles per metadata and hands to an entity's helper when the helper is made. */
interface KeyGetters {
  pkGetter: unknown
  pkSerializer: unknown
  pkGetterConverted: unknown
}

const KEYS = ['__meta', '__config', '__platform', '__factory'] as const
const kStorage = Symbol('fastify-sqlassist.metadataStorage')

/** Which MikroORM's metadata know a prototype. A class needs help only where there are two. */
const decorations = new WeakMap<object, Map<MetadataStorage, Decoration>>()

interface EntityHelper extends KeyGetters {
  __em?: { getMetadata(): MetadataStorage }
  [kStorage]?: MetadataStorage
}

/**
 * Lets each entity of a class that several MikroORM instances know answer with the metadata and the platform of its own one, and not
 * of whichever was initialised last. Needed where metadata cannot be shared: different drivers, or entity lists that overlap.
 * Called right after a discovery.
 */
export function registerDiscovered(orm: MikroORM): void {
  const storage = orm.getMetadata()
  for (const meta of storage) {
    const prototype = meta.prototype as object | undefined
    if (!prototype) continue
    const known = decorations.get(prototype) ?? new Map<MetadataStorage, Decoration>()
    known.set(storage, readDecoration(prototype))
    decorations.set(prototype, known)
    if (known.size > 1) installDispatch(prototype, known, storage)
  }
}

/** Forgets a MikroORM that has been closed. */
export function forgetDiscovered(orm: MikroORM): void {
  const storage = orm.getMetadata()
  for (const meta of storage) if (meta.prototype) decorations.get(meta.prototype as object)?.delete(storage)
}

function readDecoration(prototype: object): Decoration {
  const values = prototype as unknown as Decoration
  return { __meta: values.__meta, __config: values.__config, __platform: values.__platform, __factory: values.__factory }
}

function installDispatch(prototype: object, known: Map<MetadataStorage, Decoration>, last: MetadataStorage): void {
  for (const key of KEYS) {
    Object.defineProperty(prototype, key, {
      configurable: true,
      get(this: object) {
        const storage = this === prototype ? undefined : storageOf(this)
        return (known.get(storage ?? last) ?? known.get(last) ?? [...known.values()].at(-1))?.[key]
      },
    })
  }
}

function storageOf(entity: object): MetadataStorage | undefined {
  if (!Object.hasOwn(entity, '__helper')) return undefined
  const own = helper(entity) as unknown as EntityHelper
  return own.__em?.getMetadata() ?? own[kStorage]
}

/**
 * Tells a new entity whose it is, before MikroORM asks for its metadata or converts its key. Costs a look-up, and nothing more where the
 * class is known to one MikroORM only.
 */
export function bindToMetadata(entity: object, storage: MetadataStorage, config: Configuration): void {
  const known = decorations.get(Object.getPrototypeOf(entity) as object)
  if (known === undefined || known.size < 2 || !known.has(storage)) return
  const own = helper(entity) as unknown as EntityHelper
  if (own[kStorage] === storage) return
  own[kStorage] = storage
  const meta = known.get(storage)!.__meta
  if (meta.embeddable || meta.virtual) return
  const comparator = config.getComparator(storage)
  own.pkGetter = comparator.getPkGetter(meta)
  own.pkSerializer = comparator.getPkSerializer(meta)
  own.pkGetterConverted = comparator.getPkGetterConverted(meta)
}
