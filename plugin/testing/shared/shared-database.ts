import { TestDeadlockError, TestNotRunningError, TestReplayError, type SqlAssistError } from '../../../orm/errors.ts'
import { statementsIn } from '../../../orm/postgres/statement-heads.ts'
import { complete, type Failure, message, type Message, query, sync } from '../wire/messages.ts'
import type { ServerConnection } from '../wire/server-connection.ts'
import { accessMode, controlOf, savepointName, settingScope } from './control.ts'
import { currentSettings, inventedSettings, type Settings, settingsSwitch } from './settings.ts'
import { AppTransaction, type Beside } from './transaction.ts'
import { ALREADY_SENT, CANCELED, NO_TWO_PHASE, SPOILT } from './failures.ts'
import type { Visit } from './visit.ts'

/** What an application's connection wants to have answered. */
interface Work {
  readonly bytes: Buffer
  readonly text: string
  /** The same, for when it has to be done once more. */
  readonly again: () => Buffer
}

const TRANSACTION = 'sqlassist_transaction'
const STATEMENT = 'sqlassist_statement'

const goneBack = (name: string): string => `rollback to savepoint ${name};release savepoint ${name};`

/** What the server says to everybody who connects, as far as clients look at it. */
const REPORTED = `select name, setting from pg_settings where name in ('server_version', 'server_encoding', 'client_encoding', 'DateStyle', 'IntervalStyle', 'TimeZone',
  'integer_datetimes', 'standard_conforming_strings', 'default_transaction_read_only', 'in_hot_standby', 'is_superuser', 'session_authorization')`

/** Nothing may end the transaction of a test but its end. */
const NO_LIMITS = `select set_config(name, '0', false) from pg_settings where name in ('idle_in_transaction_session_timeout', 'transaction_timeout')`

const DEFERRED = `select string_agg(distinct format('%I.%I', nspname, conname), ', ') filter (where condeferred), count(*)
  from pg_constraint join pg_namespace n on n.oid = connamespace where condeferrable`

const NO_SETTINGS: Settings = new Map()

/** How many rows a statement has changed stands in its tag. */
const WRITES = /^(?!SELECT|SHOW|FETCH|SET|RESET|DISCARD|CLOSE|DECLARE|LISTEN|UNLISTEN|DEALLOCATE|EXPLAIN)/

/**
 * One database, as the connections of an application see it during a test: all of them are led to one connection of the server's, in one transaction, and each of their own
 * transactions is a savepoint in it.
 */
export class SharedDatabase {
  readonly visitors = new Set<Visit>()
  reported: (readonly [string, string])[] = []
  readonly #deadlockMs: number
  readonly #connect: () => Promise<ServerConnection>
  readonly #cancel: (server: ServerConnection) => Promise<void>
  #server: ServerConnection | undefined
  /** How many tests are running, of which each is part of the one before. */
  #depth = 0
  #turn: Promise<unknown> = Promise.resolve()
  /** What is to be said before the next statement: it costs no round trip of its own. */
  #prefix = ''
  #usual: Settings = NO_SETTINGS
  #applied: Settings = NO_SETTINGS
  readonly #invented = new Set<string>()
  #deferred: string | undefined
  #deferrable = false
  #holder: Visit | undefined
  #released = Promise.withResolvers<void>()
  #running: Visit | undefined
  #canceling: Promise<void> | undefined
  #lastHeard = 0
  #problems: Error[] = []

  /**
   * @param connect - makes a connection to the server
   * @param cancel - asks the server to stop what that runs
   * @param deadlockMs - how long a transaction may do nothing while another one waits for it
   */
  constructor(connect: () => Promise<ServerConnection>, cancel: (server: ServerConnection) => Promise<void>, deadlockMs: number) {
    this.#connect = connect
    this.#cancel = cancel
    this.#deadlockMs = deadlockMs
  }

  get pid(): number {
    return this.#server?.client.processID ?? 0
  }

  // ---- tests ----

  /** A test begins. */
  async begin(): Promise<void> {
    if (this.#depth > 0) {
      await this.#inTurn(async (server) => await server.rows(`${this.#prefixed()}savepoint sqlassist_test_${this.#depth}`))
      this.#depth++
      return
    }
    const server = await this.#connected()
    await server.rows('begin')
    const [row] = await server.rows(DEFERRED)
    this.#deferred = row![0] ?? undefined
    this.#deferrable = row![1] !== '0'
    this.#applied = this.#usual
    this.#depth = 1
  }

