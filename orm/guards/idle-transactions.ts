import { callerIn, placeOf, type Stack, takeStack } from '../caller.ts'
import type { PoolReleaseEvent, QueryEvent, QueryStartEvent } from '../events/events.ts'
import { warnOfLeak } from '../events/tell.ts'
import { contextOf, type Guarded } from './guarded.ts'

/** A connection that is in a transaction. Times are of `performance.now()`, in ms. */
interface OpenTransaction {
  readonly engine: string
  readonly since: number
  /** For how long the container had been quiet when it began. */
  readonly quietBefore: number
  named: boolean
}

/**
 * Names transactions that are held open over something else. Only time counts in which no statement of the container runs on any engine: whoever waits for a
 * lock, or for the other one of two engines, is not idle.
 */
export class IdleTransactions {
  readonly #guarded: Guarded
  readonly #limitMs: number
  readonly #open = new Map<string, OpenTransaction>()
  #running = 0
  #quietSince: number | undefined
  #quietMs = 0
  #last: Stack | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(guarded: Guarded, limitMs: number) {
    this.#guarded = guarded
    this.#limitMs = limitMs
  }

  started({ at, kind, internal }: QueryStartEvent): void {
    this.#running++
    this.#endQuiet(at)
    if (kind === 'begin' || (this.#open.size > 0 && kind === 'other' && !internal)) this.#last = takeStack()
  }

  answered(event: QueryEvent): void {
    const { at, durationMs, kind, engine, error } = event
    const now = at + durationMs
    this.#running--
    const key = keyOf(event)
    if (kind === 'begin' && error === undefined) this.#open.set(key, { engine, since: now, quietBefore: this.#quietMs, named: false })
    else if (kind === 'rollback' || (error === undefined && ENDS.has(kind))) this.#end(key, now)
    if (this.#running === 0 && this.#open.size > 0) this.#beginQuiet(now)
  }

  /** Also a connection that was lost has left its transaction. */
  released(event: PoolReleaseEvent): void {
    this.#end(keyOf(event), performance.now())
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#open.clear()
  }

  #beginQuiet(now: number): void {
    this.#quietSince = now
    // Each transaction is named once, so that a loop does not fill the log.
    if ([...this.#open.values()].some(({ named }) => !named)) this.#timer = setTimeout(() => this.#tell(performance.now()), this.#limitMs).unref()
  }

  #endQuiet(now: number): void {
    if (this.#quietSince === undefined) return
    clearTimeout(this.#timer)
    // Where the event loop was blocked the timer is late.
    if (now - this.#quietSince >= this.#limitMs) this.#tell(now)
    this.#quietMs += now - this.#quietSince
    this.#quietSince = undefined
  }

  #tell(now: number): void {
    const { owner, logger } = this.#guarded
    const unnamed = [...this.#open.values()].filter(({ named }) => !named)
    if (unnamed.length === 0) return
    for (const transaction of unnamed) transaction.named = true
    const engines = unnamed.map(({ engine }) => engine)
    const ms = Math.round(now - this.#quietSince!)
    const caller = this.#last && callerIn(this.#last)
    const message =
      `${owner.label} is in a transaction on ${engines.map((engine) => `'${engine}'`).join(' and ')} and has asked nothing for ${ms} ms: rows stay locked and a connection taken while it does ` +
      `something else. Do that before the first statement or after the commit; the limit is 'idleTransactionMs'`
    const context = { ...contextOf(owner), engine: engines.join(', '), idleMs: ms, ...(caller && { caller: placeOf(caller) }) }
    warnOfLeak('transaction', { logger, owner, ...(engines.length === 1 ? { engine: engines[0] } : {}) }, context, message)
  }

  #end(key: string, now: number): void {
    const transaction = this.#open.get(key)
    if (transaction === undefined) return
    this.#open.delete(key)
    if (this.#open.size === 0) this.#endQuiet(now)
    const { engine, since, quietBefore, named } = transaction
    if (!named) return // many short moments between statements are no idleness
    const idle = this.#quietMs + (this.#quietSince === undefined ? 0 : now - this.#quietSince) - quietBefore
    const { owner, logger } = this.#guarded
    const [ms, idleMs] = [Math.round(now - since), Math.round(idle)]
    logger.warn({ ...contextOf(owner), engine, ms, idleMs }, `${owner.label}: its transaction on '${engine}' was open for ${ms} ms, and for ${idleMs} ms of that nothing was asked`)
  }
}

/** Which statements end a transaction when they succeed; one that is prepared is no longer the connection's. */
const ENDS: ReadonlySet<string> = new Set(['commit', 'prepare', 'script'])

/** A transaction is a connection's; SQLite has one for an engine. */
const keyOf = ({ engine, pid }: { readonly engine: string; readonly pid: number | undefined }): string => `${engine} ${pid ?? ''}`
