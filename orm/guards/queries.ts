import { type Query, queryOf } from '../n-plus-one/lookup.ts'

/** Longer statements are not read: they hold lists of values, and a loop sends short ones. */
const LONGEST = 10_000
const MOST = 300

/** What is known of the texts of statements. To read one takes many times as long as to remember it. */
export class Queries {
  readonly #known = new Map<string, Query | undefined>()

  of(sql: string, parameters: number): Query | undefined {
    if (sql.length > LONGEST) return undefined
    const known = this.#known.get(sql)
    if (known !== undefined || this.#known.has(sql)) return known
    const query = queryOf(sql, parameters)
    if (this.#known.size >= MOST) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(sql, query)
    return query
  }
}
