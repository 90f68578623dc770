import { engineEvent, type EventSession } from './engine-event.ts'
import type { QueryEvent, QueryKind } from './events.ts'
import { isHeard, publish } from './publish.ts'
import { refusalOf } from './refusal.ts'

/** A statement that is about to be sent. */
export interface Sending {
  readonly engine: string
  readonly session: EventSession | undefined
  readonly sql: string
  /** Without the comment that was put into it, where there is one. */
  readonly uncommented?: string | undefined
  readonly parameters: readonly unknown[]
  readonly kind: QueryKind
  readonly pid?: number | undefined
}

/** What came back. */
export interface Answered {
  readonly rows?: number | undefined
  readonly affected?: number | undefined
  readonly error?: unknown
  /** When it was its turn, of `performance.now()`, where it has waited behind others on its connection: that is not its own time. */
  readonly since?: number | undefined
}

const own = new Set<string>()

/** Marks the text of a statement that this package sends for itself, so that events can say so. */
export function ownStatement<T extends string>(sql: T): T {
  own.add(sql)
  return sql
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Whether anybody wants to hear of statements. */
export const isWatched = (): boolean => isHeard('sqlassist:query:start') || isHeard('sqlassist:query:end')

/**
 * Tells that a statement is sent.
 *
 * @param sending - called only where somebody listens
 * @returns tells that it was answered, once; undefined where nobody listens
 * @throws what a listener has refused it with: it must not be sent
 */
export function watchQuery(sending: () => Sending): ((answered: Answered) => void) | undefined {
  if (!isWatched()) return undefined
  const { engine, session, sql, uncommented = sql, parameters, kind, pid } = sending()
  const at = performance.now()
  const event: Writable<QueryEvent> = {
    ...engineEvent(engine, session, at), sql, uncommented, parameters, kind, pid, internal: own.has(uncommented),
    durationMs: 0, rows: undefined, affected: undefined, error: undefined,
  }
  publish('sqlassist:query:start', event)
  let open = true
  const tell = ({ since = at, ...answered }: Answered): void => {
    if (!open) return
    open = false
    event.at = Math.max(at, since)
    event.durationMs = performance.now() - event.at
    Object.assign(event, answered)
    publish('sqlassist:query:end', event)
  }
  const refusal = refusalOf(event)
  if (refusal === undefined) return tell
  tell({ error: refusal })
  throw refusal
}

/** Sends a statement that is answered once, and tells of both. Where nobody listens it costs a function call. */
export function watched<T>(sending: () => Sending, send: () => Promise<T>, read: (answer: T) => Answered): Promise<T> {
  return isWatched() ? telling(sending, send, read) : send()
}

async function telling<T>(sending: () => Sending, send: () => Promise<T>, read: (answer: T) => Answered): Promise<T> {
  const answered = watchQuery(sending)
  try {
    const answer = await send()
    answered?.(read(answer))
    return answer
  } catch (error) {
    answered?.({ error })
    throw error
  }
}
