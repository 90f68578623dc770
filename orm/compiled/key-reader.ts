import type { EntityManager, EntityMetadata } from '@mikro-orm/core'
import type { Binder } from './bindable.ts'
import { compile, type Wanted } from './statement.ts'
import { whereAny } from './where-any.ts'

/** A statement that finds rows by the values of a key. */
class KeyStatement {
  readonly #meta: EntityMetadata
  #text: string | false | Promise<string | false> | undefined

  constructor(meta: EntityMetadata) {
    this.#meta = meta
  }

  /**
   * Its text, made when it is first asked for.
   *
   * @param wanted - makes the condition that somebody asks with
   * @param bound - what its values are bound as
   * @returns false where there is none
   */
  text(em: EntityManager, wanted: () => Wanted, bound: readonly unknown[]): string | false | Promise<string | false> {
    return (this.#text ??= this.#compile(em, wanted(), bound))
  }

  async #compile(em: EntityManager, wanted: Wanted, bound: readonly unknown[]): Promise<string | false> {
    try {
      this.#text = (await compile(em, this.#meta, wanted, bound)) ?? false
      return this.#text
    } catch {
      this.#text = undefined // the long way has the error, and the next session may have none
      return false
    }
  }
}

/** How an entity is read by one of its keys, which has one column or several. */
export class KeyReader {
  readonly columns: readonly string[]
  readonly #binders: readonly Binder[]
  readonly #meta: EntityMetadata
  readonly #one: KeyStatement
  readonly #many = new Map<number, KeyStatement>()

  constructor(meta: EntityMetadata, columns: readonly string[], binders: readonly Binder[]) {
    this.#meta = meta
    this.columns = columns
    this.#binders = binders
    this.#one = new KeyStatement(meta)
  }

  /** What the values of a key are bound as; undefined where one of them is none that the column can hold. */
  bind(values: readonly unknown[]): unknown[] | undefined {
    const bound: unknown[] = []
    for (let index = 0; index < this.#binders.length; index++) {
      const value = this.#binders[index]!(values[index])
      if (value === undefined) return undefined
      bound.push(value)
    }
    return bound
  }

  /** The text for one row. */
  textForOne(em: EntityManager, where: unknown, bound: readonly unknown[]): string | false | Promise<string | false> {
    return this.#one.text(em, () => ({ where, many: false }), bound)
  }

  /** The text for the rows of so many keys. */
  textForMany(em: EntityManager, keys: readonly (readonly unknown[])[], bound: readonly unknown[]): string | false | Promise<string | false> {
    let statement = this.#many.get(keys.length)
    if (statement === undefined) this.#many.set(keys.length, (statement = new KeyStatement(this.#meta)))
    return statement.text(em, () => ({ where: whereAny(this.columns, keys), many: true }), bound)
  }
}
