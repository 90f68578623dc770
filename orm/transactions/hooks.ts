import { settlesWithin } from '../bounded.ts'
import type { EventOwner, TransactionHookEvent } from '../events/events.ts'
import { timed } from '../events/tell.ts'
import { HookTimeoutError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'

/** What a hook is: called with what it is told, and awaited. */
export type Hook<T> = (told: T) => unknown

/** What the hooks of a transaction are run with. */
export interface HookRun {
  readonly timeoutMs: number
  readonly logger: SqlAssistLogger
  readonly owner: EventOwner
}

/**
 * Runs a hook and waits for it, but not for ever.
 *
 * @throws HookTimeoutError, or what the hook throws
 */
export async function runHook<T>(kind: TransactionHookEvent['kind'], hook: Hook<T>, told: T, { timeoutMs, owner }: HookRun): Promise<void> {
  const name = hook.name || 'without a name'
  await timed('sqlassist:transaction:hook', owner, async () => {
    const running = Promise.resolve(hook(told))
    running.catch(() => {}) // after its time is up nobody listens any more
    if (!(await settlesWithin(running, timeoutMs))) throw new HookTimeoutError(kind, name, timeoutMs)
  }, () => ({ kind, name }))
}

/** What the hooks after the end of a transaction are run with. */
export interface LateHookRun extends HookRun {
  /** Runs something with sessions of its own. */
  withSessions(run: (sessions: unknown) => Promise<void>): Promise<void>
}

/** Runs the hooks that come after the end of a transaction. Never rejects: what one fails with is logged. */
export async function runLateHooks(kind: 'afterCommit' | 'afterAbort', hooks: readonly Hook<unknown>[], run: LateHookRun): Promise<void> {
  for (const hook of hooks) {
    // Each has sessions of its own: what one that has failed leaves in them is not the next one's.
    try {
      await run.withSessions(async (sessions) => await runHook(kind, hook, sessions, run))
    } catch (err) {
      run.logger.error({ err }, `${run.owner.label}: a hook of ${kind} has failed`)
    }
  }
}
