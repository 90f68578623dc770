import type { EntityManager, EntityMetadata, EntityProperty } from '@mikro-orm/core'
import { type Binder, binderOf } from './bindable.ts'
import { compileFind } from './statement.ts'

/** The statements that find entities by one of their columns. */
export class KeyReader {
  readonly bind: Binder
  readonly #meta: EntityMetadata
  readonly #column: string
  readonly #texts = new Map<number, string | false | Promise<string | false>>()

  constructor(meta: EntityMetadata, column: string, bind: Binder) {
    this.#meta = meta
    this.#column = column
    this.bind = bind
  }

  /**
   * The text that finds one entity, or several.
   *
   * @param values - 0 for `findOne()`, or the number of values for `find()`
   * @returns false where there is none
   */
  text(em: EntityManager, values: number, example: unknown, bound: unknown): string | false | Promise<string | false> {
    const known = this.#texts.get(values)
    if (known !== undefined) return known
    const making = this.#compile(em, values, example, bound)
    this.#texts.set(values, making)
    return making
  }

  async #compile(em: EntityManager, values: number, example: unknown, bound: unknown): Promise<string | false> {
    try {
      const examples = new Array<unknown>(values).fill(example)
      const where = { [this.#column]: values === 0 ? example : { $in: examples } }
      const text = await compileFind(em, this.#meta, where, new Array<unknown>(values || 1).fill(bound), values === 0 ? 'findOne' : 'find')
      this.#texts.set(values, text ?? false)
      return text ?? false
    } catch {
      this.#texts.delete(values) // the long way has the error, and the next session may have none
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