  async #connected(): Promise<ServerConnection> {
    if (this.#server !== undefined && this.#server.lost === undefined) return this.#server
    const server = (this.#server = await this.#connect())
    await server.rows(NO_LIMITS)
    this.#usual = await currentSettings(server, this.#invented)
    this.reported = (await server.rows(REPORTED)) as [string, string][]
    for (const { prepared } of this.visitors) await server.exchange({ bytes: Buffer.concat([...prepared, sync]) }) // was on the old one
    return server
  }

  /** It ends, and with it all that was done. What the application has not come to the end of is cut off. */
  async end(): Promise<void> {
    if (this.#depth === 0) return
    const depth = --this.#depth
    for (const visitor of this.visitors) visitor.stopWaiting?.(new TestNotRunningError())
    if (this.#running !== undefined) await this.cancel(this.#running.key)
    await this.#turn
    for (const visitor of this.visitors) if (visitor.transaction !== undefined) visitor.destroy()
    for (const visitor of this.visitors) visitor.transaction = undefined
    this.#release()
    this.#prefix = ''
    const problems = this.#problems.splice(0)
    await this.#server?.rows(depth > 0 ? goneBack(`sqlassist_test_${depth}`) : 'rollback')
    this.#applied = this.#usual
    if (problems.length > 0) throw problems[0]
  }

  /** Gives the connection up. */
  close(): void {
    this.#server?.end()
  }

  // ---- what the application's connections say ----

  /** Answers a text, but for errors, which are returned. */
  async query(visitor: Visit, text: string): Promise<Failure | undefined> {
    const statements = statementsIn(text)
    if (statements.every((statement) => controlOf(statement) === 'other')) return await this.run(visitor, { bytes: query(text), text, again: () => query(text) })
    for (const statement of statements) {
      const failure = await this.#queryOne(visitor, statement)
      if (failure !== undefined) return failure
    }
    return undefined
  }

  async #queryOne(visitor: Visit, text: string): Promise<Failure | undefined> {
    const { transaction } = visitor
    switch (controlOf(text)) {
      case 'begin': return this.#beginTransaction(visitor, text)
      case 'commit': return await (transaction?.failed === true ? this.#rollback(visitor) : this.#commit(visitor))
      case 'rollback': return await this.#rollback(visitor)
      case 'set transaction': return this.#setTransaction(visitor, text)
      case 'savepoint': case 'release': case 'rollback to': return await this.#savepoint(visitor, text)
      case 'two-phase': return NO_TWO_PHASE
      default: return await this.run(visitor, { bytes: query(text), text, again: () => query(text) })
    }
  }

  /** Answers what is no transaction control, in a savepoint of its own: an error spoils nothing but that. */
  async run(visitor: Visit, work: Work): Promise<Failure | undefined> {
    if (visitor.transaction?.failed === true) return SPOILT
    const failure = await this.#unlessOver(async () => {
      await this.#enter(visitor)
      return await this.#inTurn(async (server) => await this.#run(server, visitor, work), visitor)
    })
    if (failure !== undefined && visitor.transaction !== undefined) visitor.transaction.failed = true
    return failure
  }

  async #run(server: ServerConnection, visitor: Visit, { bytes, text, again }: Work): Promise<Failure | undefined> {
    const { transaction } = visitor
    const settings = this.#wanted(transaction?.settings ?? visitor.settings)
    const readOnly = transaction?.readOnly ?? visitor.readsOnly
    let writes = /\b(?:insert|update|delete|merge)\b/i.test(text)
    const heard = (answer: Message): void => {
      if (answer.type === 'C' && WRITES.test(answer.bytes.toString('latin1', 5))) writes = true
      if (answer.type !== 'E') visitor.send(answer.bytes)
      else failed = answer
    }
    let failed: Message | undefined
    const before = query(`${this.#prefixed(settings)}savepoint ${STATEMENT}${readOnly ? ';set transaction read only' : ''}`)
    const [broken, failure] = await server.exchange({ bytes: before }, { bytes, heard })
    this.#prefix = failure === undefined ? `release savepoint ${STATEMENT};` : goneBack(STATEMENT)
    if (broken !== undefined) throw new Error(broken.message)
    if (failed !== undefined) visitor.send(failed.bytes) // with all that the server says of it
    if (failure !== undefined) return ALREADY_SENT
    if (/\bdeferrable\b/i.test(text)) this.#deferrable = true
    if (readOnly) return await this.#learnSettings(server, visitor, text, bytes)
    if (transaction === undefined && writes) {
      this.#prefix = '' // it can still be undone
      const unkept = await this.#check(server)
      this.#prefix = unkept === undefined ? `release savepoint ${STATEMENT};` : goneBack(STATEMENT)
      if (unkept !== undefined) return unkept
    }
    const around = this.#holder?.transaction
    if (writes && this.#holder !== visitor && around?.begun === true) around.beside.push({ bytes: again(), settings })
    return await this.#learnSettings(server, visitor, text, bytes)
  }

  /** A statement may have changed settings, for its transaction or for all that follow. */
  async #learnSettings(server: ServerConnection, visitor: Visit, text: string, bytes: Buffer): Promise<undefined> {
    const scope = settingScope(text)
    if (scope === undefined) return undefined
    for (const name of inventedSettings(bytes)) this.#invented.add(name)
    await server.exchange({ bytes: query(this.#prefixed()) })
    this.#applied = await currentSettings(server, this.#invented)
    const { transaction } = visitor
    if (transaction === undefined) {
      if (scope === 'session') visitor.settings = this.#applied
      return undefined
    }
    transaction.settings = this.#applied
    if (scope === 'session') transaction.kept = this.#applied
    return undefined
  }

  /** Looks at what a commit would look at. What it has found wrong is undone by whoever asks. */
  async #check(server: ServerConnection): Promise<Failure | undefined> {
    if (!this.#deferrable) return undefined
    const again = this.#deferred === undefined ? '' : `;set constraints ${this.#deferred} deferred`
    const [failure] = await server.exchange({ bytes: query(`${this.#prefixed()}set constraints all immediate${again}`) })
    return failure
  }

  // ---- transactions of the application ----

  #beginTransaction(visitor: Visit, text: string): undefined {
    const readOnly = accessMode(text) === undefined ? visitor.readsOnly : accessMode(text) === 'only'
    visitor.transaction ??= new AppTransaction(readOnly, visitor.settings)
    visitor.send(complete('BEGIN'))
  }

  /** How isolated it is has been decided by the test's. */
  #setTransaction(visitor: Visit, text: string): undefined {
    const { transaction } = visitor
    const mode = accessMode(text)
    if (transaction !== undefined && mode !== undefined) transaction.readOnly = mode === 'only'
    visitor.send(complete('SET'))
  }

  /** Sees to it that the server has the transaction of a connection that writes in one: one at a time. */
  async #enter(visitor: Visit): Promise<void> {
    const { transaction } = visitor
    if (transaction === undefined || transaction.readOnly || transaction.begun) return
    while (this.#holder !== undefined) await this.#waitForHolder(visitor)
    if (this.#depth === 0) throw new TestNotRunningError()
    this.#holder = visitor
    this.#lastHeard = performance.now()
    await this.#inTurn(async () => {
      transaction.applied = this.#applied
      transaction.begun = true
      this.#prefix += `savepoint ${TRANSACTION};`
    }, visitor)
  }

