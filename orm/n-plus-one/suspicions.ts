import type { MikroORM } from '@mikro-orm/core'
import { queryShapeOf } from '../sql/query-shape.ts'
import { type Followed, followed } from './relation.ts'

/** Fewer may be chance. */
const SUSPICIOUS = 3

/** What must be known of a statement to suspect it. */
export interface SuspectStatement {
  /** Counted from 1 within the request. */
  readonly n: number
  readonly engine: string
  readonly sql: string
  readonly literals: readonly string[]
}

/** Queries that look as if a loop had sent them. */
export interface NPlusOneSuspicion {
  readonly engine: string
  /** The entity that the queries read; null where it was not to be found out. */
  readonly entity: string | null
  /** `Group.members`: the relation that was followed; null where none was found. */
  readonly relation: string | null
  readonly count: number
  /** Their numbers within the request. */
  readonly statements: readonly number[]
  /** What to tell a developer. */
  readonly text: string
}

/**
 * Finds queries that look as if a loop had sent them: of one fingerprint, by one key, each with another value.
 *
 * @param repeated - statements of one fingerprint each
 * @param all - all of the request, in their order
 */
export function suspicionsOf(repeated: readonly (readonly SuspectStatement[])[], all: readonly SuspectStatement[], ormOf: (engine: string) => MikroORM): NPlusOneSuspicion[] {
  return repeated.flatMap((statements) => {
    const first = statements[0]!
    const values = new Set(statements.map(({ sql, literals }) => JSON.stringify([sql, literals])))
    const shape = values.size < SUSPICIOUS ? undefined : queryShapeOf(first.sql)
    if (shape?.key === undefined) return []
    const found = name(() => followed(shape, ormOf(first.engine), tablesBefore(all, first)))
    const table = shape.tables[0]!.name
    return [{
      engine: first.engine,
      entity: found?.entity ?? null,
      relation: found?.relation ?? null,
      count: statements.length,
      statements: statements.map(({ n }) => n),
      text: textOf(statements.length, table, shape.key.column, found),
    }]
  })
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

function tablesBefore(all: readonly SuspectStatement[], { n, engine }: SuspectStatement): Set<string> {
  const earlier = all.filter((statement) => statement.n < n && statement.engine === engine)
  return new Set(earlier.flatMap(({ sql }) => queryTables(sql)))
}

/** The tables of a query, with or without a condition. */
const queryTables = (sql: string): string[] => (queryShapeOf(/\bwhere\b/i.test(sql) ? sql : `${sql} where 1`)?.tables ?? []).map(({ name: table }) => table)

function textOf(count: number, table: string, column: string, found: Followed | undefined): string {
  const what = found === undefined ? `the table ${table}` : found.entity
  const many = `${count} queries for ${what} that differ only in ${column}`
  if (found?.relation == null) return `${many}, as a loop sends them: ask for all of them at once, with a list of values`
  const property = found.relation.slice(found.relation.indexOf('.') + 1)
  return `${many}, as a loop over ${found.relation} sends them: load it with the entities that it belongs to, populate: ['${property}']`
}
