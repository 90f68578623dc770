import type { EntityClass, EntityKey, EntityManager, Primary } from '@mikro-orm/core'
import type { Session } from '../sessions/types.ts'
import type { Column, ColumnValue, TextColumn } from './columns.ts'
import { DeclaredTable } from './declared-table.ts'
import {
  getByColumnExactThenIlike, getByColumnLower, getByColumnSimilar, type ManyRowsOptions, type OneRowOptions, type SimilarOptions,
} from './queries/by-column.ts'
import { getById } from './queries/by-id.ts'
import { getByIds } from './queries/by-ids.ts'
import { columnsAsObject, type EntityColumns, loadedColumnsAsList, loadedColumnsAsObject } from './queries/entity-columns.ts'
import { getPage, type Page, type PageOptions } from './queries/page.ts'
import { getRange, type RangeOptions } from './queries/range.ts'
import { requestOf, sessionOf, type SessionRequest } from './session-of.ts'

/**
 * A base of entities with the seed's helpers, typed: the session first, property names as columns.
 *
 * ```ts
 * @Entity({ tableName: 'authors' })
 * class Author extends UtilityObject { ... }
 *
 * const author = await Author.getByColumnLower(request.dbSession.reader, 'email', 'ann@example.org')
 * ```
 *
 * Each helper is a function as well, for entities of any class: `getByIds(session, Author, ids)`.
 */
export abstract class UtilityObject extends DeclaredTable {
  /**
   * The entity with a primary key, a tuple where it has several columns, or with the value of another unique column.
   *
   * @param session - a session, or another EntityManager: the database that is asked
   * @param id - of the one that is wanted
   */
  static getById<T extends object>(this: EntityClass<T>, session: EntityManager, id: NoInfer<Primary<T>>): Promise<T | null>
  static getById<T extends object, K extends Column<T>>(this: EntityClass<T>, session: EntityManager, id: NoInfer<ColumnValue<T[K]>>, column: K): Promise<T | null>
  static async getById(this: EntityClass<object>, session: EntityManager, ...args: unknown[]): Promise<object | null> {
    return await (getById as Helper<object | null>)(session, this, ...args)
  }

  /**
   * The entities with these ids, or these values of another unique `column`, in the order of the ids, each once. Ids without a row are left out; there may be any number of them.
   *
   * @param session - a session, or another EntityManager: the database that is asked
   * @param ids - of those that are wanted
   */
  static getByIds<T extends object>(this: EntityClass<T>, session: EntityManager, ids: Iterable<NoInfer<Primary<T>>>): Promise<T[]>
  static getByIds<T extends object, K extends Column<T>>(
    this: EntityClass<T>, session: EntityManager, ids: Iterable<NoInfer<ColumnValue<T[K]>>>, column: K,
  ): Promise<T[]>
  static async getByIds(this: EntityClass<object>, session: EntityManager, ...args: unknown[]): Promise<object[]> {
    return await (getByIds as Helper<object[]>)(session, this, ...args)
  }

  /**
   * The entity whose text equals `search` without regard to case, or null; with `allowMany`, all of them, and only then `offset` and
   * `limit`.
   *
   * @param session - a session, or another EntityManager: the database that is asked
   * @param column - a column with text, by property name
   * @throws MultipleRowsError where more than one matches and `allowMany` is not set
   */
  static getByColumnLower<T extends object>(
    this: EntityClass<T>, session: EntityManager, column: NoInfer<TextColumn<T>>, search: string, options: ManyRowsOptions,
  ): Promise<T[]>
  static getByColumnLower<T extends object>(
    this: EntityClass<T>, session: EntityManager, column: NoInfer<TextColumn<T>>, search: string, options?: OneRowOptions,
  ): Promise<T | null>
  static async getByColumnLower(this: EntityClass<object>, session: EntityManager, ...args: unknown[]): Promise<object[] | object | null> {
    return await (getByColumnLower as Helper<object[] | object | null>)(session, this, ...args)
  }

  /**
   * The entities whose text begins with a seed, or contains it, without regard to case. The seed is text and no pattern.
   *
   * @param session - a session, or another EntityManager: the database that is asked
   * @param column - a column with text, by property name
   */
  static async getByColumnSimilar<T extends object>(
    this: EntityClass<T>, session: EntityManager, column: NoInfer<TextColumn<T>>, seed: string, options?: SimilarOptions,
  ): Promise<T[]> {
    return await getByColumnSimilar(session, this, column, seed, options)
  }

