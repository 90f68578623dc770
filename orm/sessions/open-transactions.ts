import type { EntityManager } from '@mikro-orm/core'

/** A transaction as kysely hands it out: MikroORM's `Transaction`, which is opaque, and the facts that we need of it. */
export interface OpenTransaction {
  readonly isCommitted?: boolean
  readonly isRolledBack?: boolean
  readonly savepointName?: string
}

const NONE: ReadonlySet<OpenTransaction> = new Set()

/** The top-level transactions that a session has open. A savepoint ends with the transaction around it and is not kept. */
export class OpenTransactions {
  readonly #owners = new Map<OpenTransaction, EntityManager>()
  readonly #committing = new WeakSet<OpenTransaction>()
  #waiting: (() => void)[] = []

  get size(): number {
    return this.#owners.size
  }

  opened(transaction: OpenTransaction, em: EntityManager): void {
    if (transaction.savepointName === undefined && !this.#owners.has(transaction)) this.#owners.set(transaction, em)
  }

  /** COMMIT is on its way: from here on the transaction is not ours to roll back, unless the commit fails. */
  committing(transaction: OpenTransaction): void {
    this.#committing.add(transaction)
  }

  /** The transactions of one EntityManager that are open now; see {@link forget}. */
  of(em: EntityManager): ReadonlySet<OpenTransaction> {
    if (this.#owners.size === 0) return NONE
    return new Set([...this.#owners].filter(([, owner]) => owner === em).map(([transaction]) => transaction))
  }

  /** Drops what is over, and what the EntityManager has opened beyond `kept`: MikroORM has given the connection back by then. */
  forget(em?: EntityManager, kept?: ReadonlySet<OpenTransaction>): void {
    for (const [transaction, owner] of this.#owners) {
      const over = transaction.isCommitted === true || transaction.isRolledBack === true
      if (over || (owner === em && kept?.has(transaction) !== true)) this.#owners.delete(transaction)
    }
    this.#wake()
  }

  /** A commit has failed: whoever closes the session rolls the transaction back. */
  commitFailed(): void {
    for (const transaction of this.#owners.keys()) this.#committing.delete(transaction)
    this.#wake()
  }

  /** What has to be rolled back at the end of the session. */
  undecided(): OpenTransaction[] {
    return [...this.#owners.keys()].filter((transaction) => !this.#committing.has(transaction))
  }

  /** Resolves when no commit is on its way any more. */
  async commitsSettled(): Promise<void> {
    while (this.undecided().length < this.size) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
