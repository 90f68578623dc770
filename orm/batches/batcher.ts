import { AsyncResource } from 'node:async_hooks'
import { settlesWithin } from '../bounded.ts'
import { CommitOutcomeUnknownError, PoolQueueFullError } from '../errors.ts'
import type { CompleteBatchOptions } from '../engines/batch-options.ts'
import type { SqlAssistLogger } from '../logger.ts'
import type { EnginePool } from '../postgres/engine-pool.ts'
import { asOwnTransaction } from '../postgres/own-transaction.ts'
import type { InsertStatement } from '../sessions/flush/insert-statement.ts'
import { type SessionEngine, SessionState } from '../sessions/state.ts'
import { rowsToSend } from './batch-sizes.ts'
import { Lane } from './lane.ts'
import { type Returned, Row } from './row.ts'
import { isHeldUp, isOfSomeRow, ownCopy } from './row-errors.ts'
import { IS_SHAREABLE } from './shareable.ts'

/** How many statements are on their way at once: rows that come meanwhile gather, and the next one is the fuller for it. */
const MOST_AT_ONCE = 3

/** Puts new rows of many sessions into one statement. Each of them hears of its own row only. */
export class Batcher {
  readonly #pool: EnginePool
  readonly #options: CompleteBatchOptions
  /** Whose the statements are, which belong to nobody: they have limits, and a name in the log. */
  readonly #own: SessionState
  /** A statement of many belongs to the context of none of them. */
  readonly #context = new AsyncResource('fastify-sqlassist.batch')
  readonly #lanes = new Map<InsertStatement, Lane>()
  #waiting = 0
  #onTheirWay = 0
  #hurries = false
  #idle: (() => void)[] = []

  constructor(engine: SessionEngine, pool: EnginePool, options: CompleteBatchOptions, logger: SqlAssistLogger) {
    this.#pool = pool
    this.#options = options
    this.#own = new SessionState(engine, {}, logger)
  }

  /**
   * Inserts a row.
   *
   * @returns what the database has given back for it, when it is durable
   * @throws PoolQueueFullError, the session's closed error, CommitOutcomeUnknownError, or what the server says of this row
   */
  async insert(state: SessionState, statement: InsertStatement, values: readonly (string | null)[]): Promise<Returned> {
    if (this.#waiting >= this.#pool.limits.maxWaiting) throw new PoolQueueFullError(this.#pool.engine, `${this.#waiting} rows wait for a statement, ${this.#onTheirWay} statements are on their way`)
    let lane = this.#lanes.get(statement)
    if (lane === undefined) this.#lanes.set(statement, (lane = new Lane(statement)))
    const into = lane
    const row = new Row(state, values, (dropped) => {
      into.drop(dropped)
      this.#waiting--
      this.#tellIdle()
    })
    lane.rows.push(row)
    this.#waiting++
    this.#expect(lane)
    return await row.saved
  }

  /** From now on nobody waits for others to come. */
  hurry(): void {
    this.#hurries = true
    for (const lane of this.#lanes.values()) {
      clearTimeout(lane.timer as NodeJS.Timeout)
      lane.timer = undefined
      lane.due = lane.rows.length > 0
    }
    this.#send()
  }

  /** Resolves when everything was sent and answered, or when that has taken too long. */
  async end(timeoutMs: number): Promise<void> {
    this.hurry()
    if (!this.#isIdle) await settlesWithin(new Promise<void>((resolve) => this.#idle.push(resolve)), timeoutMs)
  }

  get #isIdle(): boolean {
    return this.#waiting === 0 && this.#onTheirWay === 0
  }

  #tellIdle(): void {
    if (!this.#isIdle) return
    for (const resolve of this.#idle) resolve()
    this.#idle = []
  }

  #expect(lane: Lane): void {
    const { maxRows, maxWaitMs } = this.#options
    if (lane.rows.length < maxRows) {
      lane.timer ??= this.#soon(lane, this.#hurries ? 0 : maxWaitMs)
      return
    }
    lane.due = true
    this.#send()
  }

  #soon(lane: Lane, ms: number): NodeJS.Timeout | NodeJS.Immediate {
    const turn = (): void => {
      lane.timer = undefined
      lane.due = true
      this.#send()
    }
    return this.#context.runInAsyncScope(() => (ms === 0 ? setImmediate(turn) : setTimeout(turn, ms)))
  }

  #send(): void {
    for (const lane of this.#lanes.values()) {
      while (lane.due && lane.rows.length > 0 && this.#onTheirWay < MOST_AT_ONCE) {
        const rows = lane.rows.splice(0, rowsToSend(lane.rows.length, lane.statement.properties.length, this.#options.maxRows))
        this.#waiting -= rows.length
        this.#onTheirWay++
        for (const row of rows) row.sent(this.#pool.source)
        void this.#context.runInAsyncScope(async () => await this.#run(lane, rows))
      }
      if (lane.rows.length === 0) lane.due = false
    }
  }

  async #run(lane: Lane, rows: readonly Row[]): Promise<void> {
    try {
      if (rows.length === 1 || (await (lane.shares ??= this.#shares(lane)))) await this.#write(lane, rows)
      else await this.#writeEach(lane, rows)
    } catch (error) {
      lane.shares = undefined // it could not be asked: nothing was sent
      for (const row of rows) row.reject(ownCopy(error), this.#pool.source)
    }
    this.#onTheirWay--
    this.#send()
    this.#tellIdle()
  }

  async #shares({ statement }: Lane): Promise<boolean> {
    const { rows } = await this.#pool.ask(this.#own, IS_SHAREABLE, [statement.table])
    return rows[0]?.['shareable'] === true
  }

  async #write(lane: Lane, rows: readonly Row[]): Promise<void> {
    const { statement } = lane
    const { source } = this.#pool
    let answered: readonly Returned[]
    try {
      const answer = await asOwnTransaction(async () => await this.#pool.ask(this.#own, statement.text(rows.length), rows.flatMap(({ values }) => values)))
      if ((answer.rowCount ?? rows.length) !== rows.length && rows.length > 1) throw new CommitOutcomeUnknownError(this.#pool.engine, `the server has inserted ${answer.rowCount} of ${rows.length} rows, and a trigger or rule knows which`)
      answered = answer.rows
    } catch (error) {
      if (rows.length > 1 && isOfSomeRow(error)) return await this.#writeHalves(lane, rows)
      if (rows.length > 1 && isHeldUp(error)) return await this.#writeEach(lane, rows)
      for (const row of rows) row.reject(ownCopy(error), source)
      return
    }
    for (const [index, row] of rows.entries()) row.resolve(answered[index], source)
  }

  /** Nothing of it was saved: what is wrong is found in a few steps, and the others are saved on the way, in their order. */
  async #writeHalves(lane: Lane, rows: readonly Row[]): Promise<void> {
    const middle = Math.ceil(rows.length / 2)
    await this.#write(lane, rows.slice(0, middle))
    await this.#write(lane, rows.slice(middle))
  }

  async #writeEach(lane: Lane, rows: readonly Row[]): Promise<void> {
    const left = rows.values()
    await Promise.all(Array.from({ length: MOST_AT_ONCE }, async () => {
      for (const row of left) await this.#write(lane, [row])
    }))
  }
}
