import type { EntityManager, EntityMetadata, EntityProperty } from '@mikro-orm/core'
import { binderOf } from './bindable.ts'
import { KeyReader } from './key-reader.ts'

/** How one entity is read by its keys. */
export class EntityReader {
  readonly meta: EntityMetadata
  /** By its primary key; undefined where a column of that is not read the short way. */
  readonly primary: KeyReader | undefined
  /** By a primary key of several columns that is given as a list: MikroORM makes another statement of that. */
  readonly tuple: KeyReader | undefined
  readonly #columns = new Map<unknown, KeyReader>()

  constructor(meta: EntityMetadata, em: EntityManager) {
    this.meta = meta
    const platform = em.getPlatform()
    for (const column of meta.props) {
      const bind = isKey(meta, column) ? binderOf(meta, column, platform) : undefined
      if (bind !== undefined) this.#columns.set(column.name, new KeyReader(meta, [column.name], [bind]))
    }
    const { primaryKeys } = meta
    if (primaryKeys.length === 1) {
      this.primary = this.#columns.get(primaryKeys[0])
      return
    }
    const binders = meta.getPrimaryProps().flatMap((column) => binderOf(meta, column, platform) ?? [])
    if (binders.length < primaryKeys.length) return
    this.primary = new KeyReader(meta, primaryKeys, binders)
    this.tuple = new KeyReader(meta, primaryKeys, binders)
  }

  /** By a column that has a value at most once. */
  by(column: unknown): KeyReader | undefined {
    return this.#columns.get(column)
  }

  /** By the only one of these columns, or by the primary key, if it has just these. */
  byAll(columns: readonly unknown[]): KeyReader | undefined {
    if (columns.length === 1) return this.by(columns[0])
    const key = this.primary
    return key !== undefined && columns.length === key.columns.length && columns.every((column, index) => column === key.columns[index]) ? key : undefined
  }
}

/** Whether at most one row has a value. */
function isKey({ primaryKeys, uniques }: EntityMetadata, { name, primary, unique }: EntityProperty): boolean {
  if (primary === true ? primaryKeys.length === 1 : Boolean(unique)) return true
  return uniques.some(({ properties, expression, where }) => expression === undefined && where === undefined && properties !== undefined && [properties].flat().join() === name)
}
