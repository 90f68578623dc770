import { type EntityManager, type EntityMetadata, raw } from '@mikro-orm/core'

/** What MikroORM's driver sends to find entities. */
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
  find(entity: unknown, where: object, options: object): Promise<unknown>
  findOne(entity: unknown, where: object, options: object): Promise<unknown>
}

/**
 * The text that MikroORM would send for `find()` or `findOne()`, with parameters in the places of the values: MikroORM's own driver makes it, and instead of a
 * connection it is given somebody who listens.
 *
 * @param values - those in the condition, as they are bound
 * @returns undefined where something else comes out than a statement with just these values
 */
export async function compileFind(em: EntityManager, meta: EntityMetadata, where: object, values: readonly unknown[], method: 'find' | 'findOne'): Promise<string | undefined> {
  const asking = em as unknown as Asking
  const sent: Sent[] = []
  const connection = { execute: async (sql: string, params: readonly unknown[]): Promise<unknown[]> => (sent.push({ sql, params }), []) }
  const listening = Object.create(asking.driver, { getConnection: { value: () => connection } }) as Finding
  const options = asking.prepareOptions({})
  const condition = await asking.processWhere(meta.class, where, options, 'read')
  const populateWhere = asking.createPopulateWhere({ ...condition }, options)
  // As EntityManager.find() and findOne() call it where there is nothing to populate.
  await listening[method](meta.class, condition, { em, ...options, ...(method === 'find' ? { orderBy: {} } : {}), populate: [], populateWhere, _populateWhere: asking.config.get('populateWhere') })
  const [statement, ...more] = sent
  if (statement === undefined || more.length > 0) return undefined
  const { sql, params } = statement
  const limit = method === 'findOne' ? [1] : []
  if (params.length !== values.length + limit.length || [...values, ...limit].some((value, index) => params[index] !== value)) return undefined
  return asking.driver.platform.formatQuery(sql, params.map((value, index) => (index < values.length ? raw(`$${index + 1}`) : value)))
}
