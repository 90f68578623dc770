import { settlesWithin } from '../../../orm/bounded.ts'
import { TestNotRunningError } from '../../../orm/errors.ts'
import { type Failure, query, sync } from '../wire/messages.ts'
import type { Part, ServerConnection } from '../wire/server-connection.ts'
import { currentSettings, inventedSettings, type Settings, settingsSwitch } from './settings.ts'
import type { Visit } from './visit.ts'

const STATEMENT = 'sqlassist_statement'

/** How long what was stopped may take to end before it is stopped once more, in ms. */
const STOP_AGAIN_MS = 100

/** What the server says to everybody who connects, as far as clients look at it. */
const REPORTED = `select name, setting from pg_settings where name in ('server_version', 'server_encoding', 'client_encoding', 'DateStyle', 'IntervalStyle', 'TimeZone',
  'integer_datetimes', 'standard_conforming_strings', 'default_transaction_read_only', 'in_hot_standby', 'is_superuser', 'session_authorization')`

/** Nothing may end the transaction of a test but its end. */
const NO_LIMITS = `select set_config(name, '0', false) from pg_settings where name in ('idle_in_transaction_session_timeout', 'transaction_timeout')`

const DEFERRED = `select string_agg(distinct format('%I.%I', nspname, conname), ', ') filter (where condeferred), count(*)
  from pg_constraint join pg_namespace n on n.oid = connamespace where condeferrable`

/** SQL that undoes what was done since a savepoint, and forgets that. */
export const goneBack = (savepoint: string): string => `rollback to savepoint ${savepoint};release savepoint ${savepoint};`

/** How the server is reached. */
export interface Reach {
  connect(): Promise<ServerConnection>
  /** Asks it to stop what a connection runs. */
  stop(server: ServerConnection): Promise<void>
}

/** The one connection to the server, on which one speaks at a time; and what is applied there: it is in a test's transaction, with somebody's settings. */
export class Line {
  reported: (readonly [string, string])[] = []
  readonly #reach: Reach
  #server: ServerConnection | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #running: Visit | undefined
  #stopping: Promise<void> | undefined
  /** What is to be said before the next statement: it costs no round trip of its own. */
  #prefix = ''
  #usual: Settings = new Map()
  #applied: Settings = this.#usual
  readonly #invented = new Set<string>()
  /** What was applied as each of the running tests began, each part of the one before. */
  readonly #tests: Settings[] = []
  /** Constraints that are looked at by a commit, and whether there are any that may be. */
  #deferred: string | undefined
  #deferrable = false

  constructor(reach: Reach) {
    this.#reach = reach
  }

  get pid(): number {
    return this.#server?.client.processID ?? 0
  }

  /** Whose statement runs. */
  get running(): Visit | undefined {
    return this.#running
  }

  get applied(): Settings {
    return this.#applied
  }

  /** @throws TestNotRunningError */
  assertTesting(): void {
    if (this.#tests.length === 0) throw new TestNotRunningError()
  }

  /** @param visits - who has prepared something on the connection before, where that was lost */
  async begin(visits: Iterable<Visit>): Promise<void> {
    if (this.#tests.length > 0) {
      await this.inTurn(async (server) => await server.rows(`${this.#prefixed()}savepoint sqlassist_test_${this.#tests.length}`))
    } else {
      const server = await this.#connected(visits)
      await server.rows('begin')
      const [row] = await server.rows(DEFERRED)
      this.#deferred = row![0] ?? undefined
      this.#deferrable = row![1] !== '0'
      this.#applied = this.#usual
    }
    this.#tests.push(this.#applied)
  }

  async #connected(visits: Iterable<Visit>): Promise<ServerConnection> {
    if (this.#server !== undefined && this.#server.lost === undefined) return this.#server
    const server = (this.#server = await this.#reach.connect())
    await server.rows(NO_LIMITS)
    this.#usual = await currentSettings(server, this.#invented)
    this.reported = (await server.rows(REPORTED)) as [string, string][]
    for (const { prepared } of visits) await server.exchange({ bytes: Buffer.concat([...prepared, sync]) })
    return server
  }

  /** Stops what runs, and sends nothing more. Resolves when it is quiet. */
  async quiet(): Promise<void> {
    this.#applied = this.#tests.pop()!
    // Again and again: the server forgets a request to stop that comes between two statements.
    do {
      if (this.#running !== undefined) await this.stop(this.#running)
    } while (!(await settlesWithin(this.#turn, STOP_AGAIN_MS)))
  }

  /** Undoes all that was done in the last test. */
  async rollBack(): Promise<void> {
    this.#prefix = ''
    await this.#server!.rows(this.#tests.length > 0 ? goneBack(`sqlassist_test_${this.#tests.length}`) : 'rollback')
  }

  close(): void {
    this.#server?.end()
  }

  // ---- one at a time ----

  async inTurn<T>(work: (server: ServerConnection) => Promise<T>, visit?: Visit): Promise<T> {
    const turn = this.#turn.then(async () => {
      this.assertTesting()
      this.#running = visit
      try {
        return await work(this.#server!)
      } finally {
        await this.#stopping
        this.#running = undefined
      }
    })
    this.#turn = turn.catch(() => {})
    return await turn
  }

  /** Says something with what comes next. */
  say(sql: string): void {
    this.#prefix += sql
  }

  /** The server goes back to the settings of a savepoint with it. */
  goesBack(name: string, applied: Settings): void {
    this.say(name)
    this.#applied = applied
  }

  /**
   * Sends a statement in a savepoint of its own.
   *
   * @param finish - what else must succeed before it is kept
   */
  async attempt(settings: Settings, readOnly: boolean, part: Part, finish: () => Promise<Failure | undefined>): Promise<Failure | undefined> {
    const before = query(`${this.#prefixed(this.#wanted(settings))}savepoint ${STATEMENT}${readOnly ? ';set transaction read only' : ''}`)
    const [broken, failed] = await this.#server!.exchange({ bytes: before }, part)
    if (broken !== undefined) throw new Error(broken.message)
    const failure = failed ?? (await finish())
    this.say(failure === undefined ? `release savepoint ${STATEMENT};` : goneBack(STATEMENT))
    return failure
  }

  /** Looks at the constraints that a commit would look at. What it has found wrong is undone by whoever asks. */
  async check(): Promise<Failure | undefined> {
    if (!this.#deferrable) return undefined
    const again = this.#deferred === undefined ? '' : `;set constraints ${this.#deferred} deferred`
    const [failure] = await this.#server!.exchange({ bytes: query(`${this.#prefixed()}set constraints all immediate${again}`) })
    return failure
  }

  /** A table may have got constraints that are looked at later. */
  expectDeferrable(): void {
    this.#deferrable = true
  }

  /** Asks which settings a statement has left. */
  async learn(statement: Buffer): Promise<Settings> {
    for (const name of inventedSettings(statement)) this.#invented.add(name)
    await this.#server!.exchange({ bytes: query(this.#prefixed()) })
    this.#applied = await currentSettings(this.#server!, this.#invented)
    return this.#applied
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

  /** Sends what belongs to the statement that runs, such as rows of a COPY. */
  tell(bytes: Buffer): void {
    this.#server!.write(bytes)
  }

  /** Has the server stop what somebody runs. Nothing else is sent before it has heard of it: it knows the connection, and not the statement. */
  async stop(visit: Visit): Promise<void> {
    if (this.#running !== visit) return
    this.#stopping ??= this.#reach.stop(this.#server!).catch(() => {}).finally(() => (this.#stopping = undefined))
    await this.#stopping
  }
}
