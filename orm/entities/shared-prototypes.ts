import { type Configuration, type EntityMetadata, helper, type MetadataStorage, type MikroORM, type Platform, ReferenceKind } from '@mikro-orm/core'

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

/** Which discoveries know a class. It needs help only where there are two. */
interface Knowledge {
  /** Weak: what a closed MikroORM knew goes when its last entity goes, and not before, because that one may still be serialized. */
  readonly byStorage: WeakMap<MetadataStorage, Decoration>
  count: number
  /** For entities that belong to nobody yet. */
  last: Decoration
}

interface EntityHelper extends KeyGetters {
  __em?: { getMetadata(): MetadataStorage }
  [kStorage]?: MetadataStorage
}

const KEYS = ['__meta', '__config', '__platform', '__factory'] as const
const kStorage = Symbol('fastify-sqlassist.metadataStorage')

const knowledge = new WeakMap<object, Knowledge>()
let anyShared = false

/** Whether this process has a class that was discovered twice: while it has none, there is nothing to tell apart. */
export const classesAreShared = (): boolean => anyShared

/**
 * Lets each entity of a class that several MikroORM instances know answer with the metadata and the platform of its own one, and not
 * of whichever was initialised last. Needed where metadata cannot be shared: different drivers, or entity lists that overlap.
 * Called after a discovery, in any order: what is noted does not come from the prototypes.
 */
export function registerDiscovered(orm: MikroORM): void {
  const storage = orm.getMetadata()
  const common = { __config: orm.config, __platform: orm.driver.getPlatform(), __factory: orm.em.fork({ disableContextResolution: true }).getEntityFactory() }
  for (const meta of storage) {
    const prototype = meta.prototype as object | undefined
    if (prototype) learn(prototype, storage, { __meta: meta, ...common })
  }
}

function learn(prototype: object, storage: MetadataStorage, decoration: Decoration): void {
  const known = knowledge.get(prototype) ?? { byStorage: new WeakMap(), count: 0, last: decoration }
  if (known.byStorage.has(storage)) return
  known.byStorage.set(storage, decoration)
  known.count++
  known.last = decoration
  knowledge.set(prototype, known)
  if (known.count < 2) return
  anyShared = true
  installDispatch(prototype, known)
}

function installDispatch(prototype: object, known: Knowledge): void {
  for (const key of KEYS) {
    Object.defineProperty(prototype, key, {
      configurable: true,
      get(this: object) {
        const storage = this === prototype ? undefined : storageOf(this)
        return ((storage && known.byStorage.get(storage)) ?? known.last)[key]
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
 * Tells an entity whose it is, before MikroORM asks for its metadata or converts its key. Costs a look-up, and nothing more where the
 * class was discovered only once.
 *
 * @returns whether it was told something else before
 */
export function bindToMetadata(entity: object, storage: MetadataStorage, config: Configuration): boolean {
  const known = knowledge.get(Object.getPrototypeOf(entity) as object)
  const meta = known !== undefined && known.count > 1 ? known.byStorage.get(storage)?.__meta : undefined
  if (meta === undefined) return false
  const own = helper(entity) as unknown as EntityHelper
  const before = own[kStorage]
  if (before === storage) return false
  own[kStorage] = storage
  if (meta.embeddable || meta.virtual) return false
  const comparator = config.getComparator(storage)
  own.pkGetter = comparator.getPkGetter(meta)
  own.pkSerializer = comparator.getPkSerializer(meta)
  own.pkGetterConverted = comparator.getPkGetterConverted(meta)
  return before !== undefined
}

/** The same for the embedded values of an entity, which are serialized on their own. */
export function bindEmbedded(holder: object, storage: MetadataStorage, config: Configuration): void {
  const meta = anyShared ? storage.find(holder.constructor as never) : undefined
  for (const property of meta?.props ?? []) {
    if (property.kind !== ReferenceKind.EMBEDDED || property.embedded !== undefined) continue
    const value = (holder as Record<string, unknown>)[property.name]
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof item !== 'object' || item === null) continue
      bindToMetadata(item, storage, config)
      bindEmbedded(item, storage, config)
    }
  }
}
