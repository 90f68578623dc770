import { Bag } from '../bag.ts'
import type { CompleteLimits } from '../engines/limits.ts'
import { warnOfLeak } from '../events/tell.ts'
import { CheckoutTimeoutError, DatabaseUnavailableError, PoolDeadlockError, PoolQueueFullError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'
import type { SessionState } from '../sessions/state.ts'
import { describeHolder } from './checkout.ts'
import type { GuardedClient } from './client-types.ts'
import { deadlockedHolders, type Holder, noteWaiting, type Waiter, type WaitingPool } from './wait-graph.ts'
import { WaitingCheckout } from './waiting-checkout.ts'

/** What the queue needs to know of its pool. */
export interface QueuedPool {
  readonly engine: string
  readonly limits: CompleteLimits
  readonly max: number
  /** Whether there is any connection to its server, in somebody's hands or not. */
  readonly connected: boolean
  /** The connections that are checked out. */
  readonly out: { readonly size: number } & Iterable<GuardedClient>
  /** Sees to it that {@link CheckoutQueue.breakDeadlock} is called again and again while somebody waits. */
  waits(): void
  log(): SqlAssistLogger
}

/** How long nothing may have happened before a pool may be said to wait for itself, in ms. */
const QUIET_MS = 100

/** Those who wait for a connection of one pool: pg's queue is first come, first served, and here each wait has an end. */
export class CheckoutQueue implements WaitingPool {
  readonly #pool: QueuedPool
  $place = -1
  readonly #waiting = new Bag<WaitingCheckout>()

  constructor(pool: QueuedPool) {
    this.#pool = pool
  }

  get size(): number {
    return this.#waiting.size
  }

  get full(): boolean {
    return this.#pool.out.size >= this.#pool.max
  }

  get waiters(): Iterable<Waiter> {
    return this.#waiting
  }

  get holders(): Iterable<Holder> {
    const quietSince = performance.now() - QUIET_MS
    return [...this.#pool.out].map(({ checkout, activity, givenBack }) => ({
      owner: checkout?.session?.owner,
      quiet: !givenBack && !activity.busy && activity.last < quietSince,
    }))
  }

  /** @throws PoolQueueFullError */
  assertRoom(): void {
    if (this.size >= this.#pool.limits.maxWaiting) throw new PoolQueueFullError(this.#pool.engine, this.#describe())
  }

  /** Waits for a connection, but no longer than the limit, and no longer than the session lasts. */
  wait(connect: () => Promise<GuardedClient>, session: SessionState | undefined): Promise<GuardedClient> {
    return new Promise((resolve, reject) => {
      const waiting = this.enter(session, resolve, reject)
      connect().then((client) => waiting.take(client), (error: unknown) => waiting.fail(error))
    })
  }

  /** The same for somebody who is called: at once when {@link WaitingCheckout.take} or {@link WaitingCheckout.fail} is. */
  enter(session: SessionState | undefined, taken: (client: GuardedClient) => void, failed: (error: unknown) => void): WaitingCheckout {
    const waiting = new WaitingCheckout(session, taken, failed, (gone) => this.#leave(gone))
    this.#waiting.add(waiting)
    session?.leases.add(waiting)
    noteWaiting(this, true)
    this.#pool.waits()
    return waiting
  }

  #leave(waiting: WaitingCheckout): void {
    waiting.session?.leases.delete(waiting)
    this.#waiting.delete(waiting)
    if (this.#waiting.size === 0) noteWaiting(this, false)
  }

  /** Ends the waits that have lasted too long. One timer looks after all of them, and not one after each: most waits last some microseconds. */
  enforceLimit(): void {
    if (this.size === 0) return
    const begunBefore = performance.now() - this.#pool.limits.checkoutTimeoutMs
    for (const waiting of this.#waiting) if (waiting.since <= begunBefore) waiting.fail(this.#timeout())
  }

  #timeout(): Error {
    const { engine, limits: { checkoutTimeoutMs } } = this.#pool
    if (this.#pool.connected) return new CheckoutTimeoutError(engine, checkoutTimeoutMs, this.#describe())
    return new DatabaseUnavailableError(engine, `it did not answer within ${checkoutTimeoutMs} ms`)
  }

  /** In words: how full the pool is, and who holds a connection longest. */
  #describe(): string {
    const { out, max } = this.#pool
    const longest = [...out].flatMap(({ checkout }) => checkout ?? []).toSorted((a, b) => a.since - b.since)[0]
    return `${out.size} of ${max} in use, ${this.size} waiting; held longest by ${longest === undefined ? 'nobody' : describeHolder(longest)}`
  }

  /** Where the pool waits for itself, the one who came last gives up, with everything it holds: then the others can go on. */
  breakDeadlock(): void {
    if (this.size === 0 || !this.full) return
    const { engine, out } = this.#pool
    const holders = deadlockedHolders(this)
    const concerned = [...this.#waiting].filter(({ owner, since }) => since < performance.now() - QUIET_MS && owner !== undefined && holders?.has(owner))
    const last = concerned.toSorted((a, b) => a.since - b.since).at(-1)
    if (last === undefined) return
    const who = [...out].flatMap(({ checkout }) => (checkout === undefined ? [] : describeHolder(checkout))).join('; ')
    const message = `The pool of engine '${engine}' waits for itself. Its connections are held by ${who}`
    warnOfLeak('pool', { logger: this.#pool.log(), owner: undefined, engine }, { engine, waiting: this.size }, message)
    last.fail(new PoolDeadlockError(engine, this.#describe()))
  }
}
