import { StreamOpenError, TransactionRolledBackError } from '../errors.ts'
import type { Participant } from './participant.ts'

/** @throws StreamOpenError where rows are still being read; TransactionRolledBackError where the database has given the transaction up, with the error that was swallowed as its cause */
export async function assertSound(participant: Participant, keptOpen: ReadonlySet<string>): Promise<void> {
  if (participant.streams() && !(keptOpen.has(participant.name) && !(await participant.hasWritten()))) throw new StreamOpenError(participant.name)
  assertUnspoilt(participant)
}

/** @throws TransactionRolledBackError */
export function assertUnspoilt(participant: Participant): void {
  const cause = participant.spoiltBy()
  if (cause !== undefined) throw new TransactionRolledBackError(participant.name, 'COMMIT', { cause })
}

/**
 * Which participants have anything to keep. Where there is one, and it is known to have, nobody is asked: should a statement that nobody has waited for still fail, the
 * commit does. Of several, each must have answered before the first one commits.
 *
 * @throws where a statement has failed, and what {@link Participant.hasWritten} throws
 */
export async function whoHasWritten(participants: readonly Participant[]): Promise<boolean[]> {
  if (participants.length === 1 && participants[0]!.hasChangedRows) return [true]
  return await Promise.all(participants.map(async (participant) => await hasWritten(participant)))
}

/** @throws where a statement that nobody has waited for has failed: that, and not that nothing can be asked any more */
async function hasWritten(participant: Participant): Promise<boolean> {
  try {
    return await participant.hasWritten()
  } catch (error) {
    assertUnspoilt(participant)
    throw error
  }
}
