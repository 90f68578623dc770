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
  readonly durationMs: number
  /** What it failed with; undefined where it did not. */
  readonly error: unknown
}

/** Something of one engine. */
export interface EngineEvent extends EventBase {
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
  readonly durationMs: number
  /** Engine name -> INIT, START or END. */
  readonly status: Readonly<Record<string, SessionStatus>>
}

export interface SessionOpenEvent extends EngineEvent {
  readonly session: number
  readonly readonly: boolean
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
  readonly found: string | undefined
  /** How long the choice took, in ms: most of it is waiting for a replica. */
  readonly waitedMs: number
}

export interface SessionCloseEvent extends EngineEvent {
  readonly session: number
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
  readonly parameters: readonly unknown[]
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
  readonly pool: PoolStats | null
}

/** A connection went back. */
export interface PoolReleaseEvent extends EngineEvent {
  /** `at` is when it was taken. */
  readonly durationMs: number
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
  readonly attempt: number
  /** The engines that had joined, in the order of their joining. */
  readonly engines: readonly string[]
}

/** It was undone; an `error` there is none, for what goes wrong then is logged. */
export interface TransactionAbortEvent extends TimedEvent {
  readonly attempt: number
  readonly engines: readonly string[]
  /** What `abort()` was given, or the error. */
  readonly reason: unknown
}

/** A savepoint over all engines was made, or gone back to. */
export interface TransactionSavepointEvent extends TimedEvent {
  readonly name: string
  readonly rolledBack: boolean
}

/** A hook of a transaction has run. */
export interface TransactionHookEvent extends TimedEvent {
  readonly kind: 'beforeCommit' | 'afterCommit' | 'afterAbort'
  /** The name of the function. */
  readonly name: string
}

/** The transaction of an engine was prepared, the first phase of two. */
export interface TransactionPrepareEvent extends TimedEvent {
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
  readonly pid: number | undefined
  readonly reason: 'the session has ended' | 'statementTimeoutMs'
}

/** Something is held for too long, or came back as it should not: what is also a warning in the log. */
export interface LeakEvent extends EventBase {
  readonly kind: 'container' | 'transaction' | 'pool'
  readonly engine: string | undefined
  /** The warning. */
  readonly message: string
}

/** Transactions that were left prepared have been looked for. */
export interface RecoveryEvent extends TimedEvent {
  readonly report: RecoveryReport
}

/** Every channel of `node:diagnostics_channel` that this package publishes on, and what is published there. */
export interface SqlAssistEvents {
  'sqlassist:container:open': ContainerOpenEvent
  'sqlassist:container:close': ContainerCloseEvent
  'sqlassist:session:open': SessionOpenEvent
  'sqlassist:session:route': SessionRouteEvent
  'sqlassist:session:close': SessionCloseEvent
  'sqlassist:query:start': QueryStartEvent
  'sqlassist:query:end': QueryEvent
  'sqlassist:flush': FlushEvent
  'sqlassist:pool:checkout': PoolCheckoutEvent
  'sqlassist:pool:release': PoolReleaseEvent
  'sqlassist:transaction:begin': TransactionBeginEvent
  'sqlassist:transaction:prepare': TransactionPrepareEvent
  'sqlassist:transaction:commit': TransactionCommitEvent
  'sqlassist:transaction:abort': TransactionAbortEvent
  'sqlassist:transaction:savepoint': TransactionSavepointEvent
  'sqlassist:transaction:hook': TransactionHookEvent
  'sqlassist:cancel': CancelEvent
  'sqlassist:leak': LeakEvent
  'sqlassist:recovery': RecoveryEvent
}
