import type { FlushEvent, QueryEvent, QueryStartEvent } from '../../../orm/index.ts'
import { type Caller, findCaller } from '../../../orm/caller.ts'
import type { StatementRecord } from '../types.ts'
import { leastLength, literalOf } from '../../../orm/sql/literal.ts'
import { errorText } from './error-text.ts'

/** A statement as it was sent; what is secret is still in it. */
export interface Statement extends Pick<StatementRecord, 'n' | 'engine' | 'session' | 'kind' | 'internal' | 'pid'> {
  readonly sql: string
  /** The same without the comment that says where it comes from, which may be another one each time. */
  readonly uncommented: string
  /** The parameters, as literals. */
  readonly literals: readonly string[]
  /** It was too long to be kept as a whole. */
  readonly cut: boolean
  /** Of `performance.now()`. */
  readonly at: number
  caller: Caller | null
  durationMs: number | null
  rows: number | null
  affected: number | null
  error: string | null
}

export interface StatementLimits {
  readonly maxStatements: number
  readonly maxBytes: number
  readonly slowQueryMs: number
}

/** Callers are looked for in so many statements of a request: a loop calls from the same place anyway. */
export const MOST_CALLERS = 100

/** What is kept of a statement that is too long. */
const HEAD = 200

/** The statements of a request, as many as there is room for, and the sums of all of them. */
export class Statements {
  readonly list: Statement[] = []
  readonly #limits: StatementLimits
  readonly #open = new WeakMap<QueryStartEvent, Statement>()
  count = 0
  sqlMs = 0
  slow = 0
  failed = 0
  bytes = 0
  /** What was not kept: how many statements, how many characters of others, how many callers. */
  readonly cut = { statements: 0, bytes: 0, callers: 0 }

  constructor(limits: StatementLimits) {
    this.#limits = limits
  }

  /** @param dialect - of the engine, as values are written differently */
  begin(event: QueryStartEvent, dialect: string): void {
    this.count++
    if (this.list.length >= this.#limits.maxStatements) {
      this.cut.statements++
      return
    }
    const { engine, session = null, kind, internal, pid = null, at } = event
    const text = this.#take(event, dialect)
    const caller = this.#caller(internal)
    const statement: Statement = { n: this.list.length + 1, engine, session, kind, internal, pid, ...text, at, caller, durationMs: null, rows: null, affected: null, error: null }
    this.list.push(statement)
    this.#open.set(event, statement)
  }

  end(event: QueryEvent): void {
    const { at, durationMs, rows = null, affected = null, error } = event
    this.sqlMs += durationMs
    if (durationMs >= this.#limits.slowQueryMs) this.slow++
    if (error !== undefined) this.failed++
    const statement = this.#open.get(event)
    if (statement === undefined) return
    Object.assign(statement, { at, durationMs, rows, affected, error: error === undefined ? null : this.#takeError(error) })
  }

  #takeError(error: unknown): string {
    const text = errorText(error)
    const kept = text.slice(0, Math.max(this.#limits.maxBytes - this.bytes, HEAD))
    this.bytes += kept.length
    this.cut.bytes += text.length - kept.length
    return kept
  }

  /** MikroORM sends the changes of a flush from where no `await` leads back to the application; the flush itself does. */
  flushed({ session, at }: FlushEvent): void {
    const without = this.list.filter((statement) => statement.caller === null && statement.session === session && statement.at >= at && !statement.internal && statement.n <= MOST_CALLERS)
    const caller = without.length === 0 ? null : findCaller()
    for (const statement of without) statement.caller = caller
  }

  #take({ sql, uncommented, parameters }: QueryStartEvent, dialect: string): Pick<Statement, 'sql' | 'uncommented' | 'literals' | 'cut'> {
    const room = this.#limits.maxBytes - this.bytes
    const least = parameters.reduce((sum: number, value) => sum + leastLength(value), sql.length)
    const literals = least > room ? [] : parameters.map((value) => literalOf(value, dialect))
    const length = literals.reduce((sum, literal) => sum + literal.length, sql.length)
    if (least <= room && length <= room) {
      this.bytes += length
      const text = flat(sql)
      return { sql: text, uncommented: uncommented === sql ? text : flat(uncommented), literals, cut: false }
    }
    const head = sql.slice(0, HEAD)
    this.bytes += head.length
    this.cut.bytes += Math.max(least, length) - head.length
    return { sql: flat(head), uncommented: flat(head), literals: [], cut: true }
  }

  #caller(internal: boolean): Caller | null {
    if (internal) return null
    if (this.list.length < MOST_CALLERS) return findCaller()
    this.cut.callers++
    return null
  }
}

/** A part of a string keeps the whole string in memory, until it is copied. */
const flat = (text: string): string => (text.length > HEAD ? text : Buffer.from(text, 'utf16le').toString('utf16le'))
