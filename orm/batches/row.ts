import type { Lease } from '../sessions/lease.ts'
import type { Source } from '../routing/horizon.ts'
import type { SessionState } from '../sessions/state.ts'

/** What the database has given back for a row; undefined where the statement asks for nothing. */
export type Returned = Readonly<Record<string, unknown>> | undefined

/** A row on its way, and whose it is. */
export class Row {
  readonly values: readonly (string | null)[]
  readonly saved: Promise<Returned>
  readonly #state: SessionState
  readonly #lease: Lease
  #resolve!: (returned: Returned) => void
  #reject!: (error: unknown) => void
  #sent = false

  /** @param drop - takes it out of those that wait */
  constructor(state: SessionState, values: readonly (string | null)[], drop: (row: Row) => void) {
    this.#state = state
    this.values = values
    this.saved = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#lease = { end: async () => await this.#end(drop) }
    state.leases.add(this.#lease)
  }

  /** It is on its way: nobody can take it back any more. */
  sent(source: Source | undefined): void {
    this.#sent = true
    if (source !== undefined) this.#state.horizon?.took(source, false)
  }

  resolve(returned: Returned, source: Source | undefined): void {
    this.#done(source)
    this.#resolve(returned)
  }

  reject(error: unknown, source?: Source): void {
    this.#done(source)
    this.#reject(error)
  }

  #done(source: Source | undefined): void {
    this.#state.leases.delete(this.#lease)
    if (source !== undefined) this.#state.horizon?.gaveBack(source)
  }

  /** The end of its session: what has not been sent is not sent, and the rest arrives. */
  async #end(drop: (row: Row) => void): Promise<void> {
    if (this.#sent) return void (await this.saved.catch(() => {}))
    drop(this)
    this.reject(this.#state.closedError())
  }
}
