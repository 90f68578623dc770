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

/** @throws where a statement that nobody has waited for has failed: that, and not that nothing can be asked any more */
export async function hasWritten(participant: Participant): Promise<boolean> {
  try {
    return await participant.hasWritten()
  } catch (error) {
    assertUnspoilt(participant)
    throw error
  }
}
