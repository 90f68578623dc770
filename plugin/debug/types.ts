// What the panel's JSON says, at /_sqlassist/api/: the page, `npx fastify-sqlassist tail` and scripts read the same.
import type { PoolStats, QueryKind, SessionStatus } from '../../orm/index.ts'
import type { Caller } from '../../orm/caller.ts'
import type { NPlusOneSuspicion } from '../../orm/n-plus-one/suspicions.ts'

export type { Caller } from '../../orm/caller.ts'
export type { NPlusOneSuspicion } from '../../orm/n-plus-one/suspicions.ts'

/** An engine, as one request has used it. */
export interface EngineUse {
  readonly name: string
  readonly status: SessionStatus
  /** The request is over, and its session is not. */
  readonly notClosed: boolean
}

/** A request in the list. Times are in ms. */
export interface RequestSummary {
  /** The number of the record; request ids need not be unique. */
  readonly id: number
  readonly requestId: string
  readonly method: string
  /** Path and query, with what is secret masked. */
  readonly url: string
  /** The route's pattern; null where none has matched. */
  readonly route: string | null
  /** Null while it runs, and where the client has left before an answer. */
  readonly statusCode: number | null
  readonly state: 'running' | 'answered' | 'left'
  /** ISO 8601. */
  readonly startedAt: string
  /** Null while it runs. */
  readonly durationMs: number | null
  readonly engines: readonly EngineUse[]
  readonly statements: number
  /** How many of them differ in more than their values. */
  readonly distinct: number
  readonly sqlMs: number
  readonly slow: number
  readonly failed: number
  readonly nPlusOne: boolean
  readonly transaction: 'none' | 'open' | 'committed' | 'aborted'
  /** How many entities its sessions had at their end; of those that are open nothing is known. */
  readonly managed: number
}

/** Which server of an engine with replicas a session reads from. */
export interface RouteRecord {
  /** `replica 1`, or the name of the followed engine. */
  readonly server: string
  /** In words. */
  readonly why: string
  /** The position in the log (LSN) that the read needs, and the one that the server was known to have; null where none was asked for, or none was known. */
  readonly asked: string | null
  readonly found: string | null
  /** How long the choice took. */
  readonly waitedMs: number
  /** From the beginning of the request. */
  readonly atMs: number
}

export interface SessionRecord {
  readonly engine: string
  readonly session: number
  readonly readonly: boolean
  readonly autocommit: boolean
  /** Why it is this engine. */
  readonly why: string
  /** The servers that it has read from, where its engine has replicas: the last one is where it reads now. */
  readonly routes: readonly RouteRecord[]
  readonly openedMs: number
  /** Null where it is still open. */
  readonly closedMs: number | null
  /** How many entities it had at its end, loaded and made; null where it is still open. */
  readonly managed: number | null
}

/** A connection that was taken from the pool. */
export interface ConnectionRecord {
  readonly engine: string
  readonly session: number | null
  /** The server's process; null where there was none to be had. */
  readonly pid: number | null
  readonly waitedMs: number
  readonly atMs: number
  /** Null where it has not come back. */
  readonly heldMs: number | null
  readonly destroyed: boolean
  /** The pool when it was taken. */
  readonly pool: PoolStats | null
  readonly error: string | null
}

/** Something on the way of the request that is no statement. */
export interface TimelineEntry {
  readonly kind: 'begin' | 'flush' | 'savepoint' | 'prepare' | 'commit' | 'abort' | 'hook' | 'cancel' | 'leak'
  /** From the beginning of the request. */
  readonly atMs: number
  readonly durationMs: number
  readonly engine: string | null
  /** In words. */
  readonly text: string
  readonly error: string | null
}

export interface StatementRecord {
  /** Its place among the statements of the request, from 1. */
  readonly n: number
  readonly engine: string
  readonly session: number | null
  readonly kind: QueryKind
  /** Sent by fastify-sqlassist for itself. */
  readonly internal: boolean
  readonly pid: number | null
  /** With line breaks and what is secret masked. */
  readonly sql: string
  /** As SQL literals, masked. */
  readonly parameters: readonly string[]
  /** With the parameters in their places, to be run elsewhere; null where something is masked. */
  readonly runnable: string | null
  /** From the beginning of the request. */
  readonly atMs: number
  /** Null while it runs. */
  readonly durationMs: number | null
  readonly rows: number | null
  readonly affected: number | null
  readonly error: string | null
  readonly slow: boolean
  /** Null where it was not to be found, or no more are looked for. */
  readonly caller: Caller | null
  /** The statement without its values: those of one fingerprint are similar. */
  readonly fingerprint: string
  /** Whether its plan may be asked for. */
  readonly explainable: boolean
}

/** Statements that are the same, or the same but for their values. */
export interface StatementGroup {
  readonly kind: 'duplicate' | 'similar'
  readonly engine: string
  /** The first one. */
  readonly sql: string
  readonly count: number
  readonly totalMs: number
  /** The places of its statements. */
  readonly statements: readonly number[]
}

/** What was not kept, because of a limit. */
export interface Cut {
  readonly statements: number
  readonly bytes: number
  readonly timeline: number
  readonly callers: number
}

/** A request with everything that was seen of it. */
export interface RequestDetail extends RequestSummary {
  /** The name of the property that the sessions are at. */
  readonly attribute: string
  /** Its headers, with what is secret masked. */
  readonly headers: Readonly<Record<string, string>>
  readonly sessions: readonly SessionRecord[]
  readonly connections: readonly ConnectionRecord[]
  readonly timeline: readonly TimelineEntry[]
  readonly records: readonly StatementRecord[]
  readonly groups: readonly StatementGroup[]
  readonly suspicions: readonly NPlusOneSuspicion[]
  readonly cut: Cut
}

/** An engine of the application. */
export interface EngineRecord {
  readonly name: string
  readonly default: boolean
  readonly readonly: boolean
  readonly autocommit: boolean
  readonly dialect: string
  /** `user@host:port/database`, or a path; never a password. */
  readonly database: string
  readonly pool: PoolStats | null
  readonly sessions: { readonly open: number; readonly opened: number; readonly closed: number }
}

/** The panel itself. */
export interface PanelInfo {
  readonly attribute: string
  readonly explain: boolean
  readonly slowQueryMs: number
  readonly maxRequests: number
  readonly maxStatements: number
  readonly maxBytes: number
  readonly parametersShown: boolean
  /** What runs here: node, fastify, @mikro-orm/core, fastify-sqlassist. */
  readonly versions: Readonly<Record<string, string>>
  readonly pid: number
  /** What is wrong with the set-up, in words; empty where nothing is. */
  readonly hints: readonly string[]
}

/** What a list of requests is filtered by; everything that is left out lets everything through. */
export interface RequestFilter {
  readonly method?: string
  /** A part of the path. */
  readonly path?: string
  /** `404` or `4xx`. */
  readonly status?: string
  readonly engine?: string
}
