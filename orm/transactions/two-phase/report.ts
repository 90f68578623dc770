/** A prepared transaction that was found. */
export interface FoundTransaction {
  readonly engine: string
  /** Its name in `pg_prepared_xacts`. */
  readonly gid: string
}

/** One that was not touched, and why. */
export interface LeftTransaction extends FoundTransaction {
  readonly why: string
}

/** A transaction that is in part committed, because somebody has rolled back by hand what was to be committed. */
export interface BrokenTransaction {
  /** Its record is the row of this id in `sqlassist_transactions` of the engine {@link recordedBy}; delete it when everything agrees again. */
  readonly id: string
  readonly recordedBy: string
  readonly committed: readonly string[]
  readonly rolledBack: readonly string[]
  /** The server does not remember. */
  readonly unknown: readonly string[]
}

/** What `sqlassist.recover()` has done. */
export interface RecoveryReport {
  readonly committed: readonly FoundTransaction[]
  readonly rolledBack: readonly FoundTransaction[]
  readonly leftAlone: readonly LeftTransaction[]
  /** What a human must decide. */
  readonly broken: readonly BrokenTransaction[]
  /** Engines whose database could not be asked. */
  readonly failed: readonly { readonly engine: string; readonly why: string }[]
}