  /**
   * The entity whose text is exactly the seed; where there is none, one whose text equals it without regard to case; else null.
   *
   * @param session - a session, or another EntityManager: the database that is asked
   * @param column - a column with text, by property name
   */
  static async getByColumnExactThenIlike<T extends object>(
    this: EntityClass<T>, session: EntityManager, column: NoInfer<TextColumn<T>>, seed: string,
  ): Promise<T | null> {
    return await getByColumnExactThenIlike(session, this, column, seed)
  }

  /**
   * The entities from `offset` on, in a stable order, by conditions of the developer's own.
   *
   * @param session - a session, or another EntityManager: the database that is asked
   */
  static async getRange<T extends object>(this: EntityClass<T>, session: EntityManager, options?: RangeOptions<NoInfer<T>>): Promise<T[]> {
    return await getRange(session, this, options)
  }

  /**
   * A page of a large table, found by the place where it begins and not by counting.
   *
   * @param session - a session, or another EntityManager: the database that is asked
   */
  static async getPage<T extends object>(this: EntityClass<T>, session: EntityManager, options?: PageOptions<NoInfer<T>>): Promise<Page<T>> {
    return await getPage(session, this, options)
  }

  /** All columns of the entity as a plain object; what is not in memory yet is loaded first. */
  async columnsAsObject<T extends object>(this: T): Promise<EntityColumns<T>> {
    return await columnsAsObject(this)
  }

  /** Those columns of the entity that are in memory, as a plain object. */
  loadedColumnsAsObject<T extends object>(this: T): Partial<EntityColumns<T>> {
    return loadedColumnsAsObject(this)
  }

  /** The names of those columns of the entity that are in memory; with `withValues`, pairs of name and value. */
  loadedColumnsAsList<T extends object>(this: T, options: { readonly withValues: true }): [EntityKey<T>, unknown][]
  loadedColumnsAsList<T extends object>(this: T, options?: { readonly withValues?: false | undefined }): EntityKey<T>[]
  loadedColumnsAsList(options?: object): unknown[] {
    return loadedColumnsAsList(this, options)
  }

  /** The session that the entity belongs to; undefined for one that no session knows. */
  getDbSession(): Session | undefined {
    return sessionOf(this)
  }

  /** The request behind the entity's session; undefined outside requests. */
  getRequest(): SessionRequest | undefined {
    return requestOf(this)
  }
}

/** A helper whose overloads have been resolved by its own signature here. */
type Helper<R> = (session: EntityManager, entity: EntityClass<object>, ...args: unknown[]) => Promise<R>

/** The static members of {@link UtilityObject}, without its constructor. */
export type UtilityStatics = Omit<typeof UtilityObject, 'prototype'>

/** The helpers on an entity. */
export type UtilityMethods = Pick<UtilityObject, keyof UtilityObject>

/** A class that others are mixed into. */
// oxlint-disable-next-line typescript/no-explicit-any -- TypeScript takes nothing else for one
type MixinOf<Methods> = abstract new (...args: any[]) => Methods

/**
 * A class with everything that {@link UtilityObject} has, over another base: for classes that MikroORM's `defineEntity` makes.
 *
 * ```ts
 * const AuthorSchema = defineEntity({ name: 'Author', properties: { ... } })
 * class Author extends withUtility(AuthorSchema.class) {}
 * AuthorSchema.setClass(Author)
 * ```
 *
 * @param Base - the class that it extends
 */
export function withUtility<C extends abstract new (...args: never[]) => object>(Base: C): C & UtilityStatics & MixinOf<UtilityMethods> {
  abstract class Utility extends (Base as unknown as new () => object) {}
  Object.defineProperty(Utility, 'name', { value: Base.name }) // by its name MikroORM knows the class of the schema, which is no parent entity
  for (const source of [DeclaredTable, UtilityObject]) {
    copyMembers(source, Utility)
    copyMembers(source.prototype, Utility.prototype)
  }
  return Utility as never
}

const OF_A_CLASS: ReadonlySet<PropertyKey> = new Set(['constructor', 'prototype', 'name', 'length'])

function copyMembers(from: object, to: object): void {
  for (const key of Reflect.ownKeys(from)) {
    if (!OF_A_CLASS.has(key)) Object.defineProperty(to, key, Object.getOwnPropertyDescriptor(from, key)!)
  }
}
