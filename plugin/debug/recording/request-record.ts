import type { FastifyRequest } from 'fastify'
import { maskHeaders } from '../masking/headers.ts'
import { maskRequestUrl } from '../masking/url.ts'
import type { ConnectionRecord, RequestSummary, RouteRecord, SessionRecord, TimelineEntry } from '../types.ts'
import type { EventOwner, SessionStatus } from '../../../orm/index.ts'
import { type StatementLimits, Statements } from './statements.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type RecordedSession = Writable<Omit<SessionRecord, 'routes'>> & { readonly routes: RouteRecord[] }

/** What else than statements happens in a request is bounded as well. */
const MOST_ENTRIES = 500
const LONGEST_URL = 4000

/** What was seen of one request. */
export class RequestRecord {
  readonly id: number
  readonly requestId: string
  readonly method: string
  readonly url: string
  readonly route: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly startedAt: string
  /** Of `performance.now()`. */
  readonly start: number
  readonly statements: Statements
  readonly sessions: RecordedSession[] = []
  readonly connections: Writable<ConnectionRecord>[] = []
  readonly timeline: TimelineEntry[] = []
  /** Engine name -> INIT, START or END; the sessions of the last attempt. */
  status: Record<string, SessionStatus> = {}
  /** The containers that are open. */
  readonly open = new Set<EventOwner>()
  state: RequestSummary['state'] = 'running'
  statusCode: number | null = null
  durationMs: number | null = null
  transaction: RequestSummary['transaction'] = 'none'
  /** How many entities its sessions had when they were closed. */
  entities = 0
  /** Whether the transaction was seen as a whole; else the statements tell of it. */
  managed = false
  cutTimeline = 0
  /** Another one, whenever something was added. */
  version = 0

  constructor(id: number, request: FastifyRequest, limits: StatementLimits) {
    this.id = id
    this.requestId = request.id
    this.method = request.method
    this.url = maskRequestUrl(request.url, request.params).slice(0, LONGEST_URL)
    this.route = request.is404 ? null : (request.routeOptions.url ?? null)
    this.headers = maskHeaders(request.headers)
    this.startedAt = new Date().toISOString()
    this.start = performance.now()
    this.statements = new Statements(limits)
  }

  /** @param at - of `performance.now()` */
  since(at: number): number {
    return Math.max(at - this.start, 0)
  }

  /** Adds to a list, while there is room. */
  add<T>(list: T[], entry: T): void {
    if (list.length < MOST_ENTRIES) list.push(entry)
    else this.cutTimeline++
  }
}
