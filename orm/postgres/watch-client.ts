import type { EventSession } from '../events/engine-event.ts'
import { type Answered, type Sending, watched, watchQuery } from '../events/watch-query.ts'
import type { PgResult } from './pg.ts'
import { kindOf } from './statement-kind.ts'

/** Who sends something, and on which connection. */
export interface Sender {
  readonly engine: string
  readonly session: EventSession | undefined
  readonly processID: number | null
}

/** The ways in which pg is given a statement: its text, or an object that has it. */
type Statement = string | { readonly text?: unknown; readonly values?: unknown }

/** pg-cursor keeps what it was made with in another place. */
interface CursorLike {
  readonly text?: string
  readonly values?: readonly unknown[] | null
}

/**
 * Sends a statement, and tells of it and of the answer.
 *
 * @param args - what is sent
 * @param asked - the same before a comment was put into it
 */
export function watchedSend<T extends PgResult | PgResult[]>(sender: Sender, args: readonly unknown[], asked: readonly unknown[], send: () => Promise<T>): Promise<T> {
  return watched(() => sending(sender, args, textOf(asked[0])), send, answeredWith)
}

/** The same for pg's other way to answer, by a callback, which is the last argument. */
export function watchedCallback(sender: Sender, args: readonly unknown[], asked: readonly unknown[], send: (...args: unknown[]) => unknown): unknown {
  const callback = args.at(-1) as (error: unknown, answer?: PgResult | PgResult[]) => void
  let answered: ((answered: Answered) => void) | undefined
  try {
    answered = watchQuery(() => sending(sender, args.slice(0, -1), textOf(asked[0])))
  } catch (refusal) {
    process.nextTick(callback, refusal)
    return undefined
  }
  if (answered === undefined) return send(...args)
  return send(...args.slice(0, -1), (error: unknown, answer: PgResult | PgResult[]) => {
    answered(error ? { error } : answeredWith(answer))
    callback(error, answer)
  })
}

/** Tells of a cursor, whose answer comes in parts. */
export const watchCursor = (sender: Sender, cursor: object, asked: string): ((answered: Answered) => void) | undefined => {
  const { text = '', values } = cursor as CursorLike
  return watchQuery(() => sending(sender, [text, values ?? []], asked))
}

/** Whether a statement is one of pg's objects that send themselves, such as a cursor. */
export const isSubmittable = (statement: unknown): boolean => typeof (statement as { submit?: unknown }).submit === 'function'

/** The text of a statement, however it is given. */
export const textOf = (statement: unknown): string => (typeof statement === 'string' ? statement : String((statement as Exclude<Statement, string>).text))

/** What is told of a statement that is sent. */
export function sending({ engine, session, processID }: Sender, [statement, values]: readonly unknown[], uncommented: string): Sending {
  const given = statement as Statement
  const sql = textOf(given)
  const parameters = values ?? (typeof given === 'string' ? undefined : given.values)
  return { engine, session, sql, uncommented, parameters: Array.isArray(parameters) ? parameters : [], kind: kindOf(uncommented), pid: processID ?? undefined }
}

/** The last of several answers is that of the statement that was asked for; the others may have changed something too. */
export function answeredWith(answer: PgResult | PgResult[]): Answered {
  const answers = Array.isArray(answer) ? answer : [answer]
  const changed = answers.flatMap(({ command = '', rowCount }) => (CHANGES.has(command) ? (rowCount ?? 0) : []))
  return { rows: answers.reduce((sum, { rows }) => sum + rows.length, 0), affected: changed.length === 0 ? undefined : changed.reduce((a, b) => a + b) }
}

/** Whether rows were changed, as far as the answer says so. */
export const hasChanged = (answer: PgResult | PgResult[]): boolean =>
  (Array.isArray(answer) ? answer : [answer]).some(({ command = '', rowCount }) => CHANGES.has(command) && (rowCount ?? 0) > 0)

/** The commands whose count is of rows that were changed. */
const CHANGES: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'COPY'])
