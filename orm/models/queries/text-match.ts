import { type EntityProperty, raw } from '@mikro-orm/core'
import type { Condition, Target } from './target.ts'
import { isPostgres } from './values.ts'

/**
 * Makes `%`, `_` and the escape itself plain characters of a LIKE pattern. The escape is `!` and is named in the SQL: a backslash is
 * PostgreSQL's default and not SQLite's, and PostgreSQL reads it differently by a setting.
 */
const literal = (seed: string): string => seed.replaceAll(/[!%_]/g, '!$&')

/** The column in SQL, quoted; the name is the metadata's. MikroORM puts in the alias, also of the table of a parent class. */
function quotedColumn({ em }: Target, column: EntityProperty): string {
  return em.getPlatform().quoteIdentifier(column.fieldNames[0]!).replaceAll('?', '\\?')
}

/** `lower(column)`, for an order. */
export const lowerOf = (target: Target, column: EntityProperty): symbol =>
  raw<symbol>((alias) => `lower(${alias}.${quotedColumn(target, column)})`)

/** Equal in lower case, as the database makes it: see the guide. */
export function equalsLower(target: Target, column: EntityProperty, search: string): Condition {
  return condition(target, column, '=', search)
}

/** Begins with the seed, or contains it, in lower case; every character of the seed stands for itself. */
export function similar(target: Target, column: EntityProperty, seed: string, prefixOnly: boolean): Condition {
  return condition(target, column, 'like', `${prefixOnly ? '' : '%'}${literal(seed)}%`, ` escape '!'`)
}

/**
 * A comparison in lower case as a condition: MikroORM takes a fragment of SQL as a key, with nothing to compare it to.
 *
 * Each call of PostgreSQL's lower() follows the collation of its argument, and a value has the database's: `coalesce` gives it the
 * column's, without which a text may differ from itself. It is a constant for the planner, so that an index on lower(column) is used.
 */
function condition(target: Target, column: EntityProperty, operator: string, value: string, suffix = ''): Condition {
  const name = quotedColumn(target, column)
  const sql = (alias: string): string => {
    const own = `${alias}.${name}`
    return `lower(${own}) ${operator} lower(${isPostgres(target.em.getPlatform()) ? `coalesce(?, ${own})` : '?'})${suffix}`
  }
  return { [raw<symbol>(sql, [value])]: [] }
}
