import type { EntityManager, EntityMetadata, EntityProperty } from '@mikro-orm/core'
import { type Binder, binderOf } from './bindable.ts'
import { compileFindOne } from './statement.ts'

/** The statement that finds an entity by one of its columns. */
export class KeyReader {
  readonly bind: Binder
  readonly #meta: EntityMetadata
  readonly #column: string
  #text: string | false | Promise<string | false> | undefined

  constructor(meta: EntityMetadata, column: string, bind: Binder) {
    this.#meta = meta
    this.#column = column
    this.bind = bind
  }

  /**
   * Its text, made when it is first asked for.
   *
   * @param value - one that somebody looks for, and what it is bound as
   * @returns false where there is none
   */
  text(em: EntityManager, value: unknown, bound: unknown): string | false | Promise<string | false> {
    return (this.#text ??= this.#compile(em, value, bound))
  }

  async #compile(em: EntityManager, value: unknown, bound: unknown): Promise<string | false> {
    try {
      this.#text = (await compileFindOne(em, this.#meta, { [this.#column]: value }, bound)) ?? false
      return this.#text
    } catch {
      this.#text = undefined // the long way has the error, and the next session may have none
      return false
    }
  }
}

/** How one entity is read by its keys. */
export class EntityReader {
  readonly meta: EntityMetadata
  /** The only column of the primary key; undefined where there are several. */
  readonly primary: string | undefined
  readonly #keys = new Map<string, KeyReader>()

  constructor(meta: EntityMetadata, em: EntityManager) {
    this.meta = meta
    this.primary = meta.primaryKeys.length === 1 ? meta.primaryKeys[0] : undefined
    for (const column of meta.props) {
      const bind = isKey(meta, column) ? binderOf(meta, column, em.getPlatform()) : undefined
      if (bind !== undefined) this.#keys.set(column.name, new KeyReader(meta, column.name, bind))
    }
  }

  by(column: string): KeyReader | undefined {
    return this.#keys.get(column)
  }
}

/** Whether at most one row has a value. */
function isKey({ primaryKeys, uniques }: EntityMetadata, { name, primary, unique }: EntityProperty): boolean {
  if (primary === true ? primaryKeys.length === 1 : Boolean(unique)) return true
  return uniques.some(({ properties, expression, where }) => expression === undefined && where === undefined && properties !== undefined && [properties].flat().join() === name)
}
