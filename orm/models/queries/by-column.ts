import type { EntityManager, EntityName } from '@mikro-orm/core'
import { ArgumentInvalidError, MultipleRowsError } from '../../errors.ts'
import { type TextColumn, textColumnOf } from '../columns.ts'
import { assertCount, assertFlag, assertOptions, assertSeed, assertText } from './arguments.ts'
import { keyOrder } from './order.ts'
import { type Condition, type Target, targetOf } from './target.ts'
import { equalsLower, similar } from './text-match.ts'

/** Which of the rows found are wanted. */
export interface RowsOptions {
  /** How many rows to leave out at the beginning. Default: 0. */
  readonly offset?: number | undefined
  /** How many rows at most. Default: all. */
  readonly limit?: number | undefined
}

/** Options of {@link getByColumnLower} for one row. */
export interface OneRowOptions {
  /** Left out or false: more than one is an error. */
  readonly allowMany?: false | undefined
}

/** Options of {@link getByColumnLower} for several rows. */
export interface ManyRowsOptions extends RowsOptions {
  /** All rows that match are wanted. */
  readonly allowMany: true
}

/** Options of {@link getByColumnSimilar}. */
export interface SimilarOptions extends RowsOptions {
  /** Whether the text must begin with the seed, or may contain it anywhere. Default: true. */
  readonly prefixOnly?: boolean | undefined
}

/**
 * The entity whose text equals `search` without regard to case, or null; with `allowMany`, all of them, in the order of the primary key.
 * Both sides are made lower by the database: see the guide for what that means.
 *
 * @param session - a session, or another EntityManager: the database that is asked
 * @param entity - the class, its schema, or its name
 * @param column - a column with text, by property name
 * @throws MultipleRowsError where more than one matches and `allowMany` is not set
 */
export function getByColumnLower<T extends object>(
  session: EntityManager, entity: EntityName<T>, column: TextColumn<T>, search: string, options: ManyRowsOptions,
): Promise<T[]>
export function getByColumnLower<T extends object>(
  session: EntityManager, entity: EntityName<T>, column: TextColumn<T>, search: string, options?: OneRowOptions,
): Promise<T | null>
export async function getByColumnLower(
  session: EntityManager, entity: EntityName<object>, column: string, search: string, options: OneRowOptions | ManyRowsOptions = {},
): Promise<object[] | object | null> {
  const target = targetOf('getByColumnLower', session, entity)
  const property = textColumnOf(target.meta, column)
  assertText('search', search)
  assertOptions(options, ['allowMany', 'offset', 'limit'])
  assertFlag('allowMany', options.allowMany)
  assertRows(options as RowsOptions)
  const where = equalsLower(target, property, search)
  if (options.allowMany) return await find<object>(target, where, options)
  for (const option of ['offset', 'limit'] as const) {
    if ((options as RowsOptions)[option] !== undefined) throw new ArgumentInvalidError(option, 'is of use with allowMany: true only')
  }
  const [first = null, second] = await find<object>(target, where, { limit: 2 })
  if (second !== undefined) throw new MultipleRowsError(target.meta.className, property.name)
  return first
}

/**
 * The entities whose text begins with a seed, or contains it, without regard to case, in the order of the primary key. The seed is
 * text and no pattern: `%`, `_` and `\` stand for themselves.
 *
 * @param session - a session, or another EntityManager: the database that is asked
 * @param entity - the class, its schema, or its name
 * @param column - a column with text, by property name
 * @param seed - the text that is looked for
 */
export async function getByColumnSimilar<T extends object>(
  session: EntityManager, entity: EntityName<T>, column: TextColumn<T>, seed: string, options: SimilarOptions = {},
): Promise<T[]> {
  const target = targetOf('getByColumnSimilar', session, entity)
  const property = textColumnOf(target.meta, column)
  assertSeed('seed', seed)
  assertOptions(options, ['prefixOnly', 'offset', 'limit'])
  assertFlag('prefixOnly', options.prefixOnly)
  assertRows(options)
  return await find<T>(target, similar(target, property, seed, options.prefixOnly ?? true), options)
}

/**
 * The entity whose text is exactly the seed; where there is none, one whose text equals it without regard to case; else null.
 * Of several the one with the first primary key.
 *
 * @param session - a session, or another EntityManager: the database that is asked
 * @param entity - the class, its schema, or its name
 * @param column - a column with text, by property name
 * @param seed - the text that is looked for
 */
export async function getByColumnExactThenIlike<T extends object>(
  session: EntityManager, entity: EntityName<T>, column: TextColumn<T>, seed: string,
): Promise<T | null> {
  const target = targetOf('getByColumnExactThenIlike', session, entity)
  const property = textColumnOf(target.meta, column)
  assertText('seed', seed)
  const [exact] = await find<T>(target, { [property.name]: seed }, { limit: 1 })
  if (exact !== undefined) return exact
  const [insensitive = null] = await find<T>(target, equalsLower(target, property, seed), { limit: 1 })
  return insensitive
}

/** @throws ArgumentInvalidError */
export function assertRows({ offset, limit }: RowsOptions): void {
  assertCount('offset', offset)
  assertCount('limit', limit)
}

async function find<T extends object>(target: Target, where: Condition, rows: RowsOptions): Promise<T[]> {
  return await findRows(target, where, { orderBy: keyOrder(target) }, rows)
}

/**
 * The rows of a query. None are no query, because MikroORM takes the limit 0 for no limit; and an offset needs a limit, because SQLite
 * has none without one.
 */
export async function findRows<T extends object>({ em, entity }: Target, where: Condition, options: object, { offset, limit }: RowsOptions): Promise<T[]> {
  if (limit === 0) return []
  const range = offset ? { offset, limit: limit ?? Number.MAX_SAFE_INTEGER } : limit === undefined ? {} : { limit }
  return await em.find<T>(entity, where, { ...options, ...range })
}