  async #waitForHolder(visitor: Visit): Promise<void> {
    const { promise: failed, reject } = Promise.withResolvers<never>()
    const patience = setInterval(() => {
      if (this.#running !== this.#holder && performance.now() - this.#lastHeard > this.#deadlockMs) reject(new TestDeadlockError(this.#deadlockMs))
    }, Math.min(this.#deadlockMs / 4, 50))
    visitor.stopWaiting = reject
    try {
      await Promise.race([this.#released.promise, failed])
    } finally {
      clearInterval(patience)
      visitor.stopWaiting = undefined
    }
  }

  #release(): void {
    this.#holder = undefined
    this.#released.resolve()
    this.#released = Promise.withResolvers()
  }

  async #commit(visitor: Visit): Promise<Failure | undefined> {
    const { transaction } = visitor
    const failure = transaction?.begun !== true ? undefined : await this.#unlessOver(async () => await this.#inTurn(async (server) => {
      const unkept = await this.#check(server)
      if (unkept === undefined) this.#prefix += `release savepoint ${TRANSACTION};`
      return unkept
    }, visitor))
    if (failure !== undefined) return (await this.#undo(visitor)) ?? failure
    visitor.settings = transaction?.kept ?? visitor.settings
    this.#over(visitor)
    visitor.send(complete('COMMIT'))
    return undefined
  }

