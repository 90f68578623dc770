import { type EntityManager, type EntityMetadata, raw } from '@mikro-orm/core'
import { isPostgres } from '../models/queries/values.ts'

/** What MikroORM's driver sends to find an entity. */
interface Sent {
  readonly sql: string
  readonly params: readonly unknown[]
}

/** The parts of an EntityManager that make a query of a condition; most of them are not in its type. */
interface Asking {
  readonly driver: Finding & { readonly platform: { formatQuery(sql: string, params: readonly unknown[]): string } }
  readonly config: { get(option: 'populateWhere'): unknown }
  prepareOptions(options: object): object
  processWhere(entity: unknown, where: unknown, options: object, type: 'read'): Promise<object>
  createPopulateWhere(where: object, options: object): object
}

interface Finding {
  find(entity: unknown, where: object, options: object): Promise<unknown>
  findOne(entity: unknown, where: object, options: object): Promise<unknown>
}

/** What somebody asks for. */
export interface Wanted {
  readonly where: unknown
  /** Whether by `find()`, and not by `findOne()`. */
  readonly many: boolean
}

/**
 * The text that MikroORM would send for `findOne()` or `find()`, with parameters in the places of the values: MikroORM's own driver makes it, and instead of a
 * connection it is given somebody who listens.
 *
 * @param bound - the values in the condition, as they are bound
 * @returns undefined where something else comes out than a statement with just these values
 */
export async function compile(em: EntityManager, meta: EntityMetadata, { where, many }: Wanted, bound: readonly unknown[]): Promise<string | undefined> {
  const asking = em as unknown as Asking
  const sent: Sent[] = []
  const connection = { execute: async (sql: string, params: readonly unknown[]): Promise<unknown[]> => (sent.push({ sql, params }), []) }
  const listening = Object.create(asking.driver, { getConnection: { value: () => connection } }) as Finding
  const options = asking.prepareOptions({})
  const condition = await asking.processWhere(meta.class, where, options, 'read')
  const populateWhere = asking.createPopulateWhere({ ...condition }, options)
  // As the EntityManager calls it where there is nothing to populate.
  const complete = { em, ...options, populate: [], populateWhere, _populateWhere: asking.config.get('populateWhere') }
  await (many ? listening.find(meta.class, condition, { ...complete, orderBy: {} }) : listening.findOne(meta.class, condition, complete))
  const [statement, ...more] = sent
  if (statement === undefined || more.length > 0) return undefined
  const { sql, params } = statement
  const expected = many ? bound : [...bound, 1]
  if (params.length !== expected.length || params.some((value, index) => value !== expected[index])) return undefined
  const placeholder = isPostgres(em.getPlatform()) ? (index: number) => `$${index + 1}` : () => '?'
  return asking.driver.platform.formatQuery(sql, params.map((value, index) => (index < bound.length ? raw(placeholder(index)) : value)))
}
