import type { RequestRecord } from './recording/request-record.ts'
import type { Panel } from './panel.ts'
import { statementRecord } from './statement-record.ts'
import { summaryOf } from './summary.ts'
import { maskError } from './masking/text.ts'
import type { RequestDetail, StatementGroup } from './types.ts'

/** A request with everything that was seen of it, without what is secret. */
export function detailOf(record: RequestRecord, panel: Panel): RequestDetail {
  const { analyst, attribute, settings } = panel
  const { groups, suspicions } = analyst.of(record)
  const { statements } = record
  const records = statements.list.map((statement) => statementRecord(statement, record, panel))
  // What it says may be a value of the statement that has failed.
  const isSecret = !settings.parametersShown || statements.list.some(({ error }, index) => error !== null && records[index]!.runnable === null)
  const error = (text: string | null): string | null => text && maskError(text, isSecret)
  // The first statement of a group, as it is shown elsewhere.
  const shown = (group: StatementGroup): StatementGroup => ({ ...group, sql: records[group.statements[0]! - 1]!.sql })
  return {
    ...summaryOf(record, analyst),
    attribute,
    headers: record.headers,
    sessions: record.sessions,
    connections: record.connections.map((connection) => ({ ...connection, error: error(connection.error) })),
    timeline: record.timeline.map((entry) => ({ ...entry, error: error(entry.error) })).toSorted((a, b) => a.atMs - b.atMs),
    records,
    groups: groups.map(shown),
    suspicions,
    cut: { ...statements.cut, timeline: record.cutTimeline },
  }
}
