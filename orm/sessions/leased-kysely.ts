import type { Lease } from './lease.ts'
import { leaveSession, startInSession } from './running.ts'
import type { SessionState } from './state.ts'

/** The parts of kysely that lie between a session and the pool; declared here, so that `./orm` does not depend on kysely's types. */
interface Connection {
  executeQuery(query: object): Promise<unknown>
}
type Consumer = (connection: Connection) => Promise<unknown>
interface Executor {
  provideConnection(consumer: Consumer, options?: object): Promise<unknown>
}
export interface KyselyLike {
  readonly isTransaction: boolean
  withPlugin(plugin: object): KyselyLike
  getExecutor(): Executor
}

const ROLLBACK = Object.freeze({ sql: 'rollback', parameters: [], query: { kind: 'RawNode' } })

/** What makes an executor from another one, and must not make one that is free again. Inside a transaction the connection is ours already. */
const DERIVING = ['withPlugin', 'withPlugins', 'withPluginAtFront', 'withoutPlugins'] as const

/**
 * A Kysely that ends with the session, also where somebody has kept it: it takes no connection after the end, and a transaction that
 * is still open on one at the end is rolled back.
 */
export function leasedKysely(kysely: KyselyLike, state: SessionState): KyselyLike {
  const tied = kysely.withPlugin({
    transformQuery({ node }: { node: object }) {
      state.assertOpen()
      return node
    },
    transformResult: async ({ result }: { result: object }) => result,
  })
  if (!tied.isTransaction) leaseFrom(tied.getExecutor(), state)
  return tied
}

/** Changes an executor that `withPlugin()` has made for us alone. */
function leaseFrom(executor: Executor, state: SessionState): Executor {
  const provide = executor.provideConnection.bind(executor)
  executor.provideConnection = async (consumer, options) => {
    state.assertOpen()
    const ended = Promise.withResolvers<never>()
    const back = Promise.withResolvers<void>()
    ended.promise.catch(() => {})
    const lease: Lease = {
      async end() {
        ended.reject(state.closedError())
        await back.promise
      },
    }
    try {
      return await startInSession(state, async () => await provide(async (connection) => {
        state.assertOpen() // it may have ended while we waited for the pool
        state.leases.add(lease)
        try {
          return await Promise.race([leaveSession(async () => await consumer(untilTheEnd(connection, state))), ended.promise])
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
  const deriving = executor as unknown as Record<string, (...args: unknown[]) => Executor>
  for (const method of DERIVING) {
    const derive = deriving[method]!.bind(executor)
    deriving[method] = (...args) => leaseFrom(derive(...args), state)
  }
  return executor
}

/** A connection as its holder sees it: after the end it belongs to somebody else, whose transaction a late COMMIT would commit. */
function untilTheEnd(connection: Connection, state: SessionState): Connection {
  return new Proxy(connection, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        state.assertOpen()
        return member.apply(target, args)
      }
    },
  })
}
