import { SessionClosedError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'
import type { SessionInfo } from './info.ts'
import type { Lease } from './lease.ts'
import { OpenTransactions } from './open-transactions.ts'

/** What a session must know of its engine; the engine itself stays out of reach of the entities that lead to a session. */
export interface SessionEngine {
  readonly name: string
  readonly readonly: boolean
  readonly autocommit: boolean
}

let sessions = 0
let internal = false

/**
 * Runs our own clean-up against a session that already refuses everybody else.
 * Synchronous on purpose: nothing else can run in between.
 */
export function withInternalAccess<T>(fn: () => T): T {
  const before = internal
  internal = true
  try {
    return fn()
  } finally {
    internal = before
  }
}

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
  readonly transactions: OpenTransactions = new OpenTransactions()
  /** Connections that are held in other ways, to be taken back at the end. */
  readonly leases: Set<Lease> = new Set()
  /** Raw SQL has been run or may have been: only that can leave a connection in a transaction behind our back. */
  ranRawSql = false
  closed = false
  /** The end, while it lasts and after: whoever ends the session once more waits for it. */
  closing: Promise<void> | undefined

  constructor(engine: SessionEngine, info: SessionInfo, logger: SqlAssistLogger, filters?: Readonly<Record<string, unknown>>) {
    this.engine = engine
    this.info = info
    this.logger = logger
    this.filters = filters
  }

  /** How errors and warnings name the session. */
  get label(): string {
    return `session ${this.engine.name}#${this.id}`
  }

  assertOpen(): void {
    if (this.closed && !internal) throw this.closedError()
  }

  /** An error of work that the end of the session has cut short says so; the driver's own error is its cause. */
  explain(error: unknown): unknown {
    return !this.closed || error instanceof SessionClosedError ? error : this.closedError({ cause: error })
  }

  closedError(options?: { cause: unknown }): Error {
    const what = `The work of ${this.label}`
    return options === undefined ? new SessionClosedError(what) : new SessionClosedError(what, options)
  }
}
