import type { EventOwner } from '../events/events.ts'
import { timed } from '../events/tell.ts'
import { SavepointInvalidError, SavepointUnsupportedError } from '../errors.ts'
import type { DataManager, DataManagerSavepoint } from './data-manager.ts'
import type { Participant, ParticipantSavepoint } from './participant.ts'

/** A point in a transaction that one can go back to, on all its engines and data managers at once. */
export interface Savepoint {
  /**
   * Undoes everything since the savepoint, wherever it was done. The savepoint stays, and can be rolled back to again; those that were
   * made after it are gone.
   *
   * @throws SavepointUnsupportedError before anything is undone, where a data manager cannot go back; SavepointInvalidError where the transaction
   * is over, or an earlier savepoint was rolled back to; what the database or a data manager fails with: then nothing can be committed any more
   */
  rollback(): Promise<void>
}

/** The transaction of a savepoint, seen from there. */
export interface SavepointOwner {
  readonly owner: EventOwner
  /** @throws SavepointInvalidError where it is over */
  assertActive(): void
  participants(): Promise<Participant[]>
  readonly dataManagers: ReadonlySet<DataManager>
  /** Takes out of the transaction, and undoes, what has joined after a savepoint. */
  expel(participants: readonly Participant[], dataManagers: readonly DataManager[]): Promise<void>
  /** Going back has failed half way. */
  broken(reason: unknown): void
  /** Makes the savepoints that came after one useless. */
  forgetAfter(savepoint: TransactionSavepoint): void
}

/** See {@link Savepoint}. */
export class TransactionSavepoint implements Savepoint {
  valid = true
  readonly #owner: SavepointOwner
  readonly #name: string
  readonly #participants: ReadonlyMap<Participant, ParticipantSavepoint>
  readonly #dataManagers: ReadonlyMap<DataManager, DataManagerSavepoint | undefined>

  constructor(owner: SavepointOwner, name: string, participants: ReadonlyMap<Participant, ParticipantSavepoint>, dataManagers: ReadonlyMap<DataManager, DataManagerSavepoint | undefined>) {
    this.#owner = owner
    this.#name = name
    this.#participants = participants
    this.#dataManagers = dataManagers
  }

  async rollback(): Promise<void> {
    this.#owner.assertActive()
    if (!this.valid) throw new SavepointInvalidError('an earlier one was rolled back to')
    for (const [manager, savepoint] of this.#dataManagers) {
      if (savepoint === undefined) throw new SavepointUnsupportedError(manager.sortKey)
    }
    this.#owner.forgetAfter(this)
    try {
      await timed('sqlassist:transaction:savepoint', this.#owner.owner, async () => await this.#goBack(), () => ({ name: this.#name, rolledBack: true }))
    } catch (error) {
      this.#owner.broken(error)
      throw error
    }
  }

  async #goBack(): Promise<void> {
    const participants = await this.#owner.participants()
    const lateParticipants = participants.filter((participant) => !this.#participants.has(participant))
    const lateManagers = [...this.#owner.dataManagers].filter((manager) => !this.#dataManagers.has(manager))
    await this.#owner.expel(lateParticipants, lateManagers)
    for (const savepoint of this.#participants.values()) await savepoint.rollback()
    for (const savepoint of this.#dataManagers.values()) await savepoint!.rollback()
  }
}
