/** A prepared transaction that was found. */
export interface FoundTransaction {
  /** The name of the engine. */
  readonly engine: string
  /** Its name in `pg_prepared_xacts`. */
  readonly gid: string
}

/** One that was not touched, and why. */
export interface LeftTransaction extends FoundTransaction {
  /** In words. */
  readonly why: string
}

/** A transaction that is in part committed, because somebody has rolled back by hand what was to be committed. */
export interface BrokenTransaction {
  /** Its record is the row of this id in `sqlassist_transactions` of the engine {@link recordedBy}; delete it when everything agrees again. */
  readonly id: string
  /** The engine that has its record. */
  readonly recordedBy: string
  /** Engines on which it is committed. */
  readonly committed: readonly string[]
  /** Engines on which it is rolled back. */
  readonly rolledBack: readonly string[]
  /** The server does not remember. */
  readonly unknown: readonly string[]
}

/** What `sqlassist.recover()` has done. */
export interface RecoveryReport {
  /** Committed now, because the decision had been made. */
  readonly committed: readonly FoundTransaction[]
  /** Rolled back now, because no decision had been made. */
  readonly rolledBack: readonly FoundTransaction[]
  /** Not touched: somebody may still be at work on them. */
  readonly leftAlone: readonly LeftTransaction[]
  /** What a human must decide. */
  readonly broken: readonly BrokenTransaction[]
  /** Engines whose database could not be asked. */
  readonly failed: readonly {
    /** The name of the engine. */
    readonly engine: string
    /** In words. */
    readonly why: string
  }[]
}
