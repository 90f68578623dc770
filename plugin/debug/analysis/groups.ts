import type { Statement } from '../recording/statements.ts'
import type { StatementGroup } from '../types.ts'

/** The groups among statements of one engine and one fingerprint: those that are the same in everything, and all of them, where they differ in their values. */
export function groupsOf(similar: readonly Statement[]): StatementGroup[] {
  const same = [...Map.groupBy(similar, ({ uncommented, literals }) => JSON.stringify([uncommented, literals])).values()]
  const duplicates = same.filter(({ length }) => length > 1).map((statements) => groupOf('duplicate', statements))
  return same.length > 1 ? [groupOf('similar', similar), ...duplicates] : duplicates
}

function groupOf(kind: StatementGroup['kind'], statements: readonly Statement[]): StatementGroup {
  const { engine, sql } = statements[0]!
  return { kind, engine, sql, count: statements.length, totalMs: statements.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0), statements: statements.map(({ n }) => n) }
}
