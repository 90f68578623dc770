import { setTimeout as sleep } from 'node:timers/promises'
import { mayRepeat } from './may-repeat.ts'
import type { ManagerSettings, TransactionManager } from './manager.ts'
import type { TransactionRunOptions } from './options.ts'
import { backoffMs } from './retry-options.ts'

/** Sessions that end, and their transaction. */
interface Sessions extends AsyncDisposable {
  readonly transaction: TransactionManager
}

/**
 * Does work in a transaction over all engines that it uses: committed when the work is done, aborted when it throws or has doomed it. With
 * `retry`, where another attempt may succeed, done again with sessions of its own.
 *
 * @param open - makes the sessions of an attempt
 * @throws what the work, or the commit, throws at last
 */
export async function runInTransaction<S extends Sessions, T>(
  open: (settings: ManagerSettings) => S,
  work: (sessions: S) => T | Promise<T>,
  { retry, ...options }: TransactionRunOptions,
  signal?: AbortSignal,
): Promise<T> {
  const attempts = retry?.attempts ?? 1
  for (let attempt = 1; ; attempt++) {
    const willRetry = (error: unknown): boolean => attempt < attempts && signal?.aborted !== true && mayRepeat(error)
    const sessions = open({ mode: 'request', options, attempt, willRetry })
    const { transaction } = sessions
    try {
      return await runOnce(sessions, work)
    } catch (error) {
      if (!transaction.$willRetry(error)) throw error
      await sleep(backoffMs(retry!, attempt), undefined, signal && { signal }).catch(() => {})
      if (signal?.aborted === true) throw error
    }
  }
}

async function runOnce<S extends Sessions, T>(opened: S, work: (sessions: S) => T | Promise<T>): Promise<T> {
  await using sessions = opened
  const { transaction } = sessions
  try {
    const result = await work(sessions)
    if (transaction.isDoomed) await transaction.abort()
    else await transaction.commit()
    return result
  } catch (error) {
    await transaction.abort(error)
    throw error
  }
}
