import type { Connection, EntityManager } from '@mikro-orm/core'
import { withoutTransaction } from './flush/without-transaction.ts'
import type { Lease } from './lease.ts'
import { type KyselyLike, leasedKysely } from './leased-kysely.ts'
import { leasedStream } from './leased-stream.ts'
import type { OpenTransaction } from './open-transactions.ts'
import { inspectRawSql } from './raw-sql.ts'
import { runInSession, startInSession } from './running.ts'
import type { SessionState } from './state.ts'
import { tieQueryBuilder } from './tied-query-builder.ts'

type Driver = ReturnType<EntityManager['getDriver']>

const known = new WeakMap<SessionState, WeakMap<object, object>>()

/** The driver's connection as a session hands it out: it ends with the session, and what runs on it runs for the session. */
export const sessionConnection = (connection: Connection, state: SessionState): Connection => tied(connection, state)

/** The driver as a session hands it out; see {@link sessionConnection}. */
export const sessionDriver = (driver: Driver, state: SessionState): Driver => tied(driver, state)

function tied<T extends object>(target: T, state: SessionState): T {
  let ties = known.get(state)
  if (ties === undefined) known.set(state, (ties = new WeakMap()))
  let proxy = ties.get(target) as T | undefined
  if (proxy === undefined) ties.set(target, (proxy = tie(target, state)))
  return proxy
}

function tie<T extends object>(target: T, state: SessionState): T {
  return new Proxy(target, {
    get(_target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function' || name === 'constructor') return member
      return (...args: unknown[]): unknown => {
        state.assertOpen()
        if (state.enlisting?.managed === true) {
          if (name === 'execute') return executeManaged(member as Execute, target, args, state)
          assertNoEnd(name, args, state)
        }
        const alone = name === 'transactional' ? withoutTransaction(args, state) : undefined
        return alone ?? handOut(name, startInSession(state, () => member.apply(target, args) as unknown), { target, args, state })
      }
    },
  })
}

type Execute = (sql: unknown, parameters?: unknown, method?: unknown, transaction?: unknown, ...more: unknown[]) => Promise<unknown>

/** MikroORM's connection runs on any connection of the pool what it is given no transaction for. */
async function executeManaged(execute: Execute, target: object, [sql, parameters, method, transaction, ...more]: readonly unknown[], state: SessionState): Promise<unknown> {
  inspectRawSql(sql, state)
  return await runInSession(state, async () => await execute.call(target, sql, parameters, method, transaction ?? (await state.enlisting!.transaction()), ...more))
}

/** MikroORM's EntityManagers do the same with an event broadcaster: theirs are looked at there. */
function assertNoEnd(method: string | symbol, args: readonly unknown[], state: SessionState): void {
  const begins = (method === 'begin' || method === 'transactional') && (args.at(method === 'begin' ? 0 : 1) as { eventBroadcaster?: unknown } | undefined)?.eventBroadcaster === undefined
  const ends = (method === 'commit' || method === 'rollback') && args[1] === undefined
  if (begins || ends) state.enlisting!.assertUnmanaged(undefined, method)
}

interface Call {
  readonly target: object
  readonly args: readonly unknown[]
  readonly state: SessionState
}

/** What a driver or a connection leads to is tied as well. */
function handOut(method: string | symbol, result: unknown, { target, args, state }: Call): unknown {
  if (method === 'getConnection') return tied(result as Connection, state)
  if (method === 'getClient') return leasedKysely(result as KyselyLike, state)
  if (method === 'createQueryBuilder') return tieQueryBuilder(result as object, state)
  if (method === 'stream') return leasedStream(result as AsyncIterableIterator<unknown>, state)
  if (!(result instanceof Promise)) return result
  const explained = result.catch((error: unknown) => {
    throw state.explain(error)
  })
  // MikroORM's EntityManagers want to hear of their transactions, and theirs are known already.
  if (method === 'begin' && (args[0] as { eventBroadcaster?: unknown } | undefined)?.eventBroadcaster === undefined) {
    return explained.then((transaction) => leaseTransaction(target as TransactionConnection, transaction as OpenTransaction, state))
  }
  return method === 'commit' || method === 'rollback' ? explained.finally(() => giveUpLease(args[0] as OpenTransaction, state)) : explained
}

/** The part of a connection that ends a transaction. */
interface TransactionConnection {
  rollback(transaction: OpenTransaction): Promise<void>
}

/** The leases of transactions that were begun on a connection, past the EntityManager. */
const leases = new WeakMap<OpenTransaction, Lease>()

async function leaseTransaction(connection: TransactionConnection, transaction: OpenTransaction, state: SessionState): Promise<OpenTransaction> {
  if (transaction.savepointName !== undefined) return transaction // it ends with the transaction around it
  const lease: Lease = {
    async end() {
      if (!isOver(transaction)) await connection.rollback(transaction)
    },
  }
  if (state.closed) {
    await lease.end()
    state.assertOpen()
  }
  leases.set(transaction, lease)
  state.leases.add(lease)
  return transaction
}

function giveUpLease(transaction: OpenTransaction, state: SessionState): void {
  const lease = leases.get(transaction)
  if (lease !== undefined && isOver(transaction)) state.leases.delete(lease)
}

const isOver = ({ isCommitted, isRolledBack }: OpenTransaction): boolean => isCommitted === true || isRolledBack === true
