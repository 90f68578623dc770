import { TestNotRunningError } from '../../../orm/errors.ts'
import { statementsIn } from '../../../orm/postgres/statement-heads.ts'
import { type Failure, message, type Message, query, sync } from '../wire/messages.ts'
import { AppTransactions } from './app-transactions.ts'
import { controlOf, settingScope } from './control.ts'
import { ALREADY_SENT, CANCELED, SPOILT, unlessOurs } from './failures.ts'
import { Line, type Reach } from './line.ts'
import type { Visit } from './visit.ts'
import { WritingTurn } from './writing-turn.ts'

/** What an application's connection wants to have answered. */
interface Work {
  readonly bytes: Buffer
  readonly text: string
  /** The same, for when it has to be done once more. */
  readonly again: () => Buffer
}

/** The tags of statements that write nothing by themselves. */
const READS = /^(?:SELECT|SHOW|FETCH|SET|RESET|DISCARD|CLOSE|DECLARE|LISTEN|UNLISTEN|DEALLOCATE|EXPLAIN)/

/** `with x as (insert ...) select` is a SELECT to the server. */
const MAY_WRITE = /\b(?:insert|update|delete|merge)\b/i

/**
 * One database, as the connections of an application see it during a test: all of them are led to one connection of the server's, in one transaction, and each of their own
 * transactions is a savepoint in it.
 */
export class SharedDatabase {
  readonly visits = new Set<Visit>()
  readonly #line: Line
  readonly #turn: WritingTurn
  readonly #transactions: AppTransactions

  /** @param deadlockMs - how long a transaction may do nothing while another one waits for it */
  constructor(reach: Reach, deadlockMs: number) {
    this.#line = new Line(reach)
    this.#turn = new WritingTurn(deadlockMs)
    this.#transactions = new AppTransactions(this.#line, this.#turn)
  }

  /** What a server says to everybody who connects. */
  get reported(): Line['reported'] {
    return this.#line.reported
  }

  get pid(): number {
    return this.#line.pid
  }

  // ---- tests ----

  async begin(): Promise<void> {
    await this.#line.begin(this.visits)
  }

  /**
   * A test ends, and with it all that was done. What the application has not come to the end of is cut off.
   *
   * @throws TestReplayError
   */
  async end(): Promise<void> {
    for (const visit of this.visits) visit.stopWaiting?.(new TestNotRunningError())
    await this.#line.quiet()
    for (const visit of this.visits) {
      if (visit.transaction === undefined) continue
      visit.transaction.failed = true
      if (visit.transaction.begun) visit.destroy()
      visit.transaction.begun = false // the server has forgotten it
    }
    this.#turn.giveUp()
    const [problem] = this.#transactions.takeProblems()
    await this.#line.rollBack()
    if (problem !== undefined) throw problem
  }

  /** Gives the connection up. */
  close(): void {
    this.#line.close()
  }

  // ---- what the application's connections say ----

  /** Answers a text, but for errors, which are returned. */
  async query(visit: Visit, text: string): Promise<Failure | undefined> {
    return await this.#turn.during(visit, async () => await this.#query(visit, text))
  }

  /** The same of messages that go together, and are no transaction control. */
  async ask(visit: Visit, work: Work): Promise<Failure | undefined> {
    return await this.#turn.during(visit, async () => await this.#answer(visit, work))
  }

  async #query(visit: Visit, text: string): Promise<Failure | undefined> {
    const statements = statementsIn(text)
    const together = statements.every((statement) => controlOf(statement) === 'other')
    for (const statement of together ? [text] : statements) {
      const control = together ? 'other' : controlOf(statement)
      const failure = await (control === 'other' ? this.#answer(visit, { bytes: query(statement), text: statement, again: () => query(statement) }) : this.#transactions.control(visit, control, statement))
      if (failure !== undefined) return failure
    }
    return undefined
  }

  /** In a savepoint of its own: an error spoils nothing but that. */
  async #answer(visit: Visit, work: Work): Promise<Failure | undefined> {
    if (visit.transaction?.failed === true) return SPOILT
    const failure = await unlessOurs(async () => {
      await this.#transactions.enter(visit)
      return await this.#line.inTurn(async () => await this.#run(visit, work), visit)
    })
    if (failure !== undefined && visit.transaction !== undefined) visit.transaction.failed = true
    return failure
  }

  async #run(visit: Visit, { bytes, text, again }: Work): Promise<Failure | undefined> {
    const { transaction } = visit
    const { settings } = transaction ?? visit
    const readOnly = transaction?.readOnly ?? visit.readsOnly
    let writes = !readOnly && MAY_WRITE.test(text)
    let refused: Message | undefined
    const heard = (answer: Message): void => {
      if (answer.type === 'C') writes ||= !readOnly && !READS.test(answer.bytes.toString('latin1', 5))
      if (answer.type === 'E') refused = answer
      else visit.send(answer.bytes)
    }
    const failure = await this.#line.attempt(settings, readOnly, { bytes, heard }, async () => (writes && transaction === undefined ? await this.#line.check() : undefined))
    if (refused !== undefined) {
      visit.send(refused.bytes) // with all that the server says of it
      return ALREADY_SENT
    }
    if (failure !== undefined) return failure
    if (/\bdeferrable\b/i.test(text)) this.#line.expectDeferrable()
    if (writes) this.#turn.current?.wrote({ bytes: again(), settings, own: transaction !== undefined })
    await this.#learnSettings(visit, text, bytes)
    return undefined
  }

  /** A statement may have changed settings, for its transaction or for all that follow. */
  async #learnSettings(visit: Visit, text: string, bytes: Buffer): Promise<void> {
    const scope = settingScope(text)
    if (scope === undefined) return
    const settings = await this.#line.learn(bytes)
    const { transaction } = visit
    if (transaction !== undefined) transaction.settings = settings
    if (scope === 'transaction') return
    if (transaction === undefined) visit.settings = settings
    else transaction.kept = settings
  }

  // ---- beside the statements ----

  copy(visit: Visit, bytes: Buffer): void {
    if (this.#line.running === visit) this.#line.tell(bytes)
  }

  /** @param key - the secret of the connection whose statement is to be stopped */
  async cancel(key: number): Promise<void> {
    const visit = [...this.visits].find((other) => other.key === key)
    if (visit?.stopWaiting !== undefined) visit.stopWaiting(Object.assign(new Error('canceling statement due to user request'), { code: CANCELED }))
    else if (visit !== undefined) await this.#line.stop(visit)
  }

  /**
   * A connection of the application's has ended.
   *
   * @param names - of what it has prepared
   */
  async left(visit: Visit, names: readonly string[]): Promise<void> {
    this.visits.delete(visit)
    await this.#turn.during(visit, async () => await this.#transactions.undo(visit, Infinity))
    const close = names.map((name) => message('C', Buffer.from('S'), name))
    if (close.length > 0) await this.#line.inTurn(async (server) => await server.exchange({ bytes: Buffer.concat([...close, sync]) }))
  }
}
