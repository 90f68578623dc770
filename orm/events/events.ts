import type { RequestOrigin } from '../comments/origin.ts'
import type { PoolStats } from '../postgres/pool-stats.ts'
import type { SessionInfo } from '../sessions/info.ts'
import type { SessionStatus } from '../sessions/status.ts'
import type { RecoveryReport } from '../transactions/two-phase/report.ts'

/** Whose doing an event is: the sessions of one request or one job. The same object on all its events, so that it can be a key. */
export interface EventOwner {
  /** Unique in the process; request ids need not be. */
  readonly id: number
  /** `Request req-1 (GET /groups)`, `The container`. */
  readonly label: string
  /** Undefined outside of requests. */
  readonly requestId: string | undefined
  /** What `session.info` is: in a request it has the `request`. */
  readonly info: SessionInfo
  /** Where the work comes from: framework, route, trace. Undefined outside of requests. */
  readonly origin: RequestOrigin | undefined
}

/** What every event says. */
export interface EventBase {
  /** When it began, of `performance.now()`, in ms. */
  readonly at: number
  /** Undefined for work outside of sessions, such as migrations. */
  readonly owner: EventOwner | undefined
  /** The same as `owner.requestId`. */
  readonly requestId: string | undefined
}

/** Something that took time; `at` is its beginning. */
export interface TimedEvent extends EventBase {
  /** How long it took, in ms. */
  readonly durationMs: number
  /** What it failed with; undefined where it did not. */
  readonly error: unknown
}

/** Something of one engine. */
export interface EngineEvent extends EventBase {
  /** The name of the engine. */
  readonly engine: string
  /** The number of the session, as warnings name it; undefined outside of sessions. */
  readonly session: number | undefined
}

/** The sessions of a request or a job were touched for the first time. */
export interface ContainerOpenEvent extends EventBase {
  readonly owner: EventOwner
}

/** They have ended. */
export interface ContainerCloseEvent extends ContainerOpenEvent {
  /** How long it was open, in ms. */
  readonly durationMs: number
  /** Engine name -> INIT, START or END. */
  readonly status: Readonly<Record<string, SessionStatus>>
}

/** A session of an engine was opened. No connection is taken by that. */
export interface SessionOpenEvent extends EngineEvent {
  readonly session: number
  /** Its engine refuses to write. */
  readonly readonly: boolean
  /** Its engine makes each flush durable by itself. */
  readonly autocommit: boolean
  /** Why it is this engine, in words: it was asked for by its name, or is what `any` means. */
  readonly why: string
}

/** A session of an engine with replicas reads from this server from now on; told again where it has to go to another one. */
export interface SessionRouteEvent extends EngineEvent {
  /** `replica 1`, or the name of the followed engine. */
  readonly server: string
  /** In words. */
  readonly why: string
  /** The position in the log (LSN) that the read needs, and the one that the server is known to have; undefined where none was asked for, or none is known. */
  readonly asked: string | undefined
  /** See `asked`. */
  readonly found: string | undefined
  /** How long the choice took, in ms: most of it is waiting for a replica. */
  readonly waitedMs: number
}

/** It has ended. */
export interface SessionCloseEvent extends EngineEvent {
  readonly session: number
  /** How long it was open, in ms. */
  readonly durationMs: number
  /** How many entities it had loaded and made at its end: what its identity map held. */
  readonly managed: number
}

/** What a statement does to the transaction around it, by its first words; a script is several statements, of which one ends a transaction. */
export type QueryKind = 'begin' | 'commit' | 'prepare' | 'rollback' | 'script' | 'other'

/** A statement is sent, unless a guard refuses it. The same object is published again when it has been answered, see {@link QueryEvent}. */
export interface QueryStartEvent extends EngineEvent {
  /** The text as the server is sent it. */
  readonly sql: string
  /** The same without the comment of the option `sqlComments`: what to group by. */
  readonly uncommented: string
  /** The values that are sent beside it. They may be secret. */
  readonly parameters: readonly unknown[]
  /** What it does to the transaction. */
  readonly kind: QueryKind
  /** The server's process that it runs on; undefined on SQLite. */
  readonly pid: number | undefined
  /** Sent by this package for itself, as when the server is asked whether anything was written. */
  readonly internal: boolean
}

/** A statement was answered. */
export interface QueryEvent extends QueryStartEvent, TimedEvent {
  /** How many rows came back. */
  readonly rows: number | undefined
  /** How many rows were changed, where the database says so. */
  readonly affected: number | undefined
}

/** A connection was taken from the pool, or was not to be had. */
export interface PoolCheckoutEvent extends EngineEvent, TimedEvent {
  /** The time is what was waited for it. */
  readonly pid: number | undefined
  /** The pool when it was taken; null where its driver tells nothing of it. */
  readonly pool: PoolStats | null
}

