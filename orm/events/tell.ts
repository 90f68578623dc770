import type { SqlAssistLogger } from '../logger.ts'
import type { EventOwner, LeakEvent, SqlAssistEvents } from './events.ts'
import { isHeard, publish, type SqlAssistEventName } from './publish.ts'

/** The channels of what takes time. */
type TimedName = { [N in SqlAssistEventName]: SqlAssistEvents[N] extends { readonly durationMs: number; readonly error: unknown } ? N : never }[SqlAssistEventName]

/** What an event says beside its times and whose it is. */
type Rest<N extends TimedName> = Omit<SqlAssistEvents[N], 'at' | 'owner' | 'requestId' | 'durationMs' | 'error'>

/**
 * Does something, and tells how long it took and what it failed with.
 *
 * @param rest - called afterwards, and only where somebody listens; undefined where there is nothing worth telling, unless it has failed
 */
export async function timed<N extends TimedName, T>(name: N, owner: EventOwner | undefined, fn: () => Promise<T>, rest: (failed: boolean) => Rest<N> | undefined): Promise<T> {
  if (!isHeard(name)) return await fn()
  const at = performance.now()
  let error: unknown
  try {
    return await fn()
  } catch (thrown) {
    error = thrown
    throw thrown
  } finally {
    const what = rest(error !== undefined)
    if (what !== undefined) publish(name, { ...what, at, owner, requestId: owner?.requestId, durationMs: performance.now() - at, error } as unknown as SqlAssistEvents[N])
  }
}

/** Whom a warning is for, and what it is about. */
interface Concerned {
  readonly logger: SqlAssistLogger
  readonly owner: EventOwner | undefined
  readonly engine?: string | undefined
}

/** Tells of something that is held for too long, or came back as it should not: in the log, and to whoever listens. */
export function warnOfLeak(kind: LeakEvent['kind'], { logger, owner, engine }: Concerned, context: object, message: string): void {
  logger.warn(context, message)
  if (isHeard('sqlassist:leak')) publish('sqlassist:leak', { at: performance.now(), owner, requestId: owner?.requestId, kind, engine, message })
}
