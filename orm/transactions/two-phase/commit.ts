import { CommitOutcomeUnknownError, PartialCommitError, PrepareFailedError, TransactionRecoveredError } from '../../errors.ts'
import { reasonOf } from '../../postgres/server-errors.ts'
import type { Participant, TwoPhaseParticipant } from '../participant.ts'
import { gidOf } from './gid.ts'
import { codeOf, INSERT_DECISION, type Part } from './records.ts'
import type { TwoPhase } from './two-phase.ts'

/** A participant and the name that it is prepared under. */
interface Prepared {
  readonly name: string
  readonly participant: TwoPhaseParticipant
  readonly gid: string
}

/** What a two-phase commit is over. */
interface Round {
  readonly id: string
  readonly prepared: readonly Prepared[]
  /** The one engine that is not prepared, if there is one. */
  readonly single: Participant | undefined
  /** Where the decision is written down, and by whom. */
  readonly recorder: TwoPhaseParticipant
  readonly parts: readonly Part[]
}

/**
 * Commits all or none, also where this process or a server dies in the middle. The decision is one row, "commit", in one of the databases;
 * where recovery finds no such row for what is prepared, it writes "abort" under the same key first, so that whoever comes second loses.
 *
 * What a crash leaves behind, and what recovery makes of it:
 * 1. before the first PREPARE: nothing; the server rolls back;
 * 2. between the PREPAREs: no row, so that those that are prepared are rolled back; the others the server has rolled back;
 * 3. all prepared, no decision: the same;
 * 4. the row is there, nothing committed: all are committed. A row that is on its way while recovery asks is waited for: its key is taken;
 * 5. between the COMMIT PREPAREDs: the rest is committed; of those that are gone the server is asked, by transaction id, whether they were committed;
 * 6. after the last, the row still there: all are known to be committed, and it is deleted.
 *
 * One engine that cannot be prepared is committed between the PREPAREs and the COMMIT PREPAREDs. On PostgreSQL the row is written in its own
 * transaction, and its COMMIT is the decision. Of another kind (SQLite) the row comes right after its COMMIT: a crash just between these two is the one
 * case that recovery gets wrong.
 */
export async function commitInTwoPhases(preparable: readonly Participant[], single: Participant | undefined, twoPhase: TwoPhase): Promise<void> {
  const recorder = single?.twoPhase ?? preparable[0]!.twoPhase!
  const [home, ...homes] = await Promise.all([recorder, ...preparable.map((participant) => participant.twoPhase!)].map(async ({ database }) => await twoPhase.homeOf(database)))
  await twoPhase.live(async (id) => {
    const identities = await Promise.all(preparable.map(async ({ twoPhase: participant }) => await participant!.identify()))
    const prepared = preparable.map(({ name, twoPhase: participant }, index) => {
      return { name, participant: participant!, gid: gidOf({ home: home!, id, backend: identities[index]!.backend, engine: name }) }
    })
    const parts = preparable.map(({ name }, index) => ({ engine: name, home: homes[index]!, xid: identities[index]!.xid }))
    const round = { id, prepared, single, recorder, parts }
    await prepareAll(prepared, twoPhase)
    await decide(round, twoPhase)
    await commitAll(round, twoPhase)
  }).finally(() => twoPhase.settled())
}

async function prepareAll(prepared: readonly Prepared[], twoPhase: TwoPhase): Promise<void> {
  const attempts = await Promise.allSettled(prepared.map(async ({ participant, gid }) => await participant.prepare(gid)))
  const failed = attempts.findIndex(({ status }) => status === 'rejected')
  if (failed === -1) return
  // One whose answer was lost may be prepared all the same: recovery finds out.
  await rollBack(prepared.filter((_, index) => attempts[index]!.status === 'fulfilled'), twoPhase)
  const { reason } = attempts[failed] as PromiseRejectedResult
  if (attempts.some((attempt) => attempt.status === 'rejected' && !isAnswer(attempt.reason))) twoPhase.leave()
  throw explained(prepared[failed]!.name, reason)
}

/** Undoes what is prepared, or leaves it to recovery. */
async function rollBack(prepared: readonly Prepared[], twoPhase: TwoPhase): Promise<void> {
  const undone = await Promise.all(prepared.map(async ({ participant, gid }) => await participant.rollbackPrepared(gid)))
  if (undone.includes(false)) twoPhase.leave()
}

