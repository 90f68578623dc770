import { STATUS } from '../../orm/index.ts'
import type { Analyst } from './analysis/analysed.ts'
import type { RequestRecord } from './recording/request-record.ts'
import type { RequestSummary } from './types.ts'

/** A request as the list has it. */
export function summaryOf(record: RequestRecord, analyst: Analyst): RequestSummary {
  const { id, requestId, method, url, route, statusCode, state, startedAt, durationMs, statements, transaction, entities } = record
  const { distinct, suspicions } = analyst.of(record)
  const over = state !== 'running'
  const engines = Object.entries(record.status).map(([name, status]) => ({ name, status, notClosed: over && status === STATUS.START }))
  return {
    id, requestId, method, url, route, statusCode, state, startedAt, durationMs, engines,
    statements: statements.count, distinct, sqlMs: statements.sqlMs, slow: statements.slow, failed: statements.failed,
    nPlusOne: suspicions.length > 0, transaction, managed: entities,
  }
}
