/** MikroORM's `filters`: by name switched on, switched off, or given arguments. */
export type Filters = Readonly<Record<string, unknown>>

/**
 * The filters of one query: the session's, unless the query says otherwise. A query that only names a filter gets the session's
 * arguments for it, as it would get those of `em.setFilterParams()`.
 *
 * @param own - the `filters` of the query, in any of MikroORM's forms
 */
export function withDefaultFilters(defaults: Filters, own: unknown): Filters | false {
  if (own === false) return false
  const named = Array.isArray(own) ? own.map((name: string) => [name, true] as const) : Object.entries(typeof own === 'object' && own !== null ? own : {})
  const merged: Record<string, unknown> = { ...defaults }
  for (const [name, value] of named) merged[name] = value === true ? argumentsOf(defaults, name) : value
  return merged
}

const argumentsOf = (defaults: Filters, name: string): unknown =>
  Object.hasOwn(defaults, name) && defaults[name] !== false ? defaults[name] : true
