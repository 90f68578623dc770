import type { MikroORM } from '@mikro-orm/core'
import { type Followed, followed, type Following } from './relation.ts'

/** A loop, as far as it can be named. */
export interface NamedLoop {
  /** The entity that the queries read; null where it was not to be found out. */
  readonly entity: string | null
  /** `Group.members`: the relation that was followed; null where none was found. */
  readonly relation: string | null
  /** What to tell a developer. */
  readonly text: string
}

/**
 * Names what a loop of queries reads.
 *
 * @param query - its tables, and the column by which the queries differ
 * @param before - the tables that were read before
 */
export function describeLoop(count: number, query: Following & { readonly key: object }, orm: () => MikroORM, before: () => ReadonlySet<string>): NamedLoop {
  const found = name(() => followed(query, orm(), before()))
  return { entity: found?.entity ?? null, relation: found?.relation ?? null, text: textOf(count, query.tables[0]!.name, query.key.column, found) }
}

/** The metadata may be of another shape than we think: then there are no names. */
function name(find: () => Followed | undefined): Followed | undefined {
  try {
    return find()
  } catch {
    /* c8 ignore next 2 -- it is of the shape that we think, in this version */
    return undefined
  }
}

function textOf(count: number, table: string, column: string, found: Followed | undefined): string {
  const what = found === undefined ? `the table ${table}` : found.entity
  const many = `${count} queries for ${what} that differ only in ${column}`
  if (found?.relation == null) return `${many}, as a loop sends them: ask for all of them at once, with a list of values`
  const property = found.relation.slice(found.relation.indexOf('.') + 1)
  return `${many}, as a loop over ${found.relation} sends them: load it with the entities that it belongs to, populate: ['${property}']`
}
