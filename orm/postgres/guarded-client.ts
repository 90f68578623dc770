type Release = (destroy?: Error | boolean) => void

/** The part of pg's Client that we touch. */
export interface GuardedClient {
  release: Release
  query(...args: unknown[]): unknown
  readonly processID?: number
  getTransactionStatus?(): 'I' | 'T' | 'E' | null
  once(event: 'end', listener: () => void): unknown
}

// oxlint-disable-next-line typescript/no-explicit-any -- a mixin's base class must take any arguments
export type ClientClass = new (...args: any[]) => GuardedClient

/** What a guarded client tells its pool's guard. */
export interface ClientWatcher {
  acquired(client: GuardedClient): void
  released(client: GuardedClient): void
  returnedInTransaction(client: GuardedClient): void
}

/**
 * A pg Client that cannot be lost and does not come back dirty. pg's pool hands a client out by assigning its `release`; we stand in
 * between:
 * - a second release does nothing, where pg throws;
 * - a connection that dies while it is checked out is released, where kysely keeps the slot for ever (kysely#1990);
 * - one whose BEGIN or ROLLBACK fails is destroyed, for the same reason: kysely does not give it back either;
 * - a connection that comes back inside a transaction is destroyed. The server says so at the end of each answer: no round trip.
 */
export function guardClient(Base: ClientClass, watcher: ClientWatcher): ClientClass {
  return class SqlAssistClient extends Base {
    #release: Release | undefined

    constructor(...args: unknown[]) {
      super(...args)
      this.once('end', () => this.release(true))
    }

    override query(...args: unknown[]): unknown {
      const result = super.query(...args)
      if (isBeginOrRollback(args[0])) (result as Promise<unknown> | undefined)?.catch(() => this.release(true))
      return result
    }

    override get release(): Release {
      return (destroy) => {
        const release = this.#release
        if (release === undefined) return
        this.#release = undefined
        watcher.released(this)
        const status = this.getTransactionStatus?.()
        const inTransaction = !destroy && (status === 'T' || status === 'E')
        if (inTransaction) watcher.returnedInTransaction(this)
        release(inTransaction ? true : destroy)
      }
    }

    override set release(release: Release) {
      this.#release = release
      watcher.acquired(this)
    }
  }
}

/** The statements of kysely's own after whose failure it keeps the connection. */
function isBeginOrRollback(statement: unknown): boolean {
  return typeof statement === 'string' && (statement === 'begin' || statement === 'rollback' || statement.startsWith('start transaction'))
}
