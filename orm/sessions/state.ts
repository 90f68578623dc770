import { SessionClosedError } from '../errors.ts'
import { CallMark } from './call-mark.ts'
import type { EntityManager } from '@mikro-orm/core'
import type { EventOwner } from '../events/events.ts'
import type { TwoPhaseDatabase } from '../transactions/two-phase/database.ts'
import type { SqlAssistLogger } from '../logger.ts'
import type { Horizon } from '../routing/horizon.ts'
import type { InsertStatement } from './flush/insert-statement.ts'
import type { SessionInfo } from './info.ts'
import type { Lease } from './lease.ts'
import { type OpenTransaction, OpenTransactions } from './open-transactions.ts'

/** Inserts rows together with those of other sessions. */
export interface RowBatches {
  insert(state: SessionState, statement: InsertStatement, values: readonly (string | null)[]): Promise<Readonly<Record<string, unknown>> | undefined>
}

/** What a session must know of its engine; the engine itself stays out of reach of the entities that lead to a session. */
export interface SessionEngine {
  readonly name: string
  readonly readonly: boolean
  readonly autocommit: boolean
  /** Where its connections come from; undefined where we do not look after them. */
  readonly pool?: { readonly tellsTransactionId: boolean | undefined } | undefined
  /** Where statements can be sent past MikroORM's general way; undefined where they may not (option `fastPath`), or where the connections are not ours. */
  readonly shortWay?: ShortWay | undefined
  /** Where what only reads can be sent past it. */
  readonly reads?: ShortReads | undefined
  /** Who puts rows of several sessions into one statement; undefined where nobody does. */
  readonly batches?: RowBatches | undefined
  /** What two-phase commit needs of it; undefined where it can take no part. */
  readonly database?: TwoPhaseDatabase | undefined
}

/** Runs one statement of a session that is in no transaction. */
export interface ShortWay extends ShortReads {
  ask(session: SessionState, text: string, values: readonly unknown[]): Promise<Answer>
}

/** The same for what only reads, and is short. */
export interface ShortReads {
  /** On a connection that several share, where there is one. */
  read(session: SessionState, text: string, values: readonly unknown[]): Promise<Answer>
}

/** What the database has answered. */
export interface Answer {
  readonly rowCount?: number | null
  readonly rows: readonly Record<string, unknown>[]
}

/** A connection that a session holds. */
export interface HeldConnection {
  /** What runs on it, and when anything last did, of `performance.now()`. */
  readonly activity: { readonly busy: boolean; readonly last: number }
  /** Why the server has given the open transaction up: the first error in it. Undefined where it can still be committed. */
  readonly spoiltBy: unknown
  /** Whether the server has said that rows were changed in the open transaction. False says nothing. */
  readonly hasChangedRows: boolean
  /** Whether the server has it in a transaction. */
  readonly inTransaction: boolean
  /** Has the server stop what runs on it. */
  stop(): Promise<void>
}

/** A session's way into the transaction of its container. */
export interface Enlisting {
  /** Whether there is one, or will be with the first statement. */
  readonly managed: boolean
  /** Takes an EntityManager of the session into it: BEGIN, the first time. Undefined where there is nothing to wait for. */
  enlist(em: EntityManager): Promise<void> | undefined
  /** The transaction that it is in by that. */
  transactionOf(em: EntityManager): OpenTransaction | undefined
  /** The same, for a stream of rows: while it is read nothing else can be asked, not even whether something was written. */
  enlistStream(em: EntityManager): Promise<void> | undefined
  /** Takes the session into it, and gives the transaction; undefined where there is none. */
  transaction(): Promise<OpenTransaction | undefined>
  /**
   * @param em - who does it; undefined for whoever needs no EntityManager for it
   * @throws TransactionManagedError for what would end the transaction behind the manager's back
   */
  assertUnmanaged(em: EntityManager | undefined, what: string): void
}

let sessions = 0
const internal = new CallMark()

/** Runs our own clean-up against a session that already refuses everybody else. */
export const withInternalAccess = <T>(fn: () => T): T => internal.around(fn)

/**
 * What a session and all the EntityManagers made from it (forks, transactions) have in common: whose it is, and whether it is over.
 */
