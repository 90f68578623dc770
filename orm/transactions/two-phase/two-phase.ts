import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { settlesWithin } from '../../bounded.ts'
import type { SqlAssistLogger } from '../../logger.ts'
import { reasonOf } from '../../postgres/server-errors.ts'
import type { TwoPhaseDatabase } from './database.ts'
import { type Decision, decisionOn, forget, makeHome } from './records.ts'

/** How long to wait before an unreachable database is asked again, in ms. */
const POLL_MS = 100

/** The two-phase commits of one application in one process: what is on its way, and what is left to do after it. */
export class TwoPhase {
  readonly databases: readonly TwoPhaseDatabase[]
  readonly #logger: SqlAssistLogger
  readonly #homes = new Map<TwoPhaseDatabase, Promise<string>>()
  readonly #live = new Set<string>()
  readonly #forgetting = new Map<TwoPhaseDatabase, { ids: string[]; readonly done: Promise<void> }>()
  #left = false
  /** Called when something was left to recovery. */
  leftBehind: () => void = () => {}

  constructor(databases: readonly TwoPhaseDatabase[], logger: SqlAssistLogger) {
    this.databases = databases
    this.#logger = logger
  }

  get logger(): SqlAssistLogger {
    return this.#logger
  }

  /** Whether this process is at work on a transaction. */
  isLive(id: string): boolean {
    return this.#live.has(id)
  }

  /** Does the work of a transaction that nobody in this process takes for left behind. */
  async live<T>(work: (id: string) => Promise<T>): Promise<T> {
    const id = randomBytes(16).toString('hex')
    this.#live.add(id)
    try {
      return await work(id)
    } finally {
      this.#live.delete(id)
    }
  }

  /** Something of a transaction is left to recovery, as soon as the transaction is over. */
  leave(): void {
    this.#left = true
  }

  settled(): void {
    if (!this.#left) return
    this.#left = false
    this.leftBehind()
  }

  /** The mark of the database that keeps a decision. It is there for good before anything is prepared. */
  async homeOf(database: TwoPhaseDatabase): Promise<string> {
    let home = this.#homes.get(database)
    if (home === undefined) {
      home = make(database)
      this.#homes.set(database, home)
      home.catch(() => this.#homes.delete(database))
    }
    return await home
  }

  /** A decision could not be written down: somebody may have dropped the table. */
  doubtHome(database: TwoPhaseDatabase): void {
    this.#homes.delete(database)
  }

  /** What was decided on a transaction whose own attempt to write it down was not answered. */
  async ask(database: TwoPhaseDatabase, id: string): Promise<Decision | 'unknown'> {
    for (const deadline = performance.now() + database.patienceMs; ;) {
      const asked = askOnce(database, id)
      asked.catch(() => {}) // it may be given up and fail later
      const left = Math.max(1, deadline - performance.now())
      if (await settlesWithin(asked, left).catch(() => false)) return await asked
      if (performance.now() >= deadline) return 'unknown'
      await sleep(POLL_MS)
    }
  }

  /** Everything is committed: the record has done its duty. In the background; what fails here is done by recovery. */
  forget(database: TwoPhaseDatabase, id: string): void {
    const batch = this.#forgetting.get(database)
    if (batch !== undefined) {
      batch.ids.push(id)
      return
    }
    const ids = [id]
    this.#forgetting.set(database, { ids, done: this.#forget(database, ids) })
  }

  /** Resolves when all that is to be forgotten is. */
  async forgotten(): Promise<void> {
    while (this.#forgetting.size > 0) await Promise.all([...this.#forgetting.values()].map(async ({ done }) => await done))
  }

  async #forget(database: TwoPhaseDatabase, ids: string[]): Promise<void> {
    try {
      await using connection = await database.connect() // meanwhile others join
      this.#forgetting.delete(database)
      await forget(ids, connection)
    } catch (error) {
      this.#logger.warn({ engine: database.name, reason: reasonOf(error) }, `The records of ${ids.length} committed transactions could not be deleted: recovery does it later`)
    } finally {
      if (this.#forgetting.get(database)?.ids === ids) this.#forgetting.delete(database)
    }
  }
}

async function make(database: TwoPhaseDatabase): Promise<string> {
  await using connection = await database.connect()
  return await makeHome(connection)
}

async function askOnce(database: TwoPhaseDatabase, id: string): Promise<Decision> {
  await using connection = await database.connect()
  return await decisionOn(id, connection)
}
