import { CommitOutcomeUnknownError, PartialCommitError, TwoPhaseImpossibleError } from '../errors.ts'
import type { Participant } from './participant.ts'
import { commitInTwoPhases } from './two-phase/commit.ts'
import type { TwoPhase } from './two-phase/two-phase.ts'

/**
 * Commits the engines that were written to, in two phases where they can.
 *
 * @param wanted - the option `twoPhase` of the transaction
 * @throws TwoPhaseImpossibleError, and what the commit fails with
 */
export async function commitTogether(written: readonly Participant[], twoPhase: TwoPhase | undefined, wanted: boolean | undefined): Promise<void> {
  if (written.length < 2 || wanted === false) return await commitOneByOne(written)
  const [preparable, rest] = [written.filter(isPreparable), written.filter((participant) => !isPreparable(participant))]
  if (twoPhase !== undefined && rest.length <= 1) return await commitInTwoPhases(preparable, rest[0], twoPhase)
  if (wanted === true) throw new TwoPhaseImpossibleError(rest.map(({ name }) => name).join(', '))
  await commitOneByOne(written)
}

const isPreparable = ({ twoPhase }: Participant): boolean => twoPhase?.database.twoPhase === true

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
