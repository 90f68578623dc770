import { setImmediate as turn } from 'node:timers/promises'
import type { CancelEvent } from '../events/events.ts'
import { timed } from '../events/tell.ts'
import { isWatched, ownStatement } from '../events/watch-query.ts'
import { settlesWithin } from '../bounded.ts'
import { CommitOutcomeUnknownError, ConnectionLostError, DatabaseReadonlyError, SessionClosedError, StatementTimeoutError, TransactionRolledBackError } from '../errors.ts'
import { runningSession } from '../sessions/running.ts'
import type { SessionState } from '../sessions/state.ts'
import { PREFIX } from '../transactions/two-phase/gid.ts'
import { Activity } from './activity.ts'
import { sendCancelRequest } from './cancel-request.ts'
import type { Checkout } from './checkout.ts'
import { ClientComments } from './client-comments.ts'
import { commit, isCommitError, learnWhetherServerTells } from './commit.ts'
import type { ClientHost, GuardedClient, ShortStatement } from './client-types.ts'
import { WHO_AM_I } from './commit-outcome.ts'
import { isOwnTransaction } from './own-transaction.ts'
import type { ClientClass, PgResult, Release } from './pg.ts'
import { ClientStatements } from './prepared/client-statements.ts'
import { isCanceled, isConnectionError, isReadOnlyTransaction, reasonOf, wasNeverSent } from './server-errors.ts'
import { kindOf, type StatementKind, wasRolledBack } from './statement-kind.ts'
import { TransactionFailure } from './transaction-failure.ts'
import { hasChanged, isSubmittable, textOf, watchCursor, watchedCallback, watchedSend } from './watch-client.ts'

/**
 * Sent like a statement, it gives a connection back: kysely does not, where a hook such as `onReserveConnection` throws, and says only to
 * its hooks which connection it was. It never reaches the server.
 */
export const GIVE_BACK = '-- fastify-sqlassist: give this connection back'

/** How two-phase commit prepares; what anybody else prepares is his own business. */
const PREPARES = `prepare transaction '${PREFIX}`

/** How kysely ends a transaction. */
const ENDS_TRANSACTION = /^(?:commit|rollback)$/i

/** How long a connection may take to answer after it was stopped, or to become clean, in ms. */
const SETTLE_MS = 500

/** DISCARD ALL, but for the prepared statements, which pg believes to be there. */
const RESET_SESSION = ownStatement(
  'reset session authorization; reset all; close all; unlisten *; select pg_advisory_unlock_all(); discard temp; discard sequences',
)

/** The settings by which a server says that it only reads; PostgreSQL 14 and later report them by themselves whenever they change. */
const SAY_READ_ONLY: ReadonlySet<string> = new Set(['in_hot_standby', 'default_transaction_read_only'])

/** Asks for nothing but an answer. */
const NOTHING = ownStatement('')

/**
 * pg's pool hands a client out by assigning its `release`; we stand in between. Beyond what {@link GuardedClient} says:
 * - a second release does nothing, where pg throws;
 * - a connection that dies while it is checked out is released, where kysely keeps the slot for ever (kysely#1990);
 * - one whose BEGIN or ROLLBACK fails is destroyed, for the same reason: kysely does not give it back either;
 * - a connection that comes back inside a transaction is destroyed. The server says so at the end of each answer: no round trip;
 * - a COMMIT that the server answers with a rollback is an error, and so is one whose answer is lost, unless the server can be asked.
 */
