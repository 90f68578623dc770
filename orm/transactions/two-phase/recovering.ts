import { isHeard, publish } from '../../events/publish.ts'
import { reasonOf } from '../../postgres/server-errors.ts'
import type { TwoPhaseDatabase } from './database.ts'
import { AT_WORK, recover } from './recovery.ts'
import type { RecoveryReport } from './report.ts'
import type { TwoPhase } from './two-phase.ts'

/** Recovery at start-up, now and then, and whenever something was left behind: in the background, one at a time. */
export class Recovering {
  readonly #twoPhase: TwoPhase
  readonly #intervalMs: number
  readonly #told = new Set<string>()
  readonly #ready = new Set<TwoPhaseDatabase>()
  #running: Promise<RecoveryReport> | undefined
  #timer: NodeJS.Timeout | undefined
  /** How often it is to look again soon. */
  #tries = 0
  #stopped = false

  /** @param intervalMs - 0: not in the background */
  constructor(twoPhase: TwoPhase, intervalMs: number) {
    this.#twoPhase = twoPhase
    this.#intervalMs = intervalMs
    if (intervalMs > 0) twoPhase.leftBehind = () => this.#hurry(SOON_MS)
  }

  start(): void {
    if (this.#intervalMs > 0 && this.#twoPhase.databases.some(({ twoPhase }) => twoPhase)) this.#hurry(0)
  }

  /** One more, after whatever is running: what is to be recovered may have been left since that has looked. */
  async run(): Promise<RecoveryReport> {
    await this.#running?.catch(() => {})
    this.#running ??= this.#run().finally(() => (this.#running = undefined))
    return await this.#running
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running?.catch(() => {})
    await this.#twoPhase.forgotten()
  }

  #hurry(afterMs: number): void {
    this.#tries = HURRIED_TRIES
    this.#soon(afterMs)
  }

  #soon(afterMs: number): void {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#inBackground(), afterMs).unref()
  }

  async #inBackground(): Promise<void> {
    const report = await this.run()
    const left = report.leftAlone.length > 0 || report.failed.length > 0
    const hurries = left && this.#tries-- > 0
    this.#soon(hurries ? Math.min(this.#intervalMs, LEFT_MS) : this.#intervalMs)
  }

  /** What a wrong setting of the server, or a missing right, would only tell at the first commit. */
  async #makeReady(): Promise<void> {
    const { databases, logger } = this.#twoPhase
    for (const database of databases.filter((one) => one.twoPhase && !this.#ready.has(one))) {
      try {
        await using connection = await database.connect()
        const [row] = await connection.query(`select current_setting('max_prepared_transactions') as max`)
        if (row?.['max'] === '0') this.#once(`max ${database.name}`, () => logger.error({ engine: database.name, code: 'SQLASSIST_PREPARE_FAILED' }, `Engine '${database.name}' is marked twoPhase, but its server prepares no transactions: set max_prepared_transactions in postgresql.conf to at least max_connections, and restart the server`))
        else this.#ready.add(database)
        await this.#twoPhase.homeOf(database)
      } catch (error) {
        this.#once(`ready ${database.name} ${reasonOf(error)}`, () => logger.warn({ err: error, engine: database.name }, `Engine '${database.name}' is not ready for two-phase commit: ${reasonOf(error)}`))
      }
    }
  }

  async #run(): Promise<RecoveryReport> {
    await this.#makeReady()
    const at = performance.now()
    const report = await recover(this.#twoPhase)
    if (isHeard('sqlassist:recovery')) publish('sqlassist:recovery', { at, owner: undefined, requestId: undefined, durationMs: performance.now() - at, error: undefined, report })
    const { logger } = this.#twoPhase
    const { committed, rolledBack, broken } = report
    if (committed.length + rolledBack.length > 0) {
      logger.warn({ committed, rolledBack }, `Recovered from a two-phase commit that was cut off: ${committed.length} committed, ${rolledBack.length} rolled back`)
    }
    for (const left of report.leftAlone) if (left.why !== AT_WORK) this.#once(left.gid, () => logger.warn(left, `A prepared transaction is left alone: ${left.why}`))
    for (const one of broken) {
      this.#once(one.id, () => logger.error(one, `Transaction ${one.id} was decided to be committed, and is only in part: somebody must make the databases agree, and then delete its record (docs/transactions.md)`))
    }
    return report
  }

  /** What does not change is not said every time. */
  #once(what: string, say: () => void): void {
    if (this.#told.has(what)) return
    this.#told.add(what)
    say()
  }
}

/** After something was left behind: whoever has done it must let go first. */
const SOON_MS = 100

/** While something is left that may be finished later; what is left for longer is looked at with all else. */
const LEFT_MS = 1000
const HURRIED_TRIES = 10
