/** A savepoint of one participant. */
export interface ParticipantSavepoint {
  /** Undoes everything since, in the database and in what is known of it here. Can be done again and again. */
  rollback(): Promise<void>
}

/** What one engine has in a transaction: its session, seen from the manager, which knows nothing of MikroORM. */
export interface Participant {
  /** The name of the engine. */
  readonly name: string
  /** Whether the database has given the transaction up, and since which error; undefined where it has not. Asks nothing of it. */
  spoiltBy(): unknown
  /** Whether somebody is in the middle of a stream of rows. */
  streams(): boolean
  /** Whether there is anything that a commit would keep. */
  hasWritten(): Promise<boolean>
  /** @throws what the database says; the transaction is over then as well */
  commit(): Promise<void>
  /** Ends a transaction that has nothing to keep. What was loaded in it stays usable. Never rejects. */
  release(): Promise<void>
  /** Undoes everything; nothing that was loaded or made in it is known afterwards. Never rejects. */
  rollback(): Promise<void>
  /** @param name - unique in the transaction */
  savepoint(name: string): Promise<ParticipantSavepoint>
}
