/** A connection that code of a session holds by other means than a transaction of MikroORM: a Kysely of its own, a stream of rows. */
export interface Lease {
  /** Whether rows are read from it one by one. */
  readonly isStream?: boolean
  /** Takes the connection away from its holder. Resolves when it is back. */
  end(): Promise<void>
}
