import { type EntityManager, type EntityName, wrap } from '@mikro-orm/core'
import type { EntityReader } from './entity-reader.ts'
import type { KeyReader } from './key-reader.ts'
import { send } from './send.ts'
import { shortWay, type ShortWay } from './short-way.ts'
import { remember } from './remember.ts'

/** MikroORM decides by it whether what is in memory will do. */
interface Refreshing {
  shouldRefresh(meta: object, entity: object, options: object): boolean
}

/** `findOne()` of an EntityManager. */
export type FindOne = (this: EntityManager, ...args: unknown[]) => Promise<object | null>

const NO_OPTIONS = Object.freeze({})

/**
 * `findOne()` by a key, without options, as MikroORM does it, but for the making of the statement.
 *
 * @returns undefined where it has to go the long way
 */
export function findOneShortly(session: EntityManager, entity: EntityName, where: unknown, longWay: FindOne): Promise<object | null> | undefined {
  const way = shortWay(session, entity)
  if (way === undefined) return undefined
  const { reader, em } = way
  const asked = keyIn(where, reader)
  const bound = asked?.key.bind(asked.values)
  if (bound === undefined) return undefined
  const text = asked!.key.textForOne(em, where, bound)
  if (text === false) return undefined
  if (typeof text === 'string') return findOne(way, where, text, bound)
  return madeFirst(text, async (made) => await (made === false ? longWay.call(session, entity, where) : findOne(way, where, made, bound)))
}

/** Not by `then()`: over that nobody can follow a statement back to the application. */
export async function madeFirst<T>(text: Promise<string | false>, find: (made: string | false) => Promise<T>): Promise<T> {
  return await find(await text)
}

interface Asked {
  readonly key: KeyReader
  readonly values: readonly unknown[]
}

/** A plain value, a list of the values of a key, or an object of one or of these. */
function keyIn(where: unknown, reader: EntityReader): Asked | undefined {
  const { primary, tuple } = reader
  if (typeof where !== 'object') return primary === undefined || tuple !== undefined ? undefined : { key: primary, values: [where] }
  if (Array.isArray(where)) return tuple === undefined || where.length !== tuple.columns.length ? undefined : { key: tuple, values: where }
  if (where === null || Object.getPrototypeOf(where) !== Object.prototype) return undefined
  const columns = Reflect.ownKeys(where)
  const key = reader.byAll(columns)
  return key && { key, values: columns.map((column) => (where as Record<string | symbol, unknown>)[column]) }
}

async function findOne(way: ShortWay, where: unknown, text: string, bound: readonly unknown[]): Promise<object | null> {
  const { state, em, reader: { meta } } = way
  const joining = state.enlisting?.enlist(em)
  if (joining !== undefined) await joining
  const unitOfWork = em.getUnitOfWork(false)
  const factory = em.getEntityFactory()
  const known = unitOfWork.tryGetById<object>(meta.class, where as object)
  if (known !== null && known !== undefined) {
    if (!wrap(known, true).__managed) return known
    if (!(em as unknown as Refreshing).shouldRefresh(meta, known, NO_OPTIONS)) return remember(known)
  }
  const { rows: [row] } = await send(way, text, bound)
  if (row === undefined) return null
  const data = em.getComparator().mapResult(meta, row as never)
  const found = remember(factory.create<object>(meta.class, data as never, { merge: true, convertCustomTypes: true }))
  await unitOfWork.dispatchOnLoadEvent()
  return found
}
