import type { Bagged } from '../bag.ts'
import type { Commenter } from '../comments/commenter.ts'
import type { CompleteLimits, ResetOnRelease } from '../engines/limits.ts'
import type { Activity } from './activity.ts'
import type { Checkout } from './checkout.ts'
import type { SessionState } from '../sessions/state.ts'
import type { CommitHost } from './commit.ts'
import type { PgClient, PgResult } from './pg.ts'
import type { StatementNames } from './prepared/statement-names.ts'

/** The pool of a guarded client, seen from the client. */
export interface ClientHost extends CommitHost {
  /** The pool that sessions know as their engine's. */
  readonly front: object
  readonly limits: CompleteLimits
  /** How long one attempt to connect may take, in ms. */
  readonly connectTimeoutMs: number
  readonly resetOnRelease: ResetOnRelease
  /** Writes the comments for what is sent, where they are wanted. */
  readonly comments: Commenter | undefined
  /** The names under which statements are prepared. */
  readonly names: StatementNames
  /** What the pool makes its connections of. */
  readonly connectionOptions: Record<string, unknown>
  /** Has another server answer a statement of a session; undefined where there is no other. */
  readonly readAgain: ((session: SessionState | undefined, statement: readonly unknown[], error: unknown) => Promise<unknown>) | undefined
  /** The server says that it is a standby (PostgreSQL 14 and later). */
  sawStandby(): void
  acquired(client: GuardedClient): void
  /** @param destroyed - it will not be used again */
  returned(client: GuardedClient, destroyed: boolean): void
  warn(client: GuardedClient, text: string): void
  /**
   * No connection that is idle now is to be used again.
   *
   * @param refused - the server accepts no writes; without that it does not answer any more
   */
  distrustIdle(refused?: boolean): void
}

/** A statement that was made once. */
export interface ShortStatement {
  readonly text: string
  readonly values: readonly unknown[]
  /** It is a transaction of its own: without an answer nobody can tell whether it is committed. */
  readonly isTransaction: boolean
}

/** A connection of which it is seen to that its answers come. */
export interface WatchedClient extends Pick<PgClient, 'connection' | 'processID'> {
  readonly activity: Pick<Activity, 'busy' | 'since' | 'elapsedMs'>
  /** Cuts the connection. Whoever waits for an answer of it gets `reason`. */
  destroy(reason: Error): void
}

/** A pg Client that cannot be lost and does not come back dirty. */
export interface GuardedClient extends PgClient, WatchedClient, Bagged {
  readonly activity: Activity
  /** Who holds it; undefined while it lies in the pool. */
  checkout: Checkout | undefined
  /** It is on its way into the pool, or lies there. */
  readonly givenBack: boolean
  /** Whether the server has it in a transaction. */
  readonly inTransaction: boolean
  /** Why the server has given the open transaction up: the first error in it. Undefined where it can still be committed. */
  readonly spoiltBy: unknown
  /** Whether the server has said that rows were changed in the open transaction. False says nothing: a function in a SELECT may have done it. */
  readonly hasChangedRows: boolean
  /**
   * Has the server stop what runs now; does nothing where nothing runs or a COMMIT is on its way. Until the server answers again the
   * connection carries no other statement, and is not given to anybody else: a request to cancel means a backend, not a statement.
   */
  stop(): Promise<void>
  /** Stops or destroys what has run for too long. Called again and again while it is checked out. */
  enforceLimits(): void
  /**
   * Sends one statement of a session that has it checked out for just that, outside a transaction: the same as `query()`, in a few steps.
   *
   * @param done - called once, as soon as the server has answered, in whatever asynchronous context that is
   * @returns false where it has to go the general way
   */
  askShortly(session: SessionState, asked: ShortStatement, done: (error: unknown, answer?: PgResult) => void): boolean
  /** The same as `query()`, but no other server is asked where this one does not answer. */
  askOnce(...statement: readonly unknown[]): Promise<unknown>
  /** Runs several statements, between which nobody else's come. */
  exclusively<T>(work: (ask: (...statement: readonly unknown[]) => Promise<unknown>) => Promise<T>): Promise<T>
}
