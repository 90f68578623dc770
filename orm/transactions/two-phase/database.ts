/** A connection for one piece of work, outside the pool: it must not wait for those whose locks it is about to free. */
export interface SqlConnection extends AsyncDisposable {
  /** @param parameters - for `$1`, `$2`, and so on */
  query(sql: string, parameters?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
}

/** A database of PostgreSQL that can keep the record of a decision, seen from two-phase commit. */
export interface TwoPhaseDatabase {
  /** The name of its engine. */
  readonly name: string
  /** Whether its transactions may be prepared: the engine's option `twoPhase`. */
  readonly twoPhase: boolean
  /** How long to go on asking where no answer comes, in ms. */
  readonly patienceMs: number
  connect(): Promise<SqlConnection>
}
