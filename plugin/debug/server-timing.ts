import type { RequestRecord } from './recording/request-record.ts'

/** The header `Server-Timing`: what the application says in it, and behind that how long the statements took so far, and what the record is called. */
export function serverTiming(given: number | string | readonly string[] | undefined, { id, statements: { count, sqlMs } }: RequestRecord): string {
  const own = `sql;desc="${count} ${count === 1 ? 'statement' : 'statements'}";dur=${sqlMs.toFixed(1)}, sqlassist;desc="request ${id}"`
  const before = [given ?? []].flat().join(', ')
  return before === '' ? own : `${before}, ${own}`
}
