import { Collection, type EntityMetadata, helper, ReferenceKind, Utils } from '@mikro-orm/core'

/** The part of MikroORM's per-entity helper that says what the database is known to hold. */
interface Known {
  readonly __meta: EntityMetadata
  __data: Record<string, unknown>
  __initialized: boolean
  __managed?: boolean
  __originalEntityData?: Record<string, unknown> | undefined
  readonly __loadedProperties: Set<string>
}

type Values = Record<string, unknown>

/** What was in a collection, and what of that the database did not know yet. */
interface KnownCollection {
  /** Undefined where it was not loaded. */
  readonly items: object[] | undefined
  /** What was in it at the last flush, where it has changed since. */
  readonly changedFrom: object[] | undefined
}

const knownCollection = (collection: Collection<object>): KnownCollection => ({
  items: collection.isInitialized() ? collection.getItems(false) : undefined,
  changedFrom: collection.isInitialized() && collection.isDirty() ? [...(collection.getSnapshot() ?? [])] : undefined,
})

const knownOf = (entity: object): Known => helper(entity as never) as unknown as Known
const isToOne = (kind: ReferenceKind): boolean => kind === ReferenceKind.MANY_TO_ONE || kind === ReferenceKind.ONE_TO_ONE
const isToMany = (kind: ReferenceKind): boolean => kind === ReferenceKind.ONE_TO_MANY || kind === ReferenceKind.MANY_TO_MANY

/** What an entity was like at some moment, and what MikroORM knew of its row. */
export class EntitySnapshot {
  readonly #entity: object
  readonly #known: Known
  readonly #data: Values
  readonly #original: Values | undefined
  readonly #initialized: boolean
  readonly #loaded: readonly string[]
  readonly #values = new Map<string, unknown>()
  /** Relations that live in the entity itself. */
  readonly #references = new Map<string, unknown>()
  readonly #collections = new Map<string, KnownCollection>()

  constructor(entity: object) {
    const known = knownOf(entity)
    this.#entity = entity
    this.#known = known
    this.#data = { ...known.__data } // relations with an inverse side live here, behind accessors
    this.#original = known.__originalEntityData && { ...known.__originalEntityData }
    this.#initialized = known.__initialized
    this.#loaded = [...known.__loadedProperties]
    for (const { name, kind } of known.__meta.hydrateProps) {
      const value = (entity as Values)[name]
      if (isToMany(kind)) {
        if (value instanceof Collection) this.#collections.set(name, knownCollection(value as Collection<object>))
      } else if (!isToOne(kind)) {
        this.#values.set(name, Utils.copy(value)) // dates, arrays and embedded objects may be changed in place
      } else if ('value' in (Object.getOwnPropertyDescriptor(entity, name) ?? {})) {
        this.#references.set(name, value)
      }
    }
  }

  /** First of all entities the collections: to fill one changes the other side of the relation. */
  restoreCollections(): void {
    for (const [name, { items, changedFrom }] of this.#collections) {
      const collection = (this.#entity as Record<string, Collection<object>>)[name]!
      if (items !== undefined) {
        collection.hydrate(changedFrom ?? items)
        for (const item of changedFrom ?? []) if (!items.includes(item)) collection.remove(item)
        if (changedFrom !== undefined) collection.add(items.filter((item) => !changedFrom.includes(item)))
      } else if (collection.isInitialized()) (this.#entity as Values)[name] = Collection.create(this.#entity as never, name as never, undefined, false)
    }
  }

  /** Then everything else. */
  restoreValues(): void {
    const entity = this.#entity as Values
    for (const [name, value] of this.#values) {
      if (!Object.is(entity[name], value)) entity[name] = Utils.copy(value) // it may be restored again
    }
    for (const [name, value] of this.#references) entity[name] = value
    this.#known.__data = { ...this.#data }
  }

  /** What the database holds again. */
  restoreKnowledge(): void {
    const known = this.#known
    known.__managed = true
    known.__initialized = this.#initialized
    known.__originalEntityData = this.#original && { ...this.#original }
    known.__loadedProperties.clear()
    for (const name of this.#loaded) known.__loadedProperties.add(name)
    for (const [name, { changedFrom }] of this.#collections) (this.#entity as Record<string, Collection<object>>)[name]!.setDirty(changedFrom !== undefined)
  }

  /**
   * Its row is gone: MikroORM is to insert it, where somebody persists it again. Its collections come later, see {@link renewCollections}.
   *
   * @param hadKey - whether its key was its own; one that the database had given is taken from it
   */
  makeNew(hadKey: boolean): void {
    const known = this.#known as Known & { __pk?: unknown }
    const entity = this.#entity as Values
    this.restoreValues() // MikroORM has cut the relations between entities that are gone together
    delete known.__originalEntityData
    delete known.__pk
    known.__managed = false
    known.__loadedProperties.clear()
    if (!hadKey) for (const name of known.__meta.primaryKeys) delete entity[name]
  }

  /** Of entities that are all new, so that none of them is taken for a row that is there. */
  renewCollections(): void {
    const entity = this.#entity as Values
    for (const [name, { items }] of this.#collections) {
      const collection = entity[name] as Collection<object>
      collection.hydrate([])
      if (items !== undefined && items.length > 0) collection.set(items)
    }
  }
}
