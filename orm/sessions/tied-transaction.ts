import { SessionClosedError } from '../errors.ts'
import { leasedStream } from './leased-stream.ts'
import type { OpenTransaction } from './open-transactions.ts'
import { inspectRawSql } from './raw-sql.ts'
import { runInSession } from './running.ts'
import type { SessionState } from './state.ts'

/** The parts of kysely that lie between a session and the pool; declared here, so that `./orm` does not depend on kysely's types. */
export interface Connection {
  executeQuery(query: { readonly sql: string }, ...more: unknown[]): Promise<unknown>
  streamQuery(...args: unknown[]): AsyncIterableIterator<unknown>
}
export type Consumer = (connection: Connection) => Promise<unknown>
export interface Executor {
  provideConnection(consumer: Consumer, options?: object): Promise<unknown>
  executeQuery(...args: unknown[]): Promise<unknown>
  stream(...args: unknown[]): AsyncIterableIterator<unknown>
}
export interface KyselyLike {
  readonly isTransaction: boolean
  withPlugin(plugin: object): KyselyLike
  getExecutor(): Executor
}

/** What makes an executor from another one, and must not make one that is free again. */
export const DERIVING = ['withPlugin', 'withPlugins', 'withPluginAtFront', 'withoutPlugins'] as const

/** What makes a Kysely from another one. One in a transaction takes its executor apart for that, down to one that is not ours. */
const COPYING = ['withPlugin', 'withoutPlugins', 'withSchema', 'withTables', '$extendTables', '$omitTables', '$pickTables'] as const

export type Methods = Record<string, ((...args: unknown[]) => unknown) | undefined>

/** The executors that are ours already. */
export const tiedExecutors: WeakSet<Executor> = new WeakSet()

/** In a transaction of the session the connection is the session's already; what is left to do is to end with the transaction. */
export function tieTransaction(tied: KyselyLike, transaction: OpenTransaction, state: SessionState): KyselyLike {
  tieExecutor(tied.getExecutor(), transaction, state)
  derive(tied as unknown as Methods, COPYING, (made) => tieTransaction(made as KyselyLike, transaction, state))
  return tied
}

function tieExecutor(executor: Executor, transaction: OpenTransaction, state: SessionState): Executor {
  tiedExecutors.add(executor)
  const [execute, stream] = [executor.executeQuery.bind(executor), executor.stream.bind(executor)]
  const assertLive = (): void => {
    state.assertOpen()
    // A copy does not know what became of the transaction, and the connection may be somebody else's by now.
    if (transaction.isCommitted === true || transaction.isRolledBack === true) throw new SessionClosedError(`The transaction of ${state.label}`)
  }
  executor.executeQuery = async (...args) => {
    assertLive()
    inspectRawSql((args[0] as { sql?: unknown } | undefined)?.sql, state)
    return await runInSession(state, async () => await execute(...args))
  }
  executor.stream = (...args) => {
    assertLive()
    return leasedStream(stream(...args), state)
  }
  derive(executor as unknown as Methods, DERIVING, (made) => tieExecutor(made as Executor, transaction, state))
  return executor
}

/** Has what these methods make tied as well. */
export function derive(owner: Methods, names: readonly string[], tie: (made: unknown) => unknown): void {
  for (const name of names) {
    const inherited = owner[name]?.bind(owner)
    if (inherited !== undefined) owner[name] = (...args) => tie(inherited(...args))
  }
}
