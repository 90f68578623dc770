import { fingerprintOf } from '../sql/fingerprint.ts'
import { type QueryKey, type QueryShape, queryShapeOf } from '../sql/query-shape.ts'
import { isMeant, tokensOf } from '../sql/tokens.ts'

/** Fewer may be chance. */
export const SUSPICIOUS = 3

/** A query that finds its rows by single values, as relations are followed: not by a list of them, which is how a loop is avoided. */
export interface Lookup {
  readonly tables: QueryShape['tables']
  readonly keys: readonly QueryKey[]
  readonly fingerprint: string
}

/** What is to be known of a query: a lookup, or the tables that it reads at least. */
export type Query = Lookup | (Pick<Lookup, 'tables'> & { readonly keys: readonly []; readonly fingerprint: undefined })

/**
 * @param parameters - how many values come beside the text
 * @returns undefined for what is no simple query
 */
export function queryOf(sql: string, parameters: number): Query | undefined {
  const meant = tokensOf(sql).filter(isMeant)
  const shape = queryShapeOf(meant, parameters)
  if (shape === undefined) return undefined
  const { tables, keys } = shape
  return keys.some(({ value }) => value !== undefined) && !isListInOtherWords(keys) ? { tables, keys, fingerprint: fingerprintOf(meant) } : { tables, keys: [], fingerprint: undefined }
}

/** `id = 1 or id = 2`, which MikroORM writes as well. */
const isListInOtherWords = (keys: readonly QueryKey[]): boolean => new Set(keys.map(({ table, column }) => `${table}.${column}`)).size < keys.length

/** The values that a lookup was sent with. Other values, such as those of LIMIT and OFFSET, make no other lookup of it. */
export const valuesOf = ({ keys }: Lookup, parameters: readonly unknown[]): string[] =>
  keys.map(({ value }) => (typeof value === 'number' ? textOf(parameters[value]) : String(value)).slice(0, LONGEST))

/** Longer values that begin alike count as one. */
const LONGEST = 200

/** What has no text of its own counts as one value. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value.subarray(0, LONGEST)).toString('hex')
  return typeof value === 'object' && value !== null && !(value instanceof Date) ? typeof value : String(value)
}

/** The first column by which two lookups of one fingerprint differ. */
export const differingKey = ({ keys }: Lookup, values: readonly string[], others: readonly string[]): QueryKey | undefined =>
  keys.find((_, index) => values[index] !== others[index])
