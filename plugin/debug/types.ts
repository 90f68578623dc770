// What the panel's JSON says, at /_sqlassist/api/: the page, `npx fastify-sqlassist tail` and scripts read the same.
import type { EngineStats, PoolStats, QueryKind, SessionStatus } from '../../orm/index.ts'
import type { Caller } from '../../orm/caller.ts'
import type { NPlusOneSuspicion } from '../../orm/n-plus-one/suspicions.ts'

export type { Caller } from '../../orm/caller.ts'
export type { NPlusOneSuspicion } from '../../orm/n-plus-one/suspicions.ts'

/** An engine, as one request has used it. */
export interface EngineUse {
  /** The name of the engine. */
  readonly name: string
  /** How far its session has come. */
  readonly status: SessionStatus
  /** The request is over, and its session is not. */
  readonly notClosed: boolean
}

/** A request in the list. Times are in ms. */
export interface RequestSummary {
  /** The number of the record; request ids need not be unique. */
  readonly id: number
  /** Fastify's `request.id`. */
  readonly requestId: string
  /** Of HTTP. */
  readonly method: string
  /** Path and query, with what is secret masked. */
  readonly url: string
  /** The route's pattern; null where none has matched. */
  readonly route: string | null
  /** Null while it runs, and where the client has left before an answer. */
  readonly statusCode: number | null
  /** Still running, answered, or left by its client. */
  readonly state: 'running' | 'answered' | 'left'
  /** ISO 8601. */
  readonly startedAt: string
  /** Null while it runs. */
  readonly durationMs: number | null
  /** Those of the application, in the order of their registration. */
  readonly engines: readonly EngineUse[]
  /** How many were sent. */
  readonly statements: number
  /** How many of them differ in more than their values. */
  readonly distinct: number
  /** The time of all statements, in ms. */
  readonly sqlMs: number
  /** How many took longer than `slowQueryMs`. */
  readonly slow: number
  /** How many have failed. */
  readonly failed: number
  /** Some of them look as if a loop had sent them. */
  readonly nPlusOne: boolean
  /** What became of its managed transaction. */
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
  /** See `asked`. */
  readonly found: string | null
  /** How long the choice took. */
  readonly waitedMs: number
  /** From the beginning of the request. */
  readonly atMs: number
}

/** A session that the request has opened. */
export interface SessionRecord {
  /** The name of the engine. */
  readonly engine: string
  /** Its number in the process, as warnings name it. */
  readonly session: number
  /** Its engine refuses to write. */
  readonly readonly: boolean
  /** Its engine makes each flush durable by itself. */
  readonly autocommit: boolean
  /** Why it is this engine. */
  readonly why: string
  /** The servers that it has read from, where its engine has replicas: the last one is where it reads now. */
  readonly routes: readonly RouteRecord[]
  /** From the beginning of the request. */
  readonly openedMs: number
  /** Null where it is still open. */
  readonly closedMs: number | null
  /** How many entities it had at its end, loaded and made; null where it is still open. */
  readonly managed: number | null
}

/** A connection that was taken from the pool. */
export interface ConnectionRecord {
  /** The name of the engine. */
  readonly engine: string
  /** The number of the session that took it; null outside of sessions. */
  readonly session: number | null
  /** The server's process; null where there was none to be had. */
  readonly pid: number | null
  /** How long it was waited for. */
  readonly waitedMs: number
  /** When it was taken, from the beginning of the request. */
  readonly atMs: number
  /** Null where it has not come back. */
  readonly heldMs: number | null
  /** It was not used again. */
  readonly destroyed: boolean
  /** The pool when it was taken. */
  readonly pool: PoolStats | null
  /** Why there was none to be had; null where there was. */
  readonly error: string | null
}

/** Something on the way of the request that is no statement. */
export interface TimelineEntry {
  /** What it is. */
  readonly kind: 'begin' | 'flush' | 'savepoint' | 'prepare' | 'commit' | 'abort' | 'hook' | 'cancel' | 'leak'
  /** From the beginning of the request. */
  readonly atMs: number
  /** How long it took, in ms. */
  readonly durationMs: number
  /** Null where it is about all of them. */
  readonly engine: string | null
  /** In words. */
  readonly text: string
  /** What it failed with; null where it did not. */
  readonly error: string | null
}

