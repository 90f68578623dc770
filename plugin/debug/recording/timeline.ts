import { onSqlAssistEvent, type EventBase } from '../../../orm/index.ts'
import type { TimelineEntry } from '../types.ts'
import { errorText } from './error-text.ts'
import type { RequestRecord } from './request-record.ts'

/** Finds the record that an event belongs to, and does something with it; see `Recorder`. */
export type Told = <E extends EventBase>(tell: (record: RequestRecord, event: E) => void) => (event: E) => void

interface Happening {
  readonly kind: TimelineEntry['kind']
  readonly at: number
  readonly durationMs?: number
  readonly engine?: string | undefined
  readonly text: string
  readonly error?: unknown
}

function put(record: RequestRecord, { kind, at, durationMs = 0, engine, text, error }: Happening): void {
  record.add(record.timeline, { kind, atMs: record.since(at), durationMs, engine: engine ?? null, text, error: error === undefined ? null : errorText(error) })
}

/** Writes down what happens to the transactions of a request. */
export function recordTimeline(told: Told): (() => void)[] {
  return [
    onSqlAssistEvent('sqlassist:transaction:begin', told((record, { at, attempt }) => {
      record.managed = true
      record.transaction = 'open'
      put(record, { kind: 'begin', at, text: `The transaction begins${attemptText(attempt)}` })
    })),
    onSqlAssistEvent('sqlassist:flush', told((record, event) => {
      const { at, durationMs, engine, entities, error } = event
      record.statements.flushed(event)
      put(record, { kind: 'flush', at, durationMs, engine, text: `'${engine}' writes ${counted(entities, 'entity', 'entities')}`, error })
    })),
    onSqlAssistEvent('sqlassist:transaction:savepoint', told((record, { at, durationMs, name, rolledBack, error }) => {
      put(record, { kind: 'savepoint', at, durationMs, text: rolledBack ? `Back to savepoint ${name}` : `Savepoint ${name}`, error })
    })),
    onSqlAssistEvent('sqlassist:transaction:prepare', told((record, { at, durationMs, engine, error }) => {
      put(record, { kind: 'prepare', at, durationMs, engine, text: `'${engine}' prepares to commit`, error })
    })),
    onSqlAssistEvent('sqlassist:transaction:commit', told((record, { at, durationMs, engines, attempt, error }) => {
      record.transaction = error === undefined ? 'committed' : 'aborted'
      put(record, { kind: 'commit', at, durationMs, text: `${error === undefined ? 'Committed' : 'The commit failed'}: ${listed(engines)}${attemptText(attempt)}`, error })
    })),
    onSqlAssistEvent('sqlassist:transaction:abort', told((record, { at, durationMs, engines, attempt, reason }) => {
      record.transaction = 'aborted'
      put(record, { kind: 'abort', at, durationMs, text: `Aborted: ${listed(engines)}${attemptText(attempt)}`, error: reason })
    })),
    onSqlAssistEvent('sqlassist:transaction:hook', told((record, { at, durationMs, kind, name, error }) => {
      put(record, { kind: 'hook', at, durationMs, text: `${kind}: ${name === '' ? 'a function without a name' : name}`, error })
    })),
    onSqlAssistEvent('sqlassist:cancel', told((record, { at, durationMs, engine, reason, error }) => {
      put(record, { kind: 'cancel', at, durationMs, engine, text: `The server was asked to stop what '${engine}' runs: ${reason}`, error })
    })),
    onSqlAssistEvent('sqlassist:leak', told((record, { at, engine, message }) => put(record, { kind: 'leak', at, engine, text: message }))),
  ]
}

const attemptText = (attempt: number): string => (attempt > 1 ? `, attempt ${attempt}` : '')
const listed = (engines: readonly string[]): string => (engines.length === 0 ? 'no engine had joined' : engines.join(', '))
const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`
