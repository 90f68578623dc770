import type { EntityManager, EntityName } from '@mikro-orm/core'
import { madeFirst } from './find-one.ts'
import { remember } from './remember.ts'
import { send } from './send.ts'
import { shortWay, type ShortWay } from './short-way.ts'

/** Where a session class keeps the `find()` that the short way stands in for. */
export const kFind: unique symbol = Symbol('fastify-sqlassist.find')

/** For more values MikroORM's way is not much longer, and they are no short statement. */
const MOST_VALUES = 512

/**
 * Finds the rows of some keys as MikroORM's `find()` does with a list of them, but for the making of the statement, and in no order. Lists of one length share a
 * statement; so that there are few of them, the last key is repeated until the length is a power of two.
 *
 * @param columns - of the key
 * @param keys - their values
 * @returns undefined where it has to go the long way
 */
export function findManyShortly(session: EntityManager, entity: EntityName, columns: readonly string[], keys: readonly (readonly unknown[])[]): Promise<object[] | undefined> | undefined {
  const { [kFind]: longWay, find } = session as unknown as { readonly [kFind]?: unknown; readonly find: unknown }
  if (longWay === undefined || find !== longWay) return undefined // somebody has a find() of his own
  const length = 2 ** Math.ceil(Math.log2(keys.length))
  if (length * columns.length > MOST_VALUES) return undefined
  const way = shortWay(session, entity)
  const key = way?.reader.byAll(columns)
  if (way === undefined || key === undefined || way.reader.meta.orderBy !== undefined) return undefined
  const padded = [...keys, ...Array.from({ length: length - keys.length }, () => keys.at(-1)!)]
  const bound: unknown[] = []
  for (const values of padded) {
    const each = key.bind(values)
    if (each === undefined) return undefined
    bound.push(...each)
  }
  const text = key.textForMany(way.em, padded, bound)
  if (text === false) return undefined
  return typeof text === 'string' ? findMany(way, text, bound) : madeFirst(text, async (made) => (made === false ? undefined : await findMany(way, made, bound)))
}

async function findMany(way: ShortWay, text: string, bound: readonly unknown[]): Promise<object[]> {
  const { state, em, reader: { meta } } = way
  const joining = state.enlisting?.enlist(em)
  if (joining !== undefined) await joining
  const { rows } = await send(way, text, bound)
  if (rows.length === 0) return []
  const factory = em.getEntityFactory()
  const mapped = rows.map((row) => em.getComparator().mapResult(meta, row as never))
  const found = new Set(mapped.map((data) => factory.create<object>(meta.class, data as never, { merge: true, convertCustomTypes: true })))
  for (const entity of found) remember(entity)
  await em.getUnitOfWork(false).dispatchOnLoadEvent()
  return [...found]
}
