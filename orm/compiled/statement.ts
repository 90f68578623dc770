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
  processWhere(entity: unknown, where: object, options: object, type: 'read'): Promise<object>
  createPopulateWhere(where: object, options: object): object
}

interface Finding {
  findOne(entity: unknown, where: object, options: object): Promise<unknown>
}

/**
 * The text that MikroORM would send for `findOne()`, with a parameter in the place of the value: MikroORM's own driver makes it, and instead of a connection it is
 * given somebody who listens.
 *
 * @param bound - the value in the condition, as it is bound
 * @returns undefined where something else comes out than a statement with just this value
 */
export async function compileFindOne(em: EntityManager, meta: EntityMetadata, where: object, bound: unknown): Promise<string | undefined> {
  const asking = em as unknown as Asking
  const sent: Sent[] = []
  const connection = { execute: async (sql: string, params: readonly unknown[]): Promise<unknown[]> => (sent.push({ sql, params }), []) }
  const listening = Object.create(asking.driver, { getConnection: { value: () => connection } }) as Finding
  const options = asking.prepareOptions({})
  const condition = await asking.processWhere(meta.class, where, options, 'read')
  const populateWhere = asking.createPopulateWhere({ ...condition }, options)
  // As EntityManager.findOne() calls it where there is nothing to populate.
  await listening.findOne(meta.class, condition, { em, ...options, populate: [], populateWhere, _populateWhere: asking.config.get('populateWhere') })
  const [statement, ...more] = sent
  if (statement === undefined || more.length > 0) return undefined
  const { sql, params: [value, limit, ...others] } = statement
  if (value !== bound || limit !== 1 || others.length > 0) return undefined
  return asking.driver.platform.formatQuery(sql, [raw(isPostgres(em.getPlatform()) ? '$1' : '?'), limit])
}
