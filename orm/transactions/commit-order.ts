import { CommitOutcomeUnknownError, PartialCommitError } from '../errors.ts'
import type { Participant } from './participant.ts'

/**
 * Commits one engine after the other. Up to the first commit that has succeeded a failure undoes everything; after it nobody can.
 *
 * @throws what the only engine, or the first one, fails with; PartialCommitError where others have been committed, or may have been
 */
export async function commitOneByOne(participants: readonly Participant[]): Promise<void> {
  const committed: string[] = []
  for (const [index, participant] of participants.entries()) {
    try {
      await participant.commit()
      committed.push(participant.name)
    } catch (cause) {
      const rest = participants.slice(index + 1)
      await Promise.all(rest.map(async (other) => await other.rollback()))
      const unknown = cause instanceof CommitOutcomeUnknownError ? [participant.name] : []
      if (committed.length === 0 && (unknown.length === 0 || rest.length === 0)) throw cause
      const rolledBack = [...(unknown.length === 0 ? [participant.name] : []), ...rest.map(({ name }) => name)]
      throw new PartialCommitError({ committed, rolledBack, unknown }, { cause })
    }
  }
}
