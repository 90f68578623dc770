import { setImmediate as turn } from 'node:timers/promises'
import { SessionClosedError } from '../errors.ts'
import { kindOf } from '../postgres/statement-kind.ts'
import { leasedStream } from './leased-stream.ts'
import type { Lease } from './lease.ts'
import type { OpenTransaction } from './open-transactions.ts'
import { readonlyKyselyPlugin } from './readonly.ts'
import { leaveSession, runInSession, startInSession } from './running.ts'
import type { SessionState } from './state.ts'

/** The parts of kysely that lie between a session and the pool; declared here, so that `./orm` does not depend on kysely's types. */
interface Connection {
  executeQuery(query: { readonly sql: string }, ...more: unknown[]): Promise<unknown>
  streamQuery(...args: unknown[]): AsyncIterableIterator<unknown>
}
type Consumer = (connection: Connection) => Promise<unknown>
interface Executor {
  provideConnection(consumer: Consumer, options?: object): Promise<unknown>
  executeQuery(...args: unknown[]): Promise<unknown>
  stream(...args: unknown[]): AsyncIterableIterator<unknown>
}
export interface KyselyLike {
  readonly isTransaction: boolean
  withPlugin(plugin: object): KyselyLike
  getExecutor(): Executor
}

/** A COMMIT that the holder of a connection has sent. */
interface Commit {
  onItsWay: Promise<unknown> | undefined
}

const ROLLBACK = Object.freeze({ sql: 'rollback', parameters: [], query: { kind: 'RawNode' } })

/** What makes an executor from another one, and must not make one that is free again. */
const DERIVING = ['withPlugin', 'withPlugins', 'withPluginAtFront', 'withoutPlugins'] as const

/** What makes a Kysely from another one. One in a transaction takes its executor apart for that, down to one that is not ours. */
const COPYING = ['withPlugin', 'withoutPlugins', 'withSchema', 'withTables', '$extendTables', '$omitTables', '$pickTables'] as const

type Methods = Record<string, ((...args: unknown[]) => unknown) | undefined>

const leased = new WeakSet<Executor>()

/**
 * A Kysely that ends with the session, also where somebody has kept it: it takes no connection after the end, and a transaction or a
 * stream that is still open on one at the end is ended. What it runs, it runs for the session.
 *
 * @param transaction - the transaction of the session that it is in, if any
 */
export function leasedKysely(kysely: KyselyLike, state: SessionState, transaction?: OpenTransaction): KyselyLike {
  if (leased.has(kysely.getExecutor())) return kysely
  const made = kysely.withPlugin({
    transformQuery({ node }: { node: object }) {
      state.assertOpen()
      return node
    },
    transformResult: async ({ result }: { result: object }) => result,
  })
  const { engine } = state
  const tied = engine.readonly ? made.withPlugin(readonlyKyselyPlugin(engine.name)) : made
  if (transaction !== undefined) return tieTransaction(tied, transaction, state)
  leaseFrom(tied.getExecutor(), state)
  return tied
}

/** Changes an executor that `withPlugin()` has made for us alone. */
function leaseFrom(executor: Executor, state: SessionState): Executor {
  leased.add(executor)
  const provide = executor.provideConnection.bind(executor)
  executor.provideConnection = async (consumer, options) => {
    state.assertOpen()
    const ended = Promise.withResolvers<never>()
    const back = Promise.withResolvers<void>()
    ended.promise.catch(() => {})
    const commit: Commit = { onItsWay: undefined }
    const lease: Lease = {
      async end() {
        // Its holder hears what became of it first.
        if (commit.onItsWay !== undefined) await commit.onItsWay.then(async () => await turn(), () => {})
        ended.reject(state.closedError())
        await back.promise
      },
    }
    try {
      return await startInSession(state, async () => await provide(async (connection) => {
        state.assertOpen() // it may have ended while we waited for the pool
        state.leases.add(lease)
        try {
          return await Promise.race([leaveSession(async () => await consumer(untilTheEnd(connection, state, commit))), ended.promise])
        } finally {
          // Also waits for a statement that still runs. There may be no transaction at all: then the database says so, and that is that.
          if (state.closed) await connection.executeQuery(ROLLBACK).catch(() => {})
        }
      }, options))
    } finally {
      state.leases.delete(lease)
      back.resolve()
    }
  }
  derive(executor as unknown as Methods, DERIVING, (made) => leaseFrom(made as Executor, state))
  return executor
}

/** In a transaction of the session the connection is the session's already; what is left to do is to end with the transaction. */
function tieTransaction(tied: KyselyLike, transaction: OpenTransaction, state: SessionState): KyselyLike {
  tieExecutor(tied.getExecutor(), transaction, state)
  derive(tied as unknown as Methods, COPYING, (made) => tieTransaction(made as KyselyLike, transaction, state))
  return tied
}

function tieExecutor(executor: Executor, transaction: OpenTransaction, state: SessionState): Executor {
  leased.add(executor)
  const [execute, stream] = [executor.executeQuery.bind(executor), executor.stream.bind(executor)]
  const assertLive = (): void => {
    state.assertOpen()
    // A copy does not know what became of the transaction, and the connection may be somebody else's by now.
    if (transaction.isCommitted === true || transaction.isRolledBack === true) throw new SessionClosedError(`The transaction of ${state.label}`)
  }
  executor.executeQuery = async (...args) => {
    assertLive()
    return await runInSession(state, async () => await execute(...args))
  }
  executor.stream = (...args) => {
    assertLive()
    return leasedStream(stream(...args), state)
  }
  derive(executor as unknown as Methods, DERIVING, (made) => tieExecutor(made as Executor, transaction, state))
  return executor
}

function derive(owner: Methods, names: readonly string[], tie: (made: unknown) => unknown): void {
  for (const name of names) {
    const inherited = owner[name]?.bind(owner)
    if (inherited !== undefined) owner[name] = (...args) => tie(inherited(...args))
  }
}

/** A connection as its holder sees it: after the end it belongs to somebody else, whose transaction a late COMMIT would commit. */
function untilTheEnd(connection: Connection, state: SessionState, commit: Commit): Connection {
  const execute = (args: Parameters<Connection['executeQuery']>): Promise<unknown> => {
    const answer = runInSession(state, async () => await connection.executeQuery(...args))
    if (kindOf(args[0].sql) === 'commit') commit.onItsWay = answer
    return answer
  }
  return new Proxy(connection, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        state.assertOpen()
        if (name === 'executeQuery') return execute(args as Parameters<Connection['executeQuery']>)
        return name === 'streamQuery' ? leasedStream(target.streamQuery(...args), state) : (member.apply(target, args) as unknown)
      }
    },
  })
}
