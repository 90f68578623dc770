import { TestReplayError } from '../../../orm/errors.ts'
import { complete, type Failure, message, type Message } from '../wire/messages.ts'
import { accessMode, type Control, savepointName } from './control.ts'
import { NO_TWO_PHASE, SPOILT, unlessOurs } from './failures.ts'
import { goneBack, type Line } from './line.ts'
import { AppTransaction, type Written } from './transaction.ts'
import type { Visit } from './visit.ts'
import type { WritingTurn } from './writing-turn.ts'

const TRANSACTION = 'sqlassist_transaction'

/** The transactions of the application, each a savepoint in that of the test. */
export class AppTransactions {
  readonly #line: Line
  readonly #turn: WritingTurn
  #problems: Error[] = []

  constructor(line: Line, turn: WritingTurn) {
    this.#line = line
    this.#turn = turn
  }

  /** What has gone wrong since it was asked for the last time, and was nobody's error. */
  takeProblems(): Error[] {
    return this.#problems.splice(0)
  }

  /** Answers a statement that begins or ends something, but for errors, which are returned. */
  async control(visit: Visit, control: Exclude<Control, 'other'>, text: string): Promise<Failure | undefined> {
    const { transaction } = visit
    switch (control) {
      case 'begin': return this.#begin(visit, text)
      case 'commit': return await (transaction?.failed === true ? this.#rollBack(visit) : this.#commit(visit))
      case 'rollback': return await this.#rollBack(visit)
      case 'set transaction': return this.#set(visit, text)
      case 'two-phase': return NO_TWO_PHASE
      default: return await this.#savepoint(visit, control, text)
    }
  }

  /** The server is told of it with its first statement: whoever only begins is in nobody's way. */
  #begin(visit: Visit, text: string): undefined {
    const mode = accessMode(text)
    visit.transaction ??= new AppTransaction(mode === undefined ? visit.readsOnly : mode === 'only', visit.settings)
    visit.send(complete('BEGIN'))
  }

  /** How isolated it is has been decided by the test's. */
  #set(visit: Visit, text: string): undefined {
    const { transaction } = visit
    const mode = accessMode(text)
    if (transaction !== undefined && mode !== undefined) transaction.readOnly = mode === 'only'
    visit.send(complete('SET'))
  }

  /** Sees to it that the server has the transaction of a connection that writes in one. */
  async enter(visit: Visit): Promise<void> {
    const { transaction } = visit
    if (transaction?.begun === true) return await this.#turn.resume(visit)
    if (transaction === undefined || transaction.readOnly) return
    this.#line.assertTesting()
    await this.#turn.take(visit)
    this.#line.assertTesting()
    await this.#line.inTurn(async () => {
      transaction.applied = this.#line.applied
      transaction.begun = true
      this.#line.say(`savepoint ${TRANSACTION};`)
      await Promise.resolve()
    }, visit)
  }

  async #commit(visit: Visit): Promise<Failure | undefined> {
    const { transaction } = visit
    const failure = transaction?.begun !== true ? undefined : await unlessOurs(async () => {
      await this.#turn.resume(visit)
      return await this.#line.inTurn(async () => {
        const unkept = await this.#line.check()
        if (unkept === undefined) this.#line.say(`release savepoint ${TRANSACTION};`)
        return unkept
      }, visit)
    })
    if (failure !== undefined) return (await this.undo(visit)) ?? failure
    visit.settings = transaction?.kept ?? visit.settings
    this.#over(visit, transaction?.written ?? [])
    visit.send(complete('COMMIT'))
    return undefined
  }

  async #rollBack(visit: Visit): Promise<Failure | undefined> {
    const failure = await this.undo(visit)
    if (failure === undefined) visit.send(complete('ROLLBACK'))
    return failure
  }

  /**
   * Undoes the transaction of a connection, if it has one.
   *
   * @param deadlockMs - how long one in it may do nothing; default: as ever
   */
  async undo(visit: Visit, deadlockMs?: number): Promise<Failure | undefined> {
    const { transaction } = visit
    const beside = transaction?.written.filter(({ own }) => !own) ?? []
    const failure = transaction?.begun !== true ? undefined : await unlessOurs(async () => {
      await this.#turn.resume(visit, deadlockMs)
      return await this.#line.inTurn(async () => {
        this.#line.goesBack(goneBack(TRANSACTION), transaction.applied!)
        return await this.#writeAgain(beside)
      })
    })
    if (failure === undefined) this.#over(visit, beside)
    else transaction!.failed = true
    return failure
  }

  /** @param written - what stays of it, and would be undone with the transaction that it was in */
  #over(visit: Visit, written: readonly Written[]): void {
    const begun = visit.transaction?.begun === true
    visit.transaction = undefined
    if (!begun) return
    this.#turn.give(visit)
    for (const { bytes, settings } of written) this.#turn.current?.wrote({ bytes, settings, own: false })
  }

  async #savepoint(visit: Visit, control: 'savepoint' | 'release' | 'rollback to', text: string): Promise<Failure | undefined> {
    const { transaction } = visit
    const name = savepointName(text)
    if (transaction === undefined) return { code: '25P01', message: `${control.toUpperCase()} can only be used in transaction blocks` }
    if (transaction.failed && control !== 'rollback to') return SPOILT
    const failure = control !== 'savepoint' && !transaction.has(name) ? { code: '3B001', message: `savepoint "${name}" does not exist` } : await unlessOurs(async () => {
      await this.enter(visit)
      return await this.#line.inTurn(async () => await this.#moveTo(transaction, control, name), visit)
    })
    if (failure !== undefined) transaction.failed = true
    else visit.send(complete(control === 'rollback to' ? 'ROLLBACK' : control.toUpperCase()))
    return failure
  }

  async #moveTo(transaction: AppTransaction, control: 'savepoint' | 'release' | 'rollback to', name: string): Promise<undefined> {
    const sql = transaction.begun ? `${control === 'release' ? 'release savepoint' : control === 'savepoint' ? control : 'rollback to savepoint'} "${name.replaceAll('"', '""')}";` : '' // in one that only reads, nothing is to be undone
    if (control !== 'rollback to') {
      if (control === 'savepoint') transaction.save(name, this.#line.applied)
      else transaction.release(name)
      this.#line.say(sql)
      return
    }
    const { applied, beside } = transaction.goBack(name)
    if (transaction.begun) this.#line.goesBack(sql, applied)
    await this.#writeAgain(beside)
  }

  /** Others have written something meanwhile, which a rollback of this transaction does not concern. */
  async #writeAgain(beside: readonly Written[]): Promise<undefined> {
    for (const { bytes, settings } of beside) {
      // Rows of a COPY have not been kept.
      const heard = ({ type }: Message): void => void (type === 'G' && this.#line.tell(message('f', 'its rows were not kept')))
      const failure = await this.#line.attempt(settings, false, { bytes, heard }, async () => await this.#line.check())
      if (failure !== undefined) this.#problems.push(new TestReplayError(failure.message))
    }
  }
}
