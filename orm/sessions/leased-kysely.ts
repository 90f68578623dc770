import { setImmediate as turn } from 'node:timers/promises'
import { kindOf } from '../postgres/statement-kind.ts'
import { leasedStream } from './leased-stream.ts'
import type { Lease } from './lease.ts'
import type { OpenTransaction } from './open-transactions.ts'
import { inspectRawSql } from './raw-sql.ts'
import { readonlyKyselyPlugin } from './readonly.ts'
import { leaveSession, runInSession, startInSession } from './running.ts'
import type { SessionState } from './state.ts'
import { type Connection, derive, DERIVING, type Executor, type KyselyLike, type Methods, tiedExecutors, tieTransaction } from './tied-transaction.ts'

export type { KyselyLike } from './tied-transaction.ts'

/** A COMMIT that the holder of a connection has sent. */
interface Commit {
  onItsWay: Promise<unknown> | undefined
}

const ROLLBACK = Object.freeze({ sql: 'rollback', parameters: [], query: { kind: 'RawNode' } })

/**
 * A Kysely that ends with the session, also where somebody has kept it: it takes no connection after the end, and a transaction or a
 * stream that is still open on one at the end is ended. What it runs, it runs for the session.
 *
 * @param transaction - the transaction of the session that it is in, if any
 */
export function leasedKysely(kysely: KyselyLike, state: SessionState, transaction?: OpenTransaction): KyselyLike {
  if (tiedExecutors.has(kysely.getExecutor())) return kysely
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
  tiedExecutors.add(executor)
  const provide = executor.provideConnection.bind(executor)
  executor.provideConnection = async (consumer, options) => {
    state.assertOpen()
    const managed = await state.enlisting?.transaction()
    const take = managed === undefined ? provide : async (...args: Parameters<typeof provide>) => await executorOf(managed).provideConnection(...args)
    const ended = Promise.withResolvers<never>()
    const back = Promise.withResolvers<void>()
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
      return await startInSession(state, async () => await take(async (connection) => {
        state.assertOpen() // it may have ended while we waited for the pool
        state.leases.add(lease)
        try {
          return await Promise.race([leaveSession(async () => await consumer(untilTheEnd(connection, state, commit))), ended.promise])
        } finally {
          // Also waits for a statement that still runs. There may be no transaction at all: then the database says so, and that is that.
          if (state.closed && managed === undefined) await connection.executeQuery(ROLLBACK).catch(() => {})
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

/** MikroORM's transactions are kysely's. */
const executorOf = (transaction: OpenTransaction): Executor => (transaction as OpenTransaction & KyselyLike).getExecutor()

/** A connection as its holder sees it: after the end it belongs to somebody else, whose transaction a late COMMIT would commit. */
function untilTheEnd(connection: Connection, state: SessionState, commit: Commit): Connection {
  const execute = (args: Parameters<Connection['executeQuery']>): Promise<unknown> => {
    inspectRawSql(args[0].sql, state)
    const kind = kindOf(args[0].sql)
    const answer = runInSession(state, async () => await connection.executeQuery(...args))
    if (kind === 'commit') commit.onItsWay = answer
    // A transaction that the session does not live to see is rolled back already.
    return kind === 'begin' ? answer.finally(() => state.assertOpen()) : answer
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
