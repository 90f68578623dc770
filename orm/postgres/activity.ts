import type { CompleteLimits } from '../engines/limits.ts'
import type { StatementKind } from './statement-kind.ts'

/** How long BEGIN and ROLLBACK may take, in ms: a server that answers at all answers these at once. */
const CONTROL_TIMEOUT_MS = 2000

/** What a connection is doing: statements on their way, and since when. Times are of `performance.now()`. */
export class Activity {
  #running = 0
  #kind: StatementKind = 'other'
  #since = 0
  #last = performance.now()

  get busy(): boolean {
    return this.#running > 0
  }

  /** COMMIT is on its way, and nothing else. */
  get committing(): boolean {
    return this.busy && (this.#kind === 'commit' || this.#kind === 'prepare')
  }

  /** Whether what runs may be stopped: a COMMIT must not, and BEGIN and ROLLBACK are over before anybody could. */
  get stoppable(): boolean {
    return this.busy && this.#kind === 'other'
  }

  /** When what runs was sent. */
  get since(): number {
    return this.#since
  }

  /** For how long an answer is waited for, in ms; 0 while nothing runs. */
  get elapsedMs(): number {
    return this.busy ? performance.now() - this.#since : 0
  }

  /** When the last answer came, or the connection was handed out. */
  get last(): number {
    return this.#last
  }

  touched(): void {
    this.#last = performance.now()
  }

  sent(kind: StatementKind): void {
    if (this.#running++ === 0) this.#since = performance.now()
    this.#kind = kind
  }

  answered(): void {
    this.#running--
    this.#last = this.#since = performance.now()
  }

  /**
   * @param inSession - whether a session runs the statement: what else uses the pool, such as a migration, may take its time
   * @returns by how many ms what runs now is over its limit; negative where it is not
   */
  overdueBy({ statementTimeoutMs, commitTimeoutMs }: CompleteLimits, inSession: boolean): number {
    if (!this.busy) return -1
    const elapsed = performance.now() - this.#since
    if (this.#kind === 'begin' || this.#kind === 'rollback') return elapsed - CONTROL_TIMEOUT_MS
    if (this.committing) return elapsed - commitTimeoutMs / 2 // the other half is for asking what became of it
    return inSession && statementTimeoutMs > 0 ? elapsed - statementTimeoutMs : -1
  }
}
