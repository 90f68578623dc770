import type { Bagged } from '../bag.ts'
import type { Lease } from '../sessions/lease.ts'
import type { SessionState } from '../sessions/state.ts'
import type { GuardedClient } from './client-types.ts'
import type { Waiter } from './wait-graph.ts'

/** Somebody who waits for a connection: until it comes, or comes too late. */
export class WaitingCheckout implements Waiter, Lease, Bagged {
  readonly session: SessionState | undefined
  readonly since = performance.now()
  $place = -1
  readonly #resolve: (client: GuardedClient) => void
  readonly #reject: (error: unknown) => void
  readonly #leave: (waiting: this) => void
  #over = false

  constructor(session: SessionState | undefined, resolve: (client: GuardedClient) => void, reject: (error: unknown) => void, leave: (waiting: WaitingCheckout) => void) {
    this.session = session
    this.#resolve = resolve
    this.#reject = reject
    this.#leave = leave
  }

  get owner(): object | undefined {
    return this.session?.owner
  }

  take(client: GuardedClient): void {
    if (this.#over) client.release() // what comes too late goes straight back
    else this.#end(() => this.#resolve(client))
  }

  fail(error: unknown): void {
    if (!this.#over) this.#end(() => this.#reject(error))
  }

  #end(settle: () => void): void {
    this.#over = true
    this.#leave(this)
    settle()
  }

  /** The session ends. */
  end(): Promise<void> {
    this.fail(this.session!.closedError())
    return Promise.resolve()
  }
}