/** A statement of the request. */
export interface StatementRecord {
  /** Its place among the statements of the request, from 1. */
  readonly n: number
  /** The name of the engine. */
  readonly engine: string
  /** The number of the session that sent it; null outside of sessions. */
  readonly session: number | null
  /** What it does to the transaction. */
  readonly kind: QueryKind
  /** Sent by fastify-sqlassist for itself. */
  readonly internal: boolean
  /** The server's process; null where there is none. */
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
  /** How many came back; null where it is not known. */
  readonly rows: number | null
  /** How many were changed; null where it is not known. */
  readonly affected: number | null
  /** What it failed with; null where it did not. */
  readonly error: string | null
  /** It took longer than `slowQueryMs`. */
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
  /** The same with the same values, or with others. */
  readonly kind: 'duplicate' | 'similar'
  /** The name of the engine. */
  readonly engine: string
  /** The first one. */
  readonly sql: string
  /** How many there are. */
  readonly count: number
  /** The time of all of them, in ms. */
  readonly totalMs: number
  /** The places of its statements. */
  readonly statements: readonly number[]
}

/** What was not kept, because of a limit. */
export interface Cut {
  /** How many statements. */
  readonly statements: number
  /** How many bytes of their text and values. */
  readonly bytes: number
  /** How many entries of the timeline. */
  readonly timeline: number
  /** For how many statements no caller was looked for. */
  readonly callers: number
}

/** A request with everything that was seen of it. */
export interface RequestDetail extends RequestSummary {
  /** The name of the property that the sessions are at. */
  readonly attribute: string
  /** Its headers, with what is secret masked. */
  readonly headers: Readonly<Record<string, string>>
  /** In the order of their opening. */
  readonly sessions: readonly SessionRecord[]
  /** In the order in which they were taken. */
  readonly connections: readonly ConnectionRecord[]
  /** In the order in which things happened. */
  readonly timeline: readonly TimelineEntry[]
  /** Its statements, in the order in which they were sent. */
  readonly records: readonly StatementRecord[]
  /** Statements that repeat themselves. */
  readonly groups: readonly StatementGroup[]
  /** Loops of queries. */
  readonly suspicions: readonly NPlusOneSuspicion[]
  /** What is missing here. */
  readonly cut: Cut
}

/** An engine of the application. */
export interface EngineRecord {
  /** As in the options. */
  readonly name: string
  /** It is the default engine. */
  readonly default: boolean
  /** It refuses to write. */
  readonly readonly: boolean
  /** Each flush is durable by itself. */
  readonly autocommit: boolean
  /** `postgresql`, `sqlite` and the like. */
  readonly dialect: string
  /** `user@host:port/database`, or a path; never a password. */
  readonly database: string
  /** Its connections now; null before the first one, and where its driver has no pool. */
  readonly pool: PoolStats | null
  /** How many are open now, and were opened and closed since the start. */
  readonly sessions: EngineStats['sessions']
}

/** The panel itself. */
export interface PanelInfo {
  /** The name of the property that the sessions are at. */
  readonly attribute: string
  /** Plans may be asked for. */
  readonly explain: boolean
  /** From how many ms on a statement is slow. */
  readonly slowQueryMs: number
  /** How many requests are kept. */
  readonly maxRequests: number
  /** How many statements of a request are kept. */
  readonly maxStatements: number
  /** How many bytes of all requests are kept. */
  readonly maxBytes: number
  /** Values of statements are kept. */
  readonly parametersShown: boolean
  /** What runs here: node, fastify, @mikro-orm/core, fastify-sqlassist. */
  readonly versions: Readonly<Record<string, string>>
  /** The number of this process. */
  readonly pid: number
  /** What is wrong with the set-up, in words; empty where nothing is. */
  readonly hints: readonly string[]
}

/** What a list of requests is filtered by; everything that is left out lets everything through. */
export interface RequestFilter {
  /** Of HTTP. */
  readonly method?: string
  /** A part of the path. */
  readonly path?: string
  /** `404` or `4xx`. */
  readonly status?: string
  /** Requests that have used this engine. */
  readonly engine?: string
}
