import { onSqlAssistEvent, type QueryEvent } from '../../../orm/index.ts'
import type { RequestRecord } from './request-record.ts'
import type { Told } from './timeline.ts'

/**
 * Writes down the statements of a request.
 *
 * @param dialectOf - the dialect of an engine
 */
export function recordQueries(told: Told, dialectOf: (engine: string) => string): (() => void)[] {
  return [
    onSqlAssistEvent('sqlassist:query:start', told((record, event) => record.statements.begin(event, dialectOf(event.engine)))),
    onSqlAssistEvent('sqlassist:query:end', told((record, event) => {
      record.statements.end(event)
      if (!record.managed) tellTransaction(record, event)
    })),
  ]
}

/** Without a transaction over all engines, what the engines do by themselves says what became of the work. */
function tellTransaction(record: RequestRecord, { kind, error, internal }: QueryEvent): void {
  if (internal) return
  if (kind === 'begin' && error === undefined) record.transaction = 'open'
  else if (kind === 'commit') record.transaction = error === undefined ? 'committed' : 'aborted'
  else if (kind === 'rollback') record.transaction = 'aborted'
}