  async #rollback(visitor: Visit): Promise<Failure | undefined> {
    const failure = await this.#undo(visitor)
    if (failure === undefined) visitor.send(complete('ROLLBACK'))
    return failure
  }

  async #undo(visitor: Visit): Promise<Failure | undefined> {
    const { transaction } = visitor
    const failure = transaction?.begun !== true ? undefined : await this.#unlessOver(async () => await this.#inTurn(async (server) => {
      this.#prefix += goneBack(TRANSACTION)
      this.#applied = transaction.applied!
      await this.#doAgain(server, transaction.beside)
      return undefined
    }))
    this.#over(visitor)
    return failure
  }

  #over(visitor: Visit): void {
    visitor.transaction = undefined
    if (this.#holder === visitor) this.#release()
  }

  async #savepoint(visitor: Visit, text: string): Promise<Failure | undefined> {
    const { transaction } = visitor
    const [control, name] = [controlOf(text), savepointName(text)]
    if (transaction === undefined) return { code: '25P01', message: `${control.toUpperCase()} can only be used in transaction blocks` }
    if (transaction.failed && control !== 'rollback to') return SPOILT
    if (control !== 'savepoint' && !transaction.has(name)) {
      transaction.failed = true
      return { code: '3B001', message: `savepoint "${name}" does not exist` }
    }
    const failure = await this.#unlessOver(async () => {
      await this.#enter(visitor)
      return await this.#inTurn(async (server) => {
        if (transaction.begun) this.#prefix += `${text};`
        if (control === 'savepoint') transaction.save(name, this.#applied)
        else if (control === 'release') transaction.release(name)
        else {
          const { applied, beside } = transaction.goBack(name)
          this.#applied = transaction.begun ? applied : this.#applied
          await this.#doAgain(server, beside)
        }
        return undefined
      }, visitor)
    })
    if (failure !== undefined) transaction.failed = true
    else visitor.send(complete(control === 'rollback to' ? 'ROLLBACK' : control.toUpperCase()))
    return failure
  }

  /** Others have written something meanwhile, which a rollback of this transaction does not concern. */
  async #doAgain(server: ServerConnection, beside: readonly Beside[]): Promise<void> {
    for (const { bytes, settings } of beside) {
      const before = query(`${this.#prefixed(settings)}savepoint ${STATEMENT}`)
      const [, refused] = await server.exchange({ bytes: before }, { bytes })
      const failure = refused ?? (await this.#check(server))
      this.#prefix = failure === undefined ? `release savepoint ${STATEMENT};` : goneBack(STATEMENT)
      if (failure !== undefined) this.#problems.push(new TestReplayError(failure.message))
    }
  }

  // ---- one at a time ----

  async #inTurn<T>(work: (server: ServerConnection) => Promise<T>, visitor?: Visit): Promise<T> {
    const turn = this.#turn.then(async () => {
      if (this.#depth === 0) throw new TestNotRunningError()
      this.#running = visitor
      try {
        return await work(this.#server!)
      } finally {
        await this.#canceling
        this.#running = undefined
        if (visitor === this.#holder) this.#lastHeard = performance.now()
      }
    })
    this.#turn = turn.catch(() => {})
    return await turn
  }

  /** Errors of ours are told as the server tells its own. */
  async #unlessOver(work: () => Promise<Failure | undefined>): Promise<Failure | undefined> {
    try {
      return await work()
    } catch (error) {
      const { code, message: text } = error as Partial<SqlAssistError> & Error
      if (code?.startsWith('SQLASSIST_') !== true && code !== CANCELED) throw error
      return { code, message: text }
    }
  }

  #prefixed(settings: Settings = this.#applied): string {
    const prefix = this.#prefix + settingsSwitch(this.#applied, settings)
    this.#prefix = ''
    this.#applied = settings
    return prefix
  }

  #wanted(settings: Settings): Settings {
    return settings.size === 0 ? this.#usual : new Map([...this.#usual, ...settings])
  }

  // ---- beside the statements ----

  copy(visitor: Visit, bytes: Buffer): void {
    if (this.#running === visitor) this.#server?.write(bytes)
  }

  /** @param key - the secret of the connection whose statement is to be stopped */
  async cancel(key: number): Promise<void> {
    const visitor = [...this.visitors].find((other) => other.key === key)
    if (visitor?.stopWaiting !== undefined) visitor.stopWaiting(Object.assign(new Error('canceling statement due to user request'), { code: CANCELED }))
    else if (visitor !== undefined && this.#running === visitor) await (this.#canceling = this.#cancel(this.#server!).catch(() => {}).finally(() => (this.#canceling = undefined)))
  }

  /** A connection of the application's has ended. */
  async left(visitor: Visit, prepared: readonly string[]): Promise<void> {
    this.visitors.delete(visitor)
    await this.#undo(visitor)
    if (this.#depth === 0 || prepared.length === 0) return
    await this.#inTurn(async (server) => await server.exchange({ bytes: Buffer.concat([...prepared.map((name) => message('C', Buffer.from('S'), name)), sync]) }))
  }
}