export class SessionState {
  readonly id: number = ++sessions
  readonly engine: SessionEngine
  readonly info: SessionInfo
  readonly logger: SqlAssistLogger
  /** The engine's default filters for every query of the session, in MikroORM's `filters` form. */
  readonly filters: Readonly<Record<string, unknown>> | undefined
  #transactions: OpenTransactions | undefined
  #leases: Set<Lease> | undefined
  #connections: Set<HeldConnection> | undefined
  #writing: Set<Promise<unknown>> | undefined
  #created: Map<object, boolean> | undefined
  /** The connection of another session in whose transaction this one reads, while there is one; undefined where it joins none. */
  joined: (() => HeldConnection | undefined) | undefined
  /** What the client must see again; undefined where no engine has replicas. */
  horizon: Horizon | undefined
  /** Undefined where the engine takes part in no managed transaction. */
  enlisting: Enlisting | undefined
  /** The container of the session, or the session itself: who waits for a connection. */
  readonly owner: object
  /** The request or job that it belongs to. */
  readonly whose: EventOwner | undefined
  /** When it was opened, of `performance.now()`. */
  readonly since: number = performance.now()
  /** Raw SQL has been run or may have been: only that can leave a connection in a transaction behind our back. */
  ranRawSql = false
  /** Something was sent by NOTIFY in the managed transaction: only a commit delivers it. */
  notified = false
  /** Something was persisted, inserted, changed or removed, or may have been by raw SQL. */
  wrote = false
  /** A flush has been asked for: what it has worked out may still be there. */
  flushed = false
  closed = false
  /** The end, while it lasts and after: whoever ends the session once more waits for it. */
  closing: Promise<void> | undefined

  constructor(engine: SessionEngine, info: SessionInfo, logger: SqlAssistLogger, filters?: Readonly<Record<string, unknown>>, owner?: EventOwner) {
    this.owner = owner ?? this
    this.whose = owner
    this.engine = engine
    this.info = info
    this.logger = logger
    this.filters = filters
  }

  /** The transactions that it has begun. Like all that follows made when it is first asked for: most sessions read a row or two. */
  get transactions(): OpenTransactions {
    return (this.#transactions ??= new OpenTransactions())
  }

  /** Connections that are held in other ways, to be taken back at the end. */
  get leases(): Set<Lease> {
    return (this.#leases ??= new Set())
  }

  /** Connections that are checked out for the session, whoever has done it. */
  get connections(): Set<HeldConnection> {
    return (this.#connections ??= new Set())
  }

  /** Statements on their way that are their own transactions. */
  get writing(): Set<Promise<unknown>> {
    return (this.#writing ??= new Set())
  }

  /** Entities whose rows the managed transaction has made, and whether they had keys of their own before. */
  get created(): Map<object, boolean> {
    return (this.#created ??= new Map())
  }

  /** Whether nothing has to be given back, undone or waited for when it ends. */
  get holdsNothing(): boolean {
    return !this.ranRawSql && (this.#transactions === undefined || this.#transactions.size === 0) && (this.#leases === undefined || this.#leases.size === 0) && (this.#writing === undefined || this.#writing.size === 0)
  }

  /** Whether it has a connection right now. */
  get isConnected(): boolean {
    return this.#connections !== undefined && this.#connections.size > 0
  }

  /** Forgets the transactions that are over. */
  forgetTransactions(): void {
    this.#transactions?.forget()
  }

  /** How errors and warnings name the session. */
  get label(): string {
    return `session ${this.engine.name}#${this.id}`
  }

  /** The same, with the request or job that it belongs to. */
  get fullLabel(): string {
    return this.whose === undefined ? this.label : `${this.label} of ${this.whose.label}`
  }

  /** Has the server stop what runs. Resolves when the connections answer again, or are destroyed. */
  async stopRunning(): Promise<void> {
    await Promise.all([...this.connections].map(async (connection) => await connection.stop()))
  }

  assertOpen(): void {
    if (this.closed && !internal.isSet) throw this.closedError()
  }

  /** An error of work that the end of the session has cut short says so; the driver's own error is its cause. */
  explain(thrown: unknown): unknown {
    const error = (thrown as { original?: unknown } | null)?.original ?? thrown // one of ours, in MikroORM's wrapping
    return !this.closed || error instanceof SessionClosedError ? error : this.closedError({ cause: error })
  }

  closedError(options?: { cause: unknown }): Error {
    const what = `The work of ${this.label}`
    return options === undefined ? new SessionClosedError(what) : new SessionClosedError(what, options)
  }
}
