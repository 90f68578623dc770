import type { MikroORM } from '@mikro-orm/core'
import { describeLoop, type NamedLoop } from './describe.ts'
import { differingKey, queryOf, SUSPICIOUS, valuesOf } from './lookup.ts'

/** What must be known of a statement to suspect it. */
export interface SuspectStatement {
  /** Counted from 1 within the request. */
  readonly n: number
  readonly engine: string
  readonly sql: string
  readonly literals: readonly string[]
}

/** Queries that look as if a loop had sent them. */
export interface NPlusOneSuspicion extends NamedLoop {
  /** The name of the engine. */
  readonly engine: string
  /** How many there are. */
  readonly count: number
  /** Their numbers within the request. */
  readonly statements: readonly number[]
}

/**
 * Finds queries that look as if a loop had sent them: of one fingerprint, by one key, each with another value.
 *
 * @param repeated - statements of one fingerprint each
 * @param all - all of the request, in their order
 */
export function suspicionsOf(repeated: readonly (readonly SuspectStatement[])[], all: readonly SuspectStatement[], ormOf: (engine: string) => MikroORM): NPlusOneSuspicion[] {
  return repeated.flatMap((statements) => {
    if (statements.length < SUSPICIOUS) return []
    const lookups = statements.flatMap(({ n, engine, sql, literals }) => {
      const query = queryOf(sql, literals.length)
      return query?.fingerprint === undefined ? [] : [{ n, engine, sql, literals, query, values: valuesOf(query, literals) }]
    })
    const [first] = lookups
    const distinct = new Map(lookups.map((lookup) => [JSON.stringify(lookup.values), lookup]))
    if (first === undefined || distinct.size < SUSPICIOUS) return []
    const { engine, query } = first
    const other = [...distinct.values()].find(({ values }) => differingKey(query, first.values, values) !== undefined)!
    const key = differingKey(query, first.values, other.values)!
    const named = describeLoop(lookups.length, { tables: query.tables, key }, () => ormOf(engine), () => tablesBefore(all, first))
    return [{ engine, ...named, count: lookups.length, statements: lookups.map(({ n }) => n) }]
  })
}

function tablesBefore(all: readonly SuspectStatement[], { n, engine }: SuspectStatement): Set<string> {
  const earlier = all.filter((statement) => statement.n < n && statement.engine === engine)
  return new Set(earlier.flatMap(({ sql, literals }) => queryOf(sql, literals.length)?.tables ?? []).map(({ name }) => name))
}
