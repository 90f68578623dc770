import type { PgConnection } from './pg.ts'

/**
 * Why the server has given a transaction up: the first error in it, because all that come after it only follow from it. Read off the
 * protocol, where an error comes before the server's word on the transaction; a statement is told of its error at some time in between.
 */
export class TransactionFailure {
  #first: unknown
  #status: string | undefined
  /** The server has told an error, and not yet what that means for the transaction. */
  #undecided = false

  constructor(connection: PgConnection) {
    connection.on('errorMessage', (error: unknown) => {
      if (this.#status !== 'E') this.#first = error
      this.#undecided = true
    })
    connection.on('readyForQuery', ({ status }: { status: string }) => {
      this.#status = status
      this.#undecided = false
    })
  }

  /** Of the transaction that is open; undefined where it can still be committed. */
  get current(): unknown {
    return this.#status === 'E' || (this.#status === 'T' && this.#undecided) ? this.#first : undefined
  }

  /** Of the transaction that was given up last, also when it is over. */
  get last(): unknown {
    return this.#first
  }
}
