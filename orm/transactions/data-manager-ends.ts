import { type DataManager, inOrder, type TransactionInfo } from './data-manager.ts'
import type { HookRun } from './hooks.ts'

/** The last phase of data managers whose transaction is committed. Never rejects: nothing can be undone any more. */
export async function finishAll(managers: readonly DataManager[], transaction: TransactionInfo, { logger, owner }: HookRun): Promise<void> {
  for (const manager of managers) {
    try {
      await manager.finish(transaction)
    } catch (err) {
      logger.error({ err, sortKey: manager.sortKey }, `${owner.label}: a data manager has failed after the commit, which it had promised not to`)
    }
  }
}

/** Has data managers take back what they have done. Never rejects. */
export async function abortAll(managers: Iterable<DataManager>, transaction: TransactionInfo, { logger, owner }: HookRun): Promise<void> {
  for (const manager of inOrder(managers)) {
    try {
      await manager.abort(transaction)
    } catch (err) {
      logger.error({ err, sortKey: manager.sortKey }, `${owner.label}: a data manager could not take back its part`)
    }
  }
}
