import type { TwoPhaseDatabase } from './two-phase/database.ts'

/** A savepoint of one participant. */
export interface ParticipantSavepoint {
  /** Undoes everything since, in the database and in what is known of it here. Can be done again and again. */
  rollback(): Promise<void>
}

/** What one engine has in a transaction: its session, seen from the manager, which knows nothing of MikroORM. */
export interface Participant {
  /** The name of the engine. */
  readonly name: string
  /** Undefined where the engine can neither be prepared nor keep the record of a decision. */
  readonly twoPhase?: TwoPhaseParticipant | undefined
  /** Whether the database has given the transaction up, and since which error; undefined where it has not. Asks nothing of it. */
  spoiltBy(): unknown
  /** Whether somebody is in the middle of a stream of rows. */
  streams(): boolean
  /** Whether the database has said by itself that rows were changed, in the answer to a statement. False says nothing. */
  readonly hasChangedRows: boolean
  /** Whether there is anything that a commit would keep. What was sent before is answered then. */
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

/** A participant as two-phase commit sees it. All of it runs on the connection of the transaction, which is kept to the end: to wait for another one of the pool might be for ever. */
export interface TwoPhaseParticipant {
  readonly database: TwoPhaseDatabase
  /** The transaction's id, and the server's process that it is on. */
  identify(): Promise<{ readonly xid: string; readonly backend: string }>
  /** @throws what the database says; the transaction is over then */
  prepare(gid: string): Promise<void>
  /** A statement of our own: in the transaction, or, once it is prepared, beside it. */
  execute(sql: string, parameters: readonly unknown[]): Promise<void>
  /** @throws what the database says; the session is out of the transaction all the same, as after a commit */
  commitPrepared(gid: string): Promise<void>
  /** @returns whether it is known to be undone. Never rejects */
  rollbackPrepared(gid: string): Promise<boolean>
  /** Lets go of what is prepared: somebody else decides. Never rejects. */
  abandon(): Promise<void>
}