/** A connection went back. */
export interface PoolReleaseEvent extends EngineEvent {
  /** `at` is when it was taken. */
  readonly durationMs: number
  /** The server's process; undefined where it is not known. */
  readonly pid: number | undefined
  /** It will not be used again. */
  readonly destroyed: boolean
}

/** A transaction over the engines of a container was opened: each engine joins it with its first statement. */
export interface TransactionBeginEvent extends EventBase {
  /** Which attempt at the same work it is, from 1. */
  readonly attempt: number
}

/** It was committed; with an `error` it was not, or not as a whole. */
export interface TransactionCommitEvent extends TimedEvent {
  /** Which attempt at the same work it was, from 1. */
  readonly attempt: number
  /** The engines that had joined, in the order of their joining. */
  readonly engines: readonly string[]
}

/** It was undone; an `error` there is none, for what goes wrong then is logged. */
export interface TransactionAbortEvent extends TimedEvent {
  /** Which attempt at the same work it was, from 1. */
  readonly attempt: number
  /** The engines that had joined, in the order of their joining. */
  readonly engines: readonly string[]
  /** What `abort()` was given, or the error. */
  readonly reason: unknown
}

/** A savepoint over all engines was made, or gone back to. */
export interface TransactionSavepointEvent extends TimedEvent {
  /** The savepoint's name in SQL. */
  readonly name: string
  /** It was gone back to; else it was made. */
  readonly rolledBack: boolean
}

/** A hook of a transaction has run. */
export interface TransactionHookEvent extends TimedEvent {
  /** When it has run. */
  readonly kind: 'beforeCommit' | 'afterCommit' | 'afterAbort'
  /** The name of the function. */
  readonly name: string
}

/** The transaction of an engine was prepared, the first phase of two. */
export interface TransactionPrepareEvent extends TimedEvent {
  /** The name of the engine. */
  readonly engine: string
}

/** A session wrote what had changed in it. */
export interface FlushEvent extends EngineEvent, TimedEvent {
  readonly session: number
  /** How many entities were written. */
  readonly entities: number
}

/** The server was asked to stop what a session runs. */
export interface CancelEvent extends EngineEvent, TimedEvent {
  /** The server's process that was to stop. */
  readonly pid: number | undefined
  /** Why it was to stop. */
  readonly reason: 'the session has ended' | 'statementTimeoutMs'
}

/** Something is held for too long, or came back as it should not: what is also a warning in the log. */
export interface LeakEvent extends EventBase {
  /** What is held: a container, a transaction, or all connections of a pool. */
  readonly kind: 'container' | 'transaction' | 'pool'
  /** Undefined where it is not about one. */
  readonly engine: string | undefined
  /** The warning. */
  readonly message: string
}

/** Transactions that were left prepared have been looked for. */
export interface RecoveryEvent extends TimedEvent {
  /** What was found, and done about it. */
  readonly report: RecoveryReport
}

/** Every channel of `node:diagnostics_channel` that this package publishes on, and what is published there. */
export interface SqlAssistEvents {
  /** The first use of the sessions of a request or a job. */
  'sqlassist:container:open': ContainerOpenEvent
  /** Their end. */
  'sqlassist:container:close': ContainerCloseEvent
  /** The first use of an engine by them. */
  'sqlassist:session:open': SessionOpenEvent
  /** Which server of several a session reads from. */
  'sqlassist:session:route': SessionRouteEvent
  /** The end of a session. */
  'sqlassist:session:close': SessionCloseEvent
  /** A statement is sent. */
  'sqlassist:query:start': QueryStartEvent
  /** It was answered, or has failed. */
  'sqlassist:query:end': QueryEvent
  /** A session has written what had changed. */
  'sqlassist:flush': FlushEvent
  /** A connection was taken, or was not to be had. */
  'sqlassist:pool:checkout': PoolCheckoutEvent
  /** A connection went back. */
  'sqlassist:pool:release': PoolReleaseEvent
  /** A transaction over all engines was opened. */
  'sqlassist:transaction:begin': TransactionBeginEvent
  /** The first of two phases, on one engine. */
  'sqlassist:transaction:prepare': TransactionPrepareEvent
  /** It was committed, or that has failed. */
  'sqlassist:transaction:commit': TransactionCommitEvent
  /** It was undone. */
  'sqlassist:transaction:abort': TransactionAbortEvent
  /** A savepoint was made, or gone back to. */
  'sqlassist:transaction:savepoint': TransactionSavepointEvent
  /** A hook of it has run. */
  'sqlassist:transaction:hook': TransactionHookEvent
  /** A server was asked to stop a statement. */
  'sqlassist:cancel': CancelEvent
  /** A warning of something that is held for too long. */
  'sqlassist:leak': LeakEvent
  /** Prepared transactions that were left behind were looked for. */
  'sqlassist:recovery': RecoveryEvent
}