export function guardClient(Base: ClientClass, host: ClientHost): new (options: Record<string, unknown>) => GuardedClient {
  return class SqlAssistClient extends Base implements GuardedClient {
    readonly activity = new Activity()
    checkout: Checkout | undefined
    $place = -1
    #release: Release | undefined
    /** It is on its way into the pool, or lies there. */
    #givenBack = false
    /** How often it was handed out: tells whom what waits belongs to. */
    #handedOut = 0
    /** What was sent last, until it is answered. */
    #last: Promise<void> | undefined
    #stopping: Promise<void> | undefined
    #timedOut = false
    /** The server has taken a request to cancel: it is there, and the statement is what takes long. */
    #heard = false
    readonly #failure = new TransactionFailure(this.connection)
    #fate: Error | undefined
    /** Which of {@link SAY_READ_ONLY} are on. */
    readonly #readOnlyBy = new Set<string>()
    #gone = false
    /** The server was read-only when the transaction began. */
    #beganReadOnly = false
    /** The transaction was prepared, and is no longer the connection's: kysely does not know. */
    #prepared = false
    /** What the server has said to WHO_AM_I in this transaction. */
    #whoAmI: PgResult | undefined
    #hasChangedRows = false
    readonly #comments = new ClientComments()
    readonly #statements = new ClientStatements(this, host.names)

    constructor(options: Record<string, unknown>) {
      super(withConnectTimeout(options, host.connectTimeoutMs))
      this.connection.on('parameterStatus', ({ parameterName, parameterValue }: { parameterName: string; parameterValue: string }) => {
        if (!SAY_READ_ONLY.has(parameterName)) return
        if (parameterValue === 'on') this.#readOnlyBy.add(parameterName)
        else this.#readOnlyBy.delete(parameterName)
        if (parameterName === 'in_hot_standby' && parameterValue === 'on') host.sawStandby()
      })
      this.once('end', () => {
        this.#gone = true
        this.release(true)
      })
    }

    get #serverIsReadOnly(): boolean {
      return this.#readOnlyBy.size > 0
    }

    override query(...args: unknown[]): unknown {
      const [statement] = args
      const text = typeof statement === 'string' ? statement : (statement as { text?: unknown }).text
      if (typeof text === 'string' && typeof args.at(-1) !== 'function' && !isSubmittable(statement)) return this.#run(text, args)
      const send = (...what: unknown[]): unknown => super.query(...what)
      const asked = textOf(statement)
      if (isSubmittable(statement)) this.#assertHeld('other', this.#handedOut)
      const sent = this.#commented(args)
      if (!isSubmittable(statement)) return typeof args.at(-1) === 'function' ? watchedCallback(this, sent, args, send) : send(...sent)
      const told = isCursor(sent[0]) ? watchCursor(this, sent[0], asked) : undefined
      const submitted = super.query(...sent)
      if (isCursor(submitted)) this.#watchReads(submitted, told)
      return submitted
    }

    /** @see Sender */
    get engine(): string {
      return host.engine
    }

    /** @see Sender */
    get session(): SessionState | undefined {
      return this.checkout?.session
    }

    #send(...args: unknown[]): Promise<PgResult> {
      const named = this.#statements.named(args)
      const sent = this.#commented(named ?? args)
      const send = (...what: unknown[]): Promise<PgResult> => super.query(...what) as Promise<PgResult>
      return watchedSend(this, sent, args, () => (named === undefined ? send(...sent) : this.#statements.send(sent, send)))
    }

    #commented(args: unknown[]): unknown[] {
      return host.comments === undefined ? args : this.#comments.add(host.comments, this.session?.whose, args)
    }

    askShortly(session: SessionState, { text, values, isTransaction }: ShortStatement, done: (error: unknown, answer?: PgResult) => void): boolean {
      // What somebody wants to hear of, or what has to wait, goes the general way.
      if (this.#last !== undefined || this.#stopping !== undefined || this.#givenBack || session.closed || this.checkout?.session !== session) return false
      if (host.readAgain !== undefined || host.comments !== undefined || isWatched()) return false
      const sent = this.#statements.ask(text, values, (query) => void super.query(query), (error, answer) => {
        if (answer === undefined) void this.#refused(error, session, isTransaction, done)
        else {
          this.activity.answered()
          done(undefined, answer)
        }
      })
      if (sent) this.#sent('other')
      return sent
    }

    async #refused(error: unknown, session: SessionState, isTransaction: boolean, done: (error: unknown) => void): Promise<void> {
      const explained = await this.#inOurWords('other', error, session, isTransaction)
      this.activity.answered()
      done(explained)
    }

    async askOnce(...args: readonly unknown[]): Promise<unknown> {
      return await this.#run(textOf(args[0]), [...args], false)
    }

    async #run(text: string, args: unknown[], mayMove: boolean = host.readAgain !== undefined): Promise<unknown> {
      if (text === GIVE_BACK) {
        this.release(true)
        return { rows: [] } // kysely takes it for an answer
      }
      const handedOut = this.#handedOut
      return await this.#inTurn(async () => await (mayMove ? this.#runSomewhere(text, args, handedOut) : this.#runNow(text, args, handedOut)))
    }

    async exclusively<T>(work: (ask: (...statement: readonly unknown[]) => Promise<unknown>) => Promise<T>): Promise<T> {
      const handedOut = this.#handedOut
      return await this.#inTurn(async () => await work(async (...args) => await this.#runNow(textOf(args[0]), [...args], handedOut)))
    }

    async #inTurn<T>(run: () => Promise<T>): Promise<T> {
      const before = this.#last
      const { promise: answered, resolve } = Promise.withResolvers<void>()
      this.#last = answered
      try {
        // After a COMMIT or a ROLLBACK it takes kysely a moment to give the connection back.
        if (before !== undefined) await before.then(async () => await turn())
        return await run()
      } finally {
        if (this.#last === answered) this.#last = undefined
        resolve()
      }
    }

    /** What reads, and is in no transaction, can be answered by another server as well. */
    async #runSomewhere(text: string, args: unknown[], handedOut: number): Promise<unknown> {
      const session = this.checkout?.session
      const movable = this.getTransactionStatus?.() === 'I' && kindOf(text) === 'other'
      try {
        return await this.#runNow(text, args, handedOut)
      } catch (error) {
        if (!movable || session?.closed === true || !mayBeAnsweredElsewhere(error)) throw error
        return await host.readAgain!(session, args, error)
      }
    }

    /** One at a time: of what waits in pg's own queue one could not tell what runs, nor keep the rest back. */
    async #runNow(text: string, args: unknown[], handedOut: number): Promise<unknown> {
      if (this.#stopping !== undefined) await this.#stopping
      const kind = kindOf(text)
      this.#assertHeld(kind, handedOut)
      if (this.#prepared && ENDS_TRANSACTION.test(text)) {
        this.#prepared = false
        return { command: text.toUpperCase(), rows: [] } // the server would only warn
      }
      const send = async (...what: unknown[]): Promise<PgResult> => await this.#send(...what)
      if (this.#statements.mustAsk(args)) {
        await this.#answered('other', async () => await this.#statements.askWhere(send))
        await this.#stopping
        this.#assertHeld(kind, handedOut)
      }
      if (kind === 'begin') {
        this.activity.sent('begin') // the question may take no longer than what it comes before
        await learnWhetherServerTells(this, host, send).finally(() => this.activity.answered())
      }
      return await this.#answered(kind, async () => {
        const answer: PgResult | PgResult[] = await (kind === 'commit' || kind === 'script' ? this.#commit(kind, send, args) : send(...args))
        const commands = Array.isArray(answer) ? answer.map(({ command }) => command) : [answer.command]
        if (wasRolledBack(text, commands)) throw this.#rolledBack(kind === 'prepare' ? 'PREPARE TRANSACTION' : 'COMMIT')
        if (text.startsWith(PREPARES)) this.#prepared = true
        this.#statements.answered(text, commands)
        if (kind !== 'other') this.#forgetTransaction()
        else if (text === WHO_AM_I) this.#whoAmI = answer
        else if (!this.#hasChangedRows && this.inTransaction) this.#hasChangedRows = hasChanged(answer)
        return answer
      })
    }

    /** What is not known of a COMMIT must not be hidden by what comes after it: kysely rolls back, and reports the error of that. */
    async #commit(kind: StatementKind, send: (...args: unknown[]) => Promise<PgResult>, args: unknown[]): Promise<PgResult> {
      try {
        return await commit(kind, this, host, send, args, () => this.#fate, this.#whoAmI)
      } catch (error) {
        if (isCommitError(error)) this.#fate = error
        throw error
      }
    }

    /**
     * Refuses what comes too late: kysely sends what has waited for a transaction also after its end, when the connection may be in
     * somebody else's transaction; and a session that is over only rolls back, or ends a commit that was on its way.
     */
    #assertHeld(kind: StatementKind, handedOut: number): void {
      const session = this.checkout?.session
      const sender = runningSession()
      const foreign = session !== undefined && sender !== undefined && sender !== session && sender.engine.pool === host.front
      if (this.#givenBack || foreign || this.#handedOut !== handedOut) {
        throw new SessionClosedError(`The transaction of ${sender?.label ?? 'code outside of sessions'}`)
      }
      if (session?.closed !== true || kind === 'rollback') return
      if ((kind === 'commit' || kind === 'prepare') && session.transactions.undecided().length < session.transactions.size) return
      if (kind === 'begin') this.release(true) // kysely would lose it
      throw session.closedError()
    }

    /** Runs something that the server answers, and says what became of it in our words. */
    async #answered<T>(kind: StatementKind, send: () => Promise<T>): Promise<T> {
      const session = this.checkout?.session
      this.#sent(kind)
      let failed = false
      try {
        return await send()
      } catch (error) {
        failed = true
        throw await this.#inOurWords(kind, error, session)
      } finally {
        this.activity.answered()
        if (failed && (kind === 'begin' || kind === 'rollback')) this.release(true)
      }
    }

    #sent(kind: StatementKind): void {
      // A transaction that has begun on a standby stays read-only when that is promoted.
      if (this.getTransactionStatus?.() === 'I') this.#beganReadOnly = this.#serverIsReadOnly
      this.activity.sent(kind)
      this.#timedOut = this.#heard = false
    }

    async #inOurWords(kind: StatementKind, error: unknown, session: SessionState | undefined, isTransaction = isOwnTransaction()): Promise<unknown> {
      if (kind === 'other' && isTransaction && isConnectionError(error) && !wasNeverSent(error)) {
        return new CommitOutcomeUnknownError(host.engine, reasonOf(this.#fate ?? error), { cause: this.#fate ?? error })
      }
      // The server sends the error first, and then whether it is read-only.
      if (isReadOnlyTransaction(error) && !host.readonly) await settlesWithin(this.#ready(), SETTLE_MS)
      const explained = this.#explain(error)
      return session?.closed === true && kind === 'other' ? session.explain(explained) : explained
    }

    #explain(error: unknown): unknown {
      if (isCommitError(error)) return error
      if (this.#fate !== undefined) return this.#fate
      if (this.#timedOut && isCanceled(error)) return new StatementTimeoutError(host.engine, host.limits.statementTimeoutMs, { cause: error })
      if (isReadOnlyTransaction(error) && !host.readonly && (this.#beganReadOnly || this.#serverIsReadOnly)) {
        host.distrustIdle(true)
        this.#fate = new DatabaseReadonlyError(host.engine, { cause: error })
        return this.#fate
      }
      return isConnectionError(error) ? new ConnectionLostError(host.engine, reasonOf(error), { cause: error }) : error
    }

    #rolledBack(statement: string): Error {
      return new TransactionRolledBackError(host.engine, statement, { cause: this.#failure.last })
    }

    #forgetTransaction(): void {
      this.#whoAmI = undefined
      this.#hasChangedRows = false
    }

    get hasChangedRows(): boolean {
      return this.#hasChangedRows
    }

    get inTransaction(): boolean {
      const status = this.getTransactionStatus?.()
      return status === 'T' || status === 'E'
    }

    get spoiltBy(): unknown {
      return this.#failure.current
    }

    #watchReads(cursor: Cursor, told: ReturnType<typeof watchCursor>): void {
      const [read, close] = [cursor.read.bind(cursor), cursor.close.bind(cursor)]
      let rows = 0
      cursor.read = async (...args) => {
        try {
          const some = await this.#answered('other', async () => await this.#unlessGone(read(...args)))
          rows += some.length
          return some
        } catch (error) {
          told?.({ rows, error })
          throw error
        }
      }
      cursor.close = async () => {
        told?.({ rows })
        if (this.#gone || this.readyForQuery === true) return // where the statement has failed, pg-cursor would wait for one answer too many
        this.activity.sent('rollback') // may take no longer than one
        await this.#unlessGone(close()).catch(() => {}).finally(() => this.activity.answered())
      }
    }

    /** pg-cursor forgets who waits where the connection ends just before the server has said that it is ready, or while it is closed. */
    async #unlessGone<T>(answer: Promise<T>): Promise<T> {
      const { promise: gone, reject } = Promise.withResolvers<never>()
      const lost = (): void => reject(this.#fate ?? new Error('Connection terminated unexpectedly'))
      this.once('end', lost)
      return await Promise.race([answer, gone]).finally(() => this.off('end', lost))
    }

    async stop(): Promise<void> {
      if (this.activity.stoppable) this.#stopping ??= this.#stop().finally(() => (this.#stopping = undefined))
      await this.#stopping
    }

    async #stop(): Promise<void> {
      const { session, processID: pid, engine } = this
      const reason: CancelEvent['reason'] = this.#timedOut ? 'statementTimeoutMs' : 'the session has ended'
      await timed('sqlassist:cancel', session?.whose, async () => await this.#cancel(), () => ({ engine, session: session?.id, pid: pid ?? undefined, reason }))
    }

    async #cancel(): Promise<void> {
      try {
        await sendCancelRequest(this, host.connectionOptions)
        this.#heard = true
        // Only from here on is it certain that no cancellation is on its way any more.
        const answer = this.#send(NOTHING).catch((error: unknown) => {
          if (!isCanceled(error)) throw error
        })
        if (!(await settlesWithin(answer, SETTLE_MS))) throw new Error('no answer after a request to cancel')
      } catch (cause) {
        this.destroy(this.#timedOut && this.#heard ? new StatementTimeoutError(host.engine, host.limits.statementTimeoutMs, { cause }) : new ConnectionLostError(host.engine, reasonOf(cause), { cause }))
      }
    }

    enforceLimits(): void {
      const overdueMs = this.activity.overdueBy(host.limits, this.checkout?.session !== undefined)
      if (overdueMs < 0) return
      if (this.activity.stoppable && !this.#timedOut) {
        this.#timedOut = true
        void this.stop()
      } else if (!this.activity.stoppable || overdueMs > SETTLE_MS) {
        host.distrustIdle() // what is idle goes to the same server, and nobody has heard of it since
        this.destroy(this.activity.stoppable && this.#heard ? new StatementTimeoutError(host.engine, host.limits.statementTimeoutMs) : new ConnectionLostError(host.engine, 'the server does not answer'))
      }
    }

    destroy(reason: Error): void {
      this.#fate ??= reason
      this.connection.stream.destroy()
      this.release(true)
    }

    /** A server that is frozen does not close its side, and the socket would keep the process alive. */
    override end(...args: never[]): Promise<void> {
      const cut = setTimeout(() => this.connection.stream.destroy(), SETTLE_MS).unref()
      this.once('end', () => clearTimeout(cut))
      return super.end(...args)
    }

    get givenBack(): boolean {
      return this.#givenBack
    }

    override get release(): Release {
      return this.#giveBack
    }

    override set release(release: Release) {
      this.#release = release
      this.#givenBack = this.#prepared = false
      this.#forgetTransaction()
      this.#handedOut++
      this.#last = undefined // whoever waits still is refused, and nobody need wait for that
      this.activity.touched()
      host.acquired(this)
    }

    readonly #giveBack: Release = (destroy) => {
      const release = this.#release
      if (release === undefined) return
      this.#release = undefined
      this.#givenBack = !destroy
      if (destroy || this.connection.stream.destroyed) this.#leave(release, true)
      else if (this.#stopping === undefined && this.readyForQuery === true && host.resetOnRelease === 'transaction') this.#leave(release, this.#isDirty())
      else void this.#settle().then((clean) => this.#leave(release, !clean))
    }

    #leave(release: Release, destroy: boolean): void {
      const destroyed = destroy || this.#fate !== undefined
      host.returned(this, destroyed)
      release(destroyed)
    }

    #isDirty(): boolean {
      if (!this.inTransaction) return false
      host.warn(this, 'A connection came back inside a transaction and is destroyed')
      return true
    }

    /** pg tells of an error before the server has said that it is ready; and to clear the session takes a round trip. */
    async #settle(): Promise<boolean> {
      try {
        if (!(await settlesWithin(this.#ready(), SETTLE_MS))) throw new Error('it is not ready')
        if (this.#gone || this.#isDirty()) return false
        if (host.resetOnRelease === 'transaction' || (await settlesWithin(this.#send(RESET_SESSION), SETTLE_MS))) return true
        throw new Error('it was not reset in time')
      } catch (cause) {
        this.destroy(new ConnectionLostError(host.engine, reasonOf(cause), { cause }))
        return false
      }
    }

    async #ready(): Promise<void> {
      await this.#stopping
      if (this.readyForQuery === true) return
      const drained = new Promise<void>((resolve) => this.once('drain', resolve))
      await this.#unlessGone(drained).catch(() => {})
    }
  }
}

/** The pool's own limit is for the wait as a whole. pg hides the password from a spread. */
const withConnectTimeout = (options: Record<string, unknown>, connectionTimeoutMillis: number): object => ({ ...options, password: options['password'], connectionTimeoutMillis })

interface Cursor {
  read(...args: unknown[]): Promise<unknown[]>
  close(): Promise<void>
}

/** The connection is lost, or a standby has stopped the statement because it has to replay something that is in its way (40001). */
const mayBeAnsweredElsewhere = (error: unknown): boolean => error instanceof ConnectionLostError || (error as { code?: string } | null)?.code === '40001'

const isCursor = (submitted: unknown): submitted is Cursor => typeof (submitted as Partial<Cursor> | undefined)?.read === 'function'
