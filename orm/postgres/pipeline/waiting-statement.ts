import type { Lease } from '../../sessions/lease.ts'
import type { SessionState } from '../../sessions/state.ts'
import type { PgResult } from '../pg.ts'

/** A statement that has been sent, and whoever waits for its answer. A session that ends stops waiting; the statement goes on. */
export class WaitingStatement implements Lease {
  readonly session: SessionState
  /** When it was its turn on its connection, of `performance.now()`. */
  since: number = performance.now()
  /** The pool is to be asked in its place: it only reads. */
  again = false
  /** Nobody waits for its answer any more. */
  over = false
  readonly #answer = Promise.withResolvers<PgResult>()

  constructor(session: SessionState) {
    this.session = session
    session.leases.add(this)
  }

  get answer(): Promise<PgResult> {
    return this.#answer.promise
  }

  answered(answer: PgResult): void {
    if (this.#finish()) this.#answer.resolve(answer)
  }

  /** @param again - the pool is to be asked in its place */
  failed(error: unknown, again = false): void {
    if (!this.#finish()) return
    this.again = again
    this.#answer.reject(error)
  }

  /** @see Lease */
  async end(): Promise<void> {
    this.failed(this.session.closedError())
  }

  #finish(): boolean {
    if (this.over) return false
    this.session.leases.delete(this)
    return (this.over = true)
  }
}
