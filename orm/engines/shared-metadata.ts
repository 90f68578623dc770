import { MikroORM, type MetadataStorage } from '@mikro-orm/core'
import type { AnyOptions } from './guarantees.ts'

/** The options that decide what discovery finds. Two engines that agree on all of them may share its result. */
const DISCOVERY_OPTIONS = [
  'driver', 'entitiesTs', 'namingStrategy', 'metadataProvider', 'discovery', 'embeddables', 'schema', 'timezone', 'forceUtcTimezone',
  'propagationOnPrototype', 'serialization', 'assign', 'entityRepository', 'filters', 'dataloader', 'baseDir', 'preferTs', 'routines',
  'forceEntityConstructor', 'hydrator',
] as const

/**
 * A MikroORM that takes over the metadata of another one instead of discovering the same classes again: about 1 ms where discovery of
 * 200 entities takes more than 100. The classes are not decorated a second time either.
 */
class SharingMikroORM extends MikroORM {
  readonly #metadata: MetadataStorage

  constructor(options: AnyOptions, metadata: MetadataStorage) {
    super({ ...options, discovery: { ...options.discovery, skipSyncDiscovery: true } })
    this.#metadata = metadata
    this.driver.setMetadata(metadata)
    this.em = Object.assign(this.driver.createEntityManager(), { global: true }) as never
  }

  override getMetadata(entityName?: unknown): never {
    return (entityName === undefined ? this.#metadata : this.#metadata.get(entityName as never)) as never
  }
}

/** What decides the outcome of a discovery: the options as the user gave them. */
interface Discoverable {
  readonly config: AnyOptions
  readonly namingConvention?: unknown
}

/** What has been discovered so far in one set of engines. */
export class MetadataPool {
  readonly #donors: { readonly request: Discoverable; readonly orm: MikroORM }[] = []

  /**
   * A MikroORM with metadata that is known already, or undefined where discovery has to run.
   *
   * @param request - the options as the user gave them: these decide
   * @param options - the options that the MikroORM is made with
   */
  share(request: Discoverable, options: () => AnyOptions): MikroORM | undefined {
    const donor = this.#donors.find((candidate) => sameDiscovery(candidate.request, request))
    if (donor === undefined) return undefined
    const extensions = request.config.extensions ?? donor.orm.config.get('extensions')
    // MikroORM.init() has filled in what it loads asynchronously; the constructor alone does not.
    const metadataCache = donor.orm.config.get('metadataCache')
    // The donor's naming strategy knows the names of the model already.
    const namingStrategy = donor.orm.config.get('namingStrategy')
    return new SharingMikroORM({ ...options(), extensions, metadataCache, ...(namingStrategy && { namingStrategy }) }, donor.orm.getMetadata())
  }

  /** Takes note of what was discovered for the options. */
  offer(request: Discoverable, orm: MikroORM): void {
    this.#donors.push({ request, orm })
  }
}

function sameDiscovery({ config: a, namingConvention: names }: Discoverable, { config: b, namingConvention: otherNames }: Discoverable): boolean {
  if (!sameValue(names, otherNames)) return false
  return sameList(a.entities, b.entities) && DISCOVERY_OPTIONS.every((key: keyof AnyOptions) => sameValue(a[key], b[key]))
}

function sameList(a: Iterable<unknown> = [], b: Iterable<unknown> = []): boolean {
  const left = new Set(a)
  const right = new Set(b)
  return left.size === right.size && [...left].every((item) => right.has(item))
}

/** The same value, or plain objects and arrays that hold the same values: options are often written out twice. */
function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b) || (!Array.isArray(a) && Object.getPrototypeOf(a) !== Object.prototype)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameValue((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
}