/** @throws where it was not decided to commit; nothing is prepared then, or recovery looks after it */
async function decide(round: Round, twoPhase: TwoPhase): Promise<void> {
  const { id, prepared, single, recorder, parts } = round
  let [sent, taken] = [false, false]
  const record = async (): Promise<void> => {
    sent = single?.twoPhase === undefined
    await recorder.execute(`${INSERT_DECISION} (?, 'commit', ?)`, [id, JSON.stringify(parts)]).catch((error: unknown) => {
      taken = codeOf(error) === TAKEN
      throw error
    })
  }
  try {
    if (single !== undefined && single.twoPhase === undefined) await single.commit()
    await record()
    if (single?.twoPhase !== undefined) await single.commit()
  } catch (error) {
    const unsure = error instanceof CommitOutcomeUnknownError || (sent && !isAnswer(error))
    const decision = unsure ? await twoPhase.ask(recorder.database, id) : 'abort'
    if (!unsure) twoPhase.doubtHome(recorder.database)
    if (decision === 'commit') return
    if (decision === 'abort') await rollBack(prepared, twoPhase)
    else await leave(prepared, twoPhase)
    throw refusal(decision, { error, sent, taken }, round)
  }
}

interface Failure {
  readonly error: unknown
  /** The decision may have been written down, though nothing else was committed with it. */
  readonly sent: boolean
  /** Another decision was there before. */
  readonly taken: boolean
}

function refusal(decision: 'abort' | 'unknown', { error, sent, taken }: Failure, { prepared, single, recorder }: Round): unknown {
  const names = prepared.map(({ name }) => name)
  if (sent && single !== undefined) {
    const outcomes = { committed: [single.name], rolledBack: decision === 'abort' ? names : [], unknown: decision === 'abort' ? [] : names }
    return new PartialCommitError(outcomes, { cause: error })
  }
  if (decision === 'unknown') return new CommitOutcomeUnknownError(recorder.database.name, `the decision on all engines could not be read: ${reasonOf(error)}`, { cause: error })
  return taken ? new TransactionRecoveredError({ cause: error }) : error
}

async function leave(prepared: readonly Prepared[], twoPhase: TwoPhase): Promise<void> {
  await Promise.all(prepared.map(async ({ participant }) => await participant.abandon()))
  twoPhase.leave()
}

/** Nothing of this can make a failure of what was decided: recovery finishes what is left. */
async function commitAll({ id, prepared, recorder }: Round, twoPhase: TwoPhase): Promise<void> {
  const finished = await Promise.all(
    prepared.map(async ({ name, participant, gid }) => {
      try {
        await participant.commitPrepared(gid)
        return true
      } catch (err) {
        twoPhase.logger.warn({ err, engine: name, gid }, `Engine '${name}' could not finish a transaction that is committed: recovery does it`)
        return false
      }
    }),
  )
  if (finished.includes(false)) twoPhase.leave()
  else twoPhase.forget(recorder.database, id)
}

/** Somebody has written another decision under the same key. */
const TAKEN = '23505'

/** What PostgreSQL says where a transaction could be committed, but not prepared, and what to do about it. */
const REMEDIES: Readonly<Record<string, string>> = {
  '0A000': `what it has done cannot be prepared (temporary tables, LISTEN or NOTIFY, cursors WITH HOLD): leave it out, or use the option twoPhase: false for this transaction`,
  '55000': `the server does not allow it: set max_prepared_transactions in postgresql.conf to at least max_connections, and restart the server`,
  '53200': `the server's max_prepared_transactions are all in use: set it to at least max_connections, and look into pg_prepared_xacts for what was left behind`,
  '22023': `its name is too long`,
  '42710': `its name is taken`,
}

function explained(engine: string, error: unknown): unknown {
  const remedy = REMEDIES[codeOf(error)]
  return remedy === undefined ? error : new PrepareFailedError(engine, remedy, { cause: error })
}

/** Whether the server has answered, so that nothing is prepared. */
const isAnswer = (error: unknown): boolean => /^[0-9A-Z]{5}$/.test(codeOf(error)) || codeOf(error) === 'SQLASSIST_TRANSACTION_ROLLED_BACK'
