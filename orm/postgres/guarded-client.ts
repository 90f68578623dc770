import { settlesWithin } from '../bounded.ts'
import { ConnectionLostError, DatabaseReadonlyError, StatementTimeoutError, TransactionRolledBackError } from '../errors.ts'
import { Activity } from './activity.ts'
import { sendCancelRequest } from './cancel-request.ts'
import type { Checkout } from './checkout.ts'
import { commit, isCommitError, learnWhetherServerTells } from './commit.ts'
import type { ClientHost, GuardedClient } from './client-types.ts'
import type { ClientClass, PgResult, Release } from './pg.ts'
import { isCanceled, isConnectionError, isReadOnlyTransaction, reasonOf } from './server-errors.ts'
import { kindOf, type StatementKind, wasRolledBack } from './statement-kind.ts'

/**
 * Sent like a statement, it gives a connection back: kysely does not, where a hook such as `onReserveConnection` throws, and says only to
 * its hooks which connection it was. It never reaches the server.
 */
export const GIVE_BACK = '-- fastify-sqlassist: give this connection back'

/** How long a connection may take to answer after it was stopped, or to become clean, in ms. */
const SETTLE_MS = 500

/** DISCARD ALL, but for the prepared statements, which pg believes to be there. */
const RESET_SESSION =
  'reset session authorization; reset all; close all; unlisten *; select pg_advisory_unlock_all(); discard temp; discard sequences'

/**
 * pg's pool hands a client out by assigning its `release`; we stand in between. Beyond what {@link GuardedClient} says:
 * - a second release does nothing, where pg throws;
 * - a connection that dies while it is checked out is released, where kysely keeps the slot for ever (kysely#1990);
 * - one whose BEGIN or ROLLBACK fails is destroyed, for the same reason: kysely does not give it back either;
 * - a connection that comes back inside a transaction is destroyed. The server says so at the end of each answer: no round trip;
 * - a COMMIT that the server answers with a rollback is an error, and so is one whose answer is lost, unless the server can be asked.
 */
export function guardClient(Base: ClientClass, host: ClientHost): new (...args: unknown[]) => GuardedClient {
  return class SqlAssistClient extends Base implements GuardedClient {
    readonly activity = new Activity()
    checkout: Checkout | undefined
    #release: Release | undefined
    #stopping: Promise<void> | undefined
    #timedOut = false
    /** The last error since the transaction began: why a COMMIT may be answered by a rollback. */
    #failure: unknown
    #fate: Error | undefined
    readonly #reported = new Map<string, string>()

    constructor(...args: unknown[]) {
      super(...args)
      this.connection.on('parameterStatus', ({ parameterName, parameterValue }: { parameterName: string; parameterValue: string }) => {
        this.#reported.set(parameterName, parameterValue)
      })
      this.once('end', () => this.release(true))
    }

    override query(...args: unknown[]): unknown {
      const [statement] = args
      const text = typeof statement === 'string' ? statement : (statement as { text?: unknown }).text
      if (typeof text === 'string' && typeof args.at(-1) !== 'function' && !isSubmittable(statement)) return this.#run(text, args)
      const submitted = super.query(...args)
      if (isCursor(submitted)) this.#watchReads(submitted)
      return submitted
    }

    async #run(text: string, args: unknown[]): Promise<unknown> {
      if (text === GIVE_BACK) return this.release(true)
      if (this.#stopping !== undefined) await this.#stopping
      const kind = kindOf(text)
      const send = async (...what: unknown[]): Promise<PgResult> => await (super.query(...what) as Promise<PgResult>)
      if (kind === 'begin') await learnWhetherServerTells(this, host, send)
      return await this.#answered(kind, async () => {
        const answer: PgResult | PgResult[] = await (kind === 'commit' ? commit(this, host, send, args, () => this.#fate) : send(...args))
        const commands = Array.isArray(answer) ? answer.map(({ command }) => command) : [answer.command]
        if (wasRolledBack(text, kind, commands)) throw this.#rolledBack(kind === 'prepare' ? 'PREPARE TRANSACTION' : 'COMMIT')
        if (kind !== 'other') this.#failure = undefined
        return answer
      })
    }

    /** Runs something that the server answers, and says what became of it in our words. */
    async #answered<T>(kind: StatementKind, send: () => Promise<T>): Promise<T> {
      this.activity.sent(kind)
      this.#timedOut = false
      try {
        return await send()
      } catch (error) {
        this.#failure = error
        throw this.#explain(error)
      } finally {
        this.activity.answered()
        if (this.#failure !== undefined && (kind === 'begin' || kind === 'rollback')) this.release(true)
      }
    }

    #explain(error: unknown): unknown {
      if (isCommitError(error)) return error
      if (this.#fate !== undefined) return this.#fate
      if (this.#timedOut && isCanceled(error)) return new StatementTimeoutError(host.engine, host.limits.statementTimeoutMs, { cause: error })
      if (isReadOnlyTransaction(error) && !host.readonly && this.#serverIsReadOnly()) {
        host.distrustIdle()
        this.#fate = new DatabaseReadonlyError(host.engine, { cause: error })
        return this.#fate
      }
      return isConnectionError(error) ? new ConnectionLostError(host.engine, reasonOf(error), { cause: error }) : error
    }

    #rolledBack(statement: string): Error {
      const options = this.#failure === undefined ? [] : [{ cause: this.#failure }] as const
      return new TransactionRolledBackError(host.engine, statement, ...options)
    }

    #watchReads(cursor: Cursor): void {
      const read = cursor.read.bind(cursor)
      cursor.read = async (...args) => await this.#answered('other', async () => await read(...args))
    }

    /** PostgreSQL 14 and later report it by themselves whenever it changes. */
    #serverIsReadOnly(): boolean {
      return this.#reported.get('in_hot_standby') === 'on' || this.#reported.get('default_transaction_read_only') === 'on'
    }

    async stop(): Promise<void> {
      if (this.activity.stoppable) this.#stopping ??= this.#stop().finally(() => (this.#stopping = undefined))
      await this.#stopping
    }

    async #stop(): Promise<void> {
      try {
        await sendCancelRequest(this, host.connectionOptions)
        // Only from here on is it certain that no cancellation is on its way any more.
        const answer = (super.query('') as Promise<unknown>).catch((error: unknown) => {
          if (!isCanceled(error)) throw error
        })
        if (!(await settlesWithin(answer, SETTLE_MS))) throw new Error('no answer after a request to cancel')
      } catch (cause) {
        this.destroy(this.#timedOut ? new StatementTimeoutError(host.engine, host.limits.statementTimeoutMs, { cause }) : new ConnectionLostError(host.engine, reasonOf(cause), { cause }))
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
        this.destroy(this.activity.stoppable ? new StatementTimeoutError(host.engine, host.limits.statementTimeoutMs) : new ConnectionLostError(host.engine, 'the server does not answer'))
      }
    }

    destroy(reason: Error): void {
      this.#fate ??= reason
      this.connection.stream.destroy()
      this.release(true)
    }

    override get release(): Release {
      return this.#giveBack
    }

    override set release(release: Release) {
      this.#release = release
      this.activity.touched()
      host.acquired(this)
    }

    readonly #giveBack: Release = (destroy) => {
      const release = this.#release
      if (release === undefined) return
      this.#release = undefined
      this.#failure = undefined
      if (destroy) this.#leave(release, true)
      else if (this.#stopping === undefined && this.readyForQuery === true && host.resetOnRelease === 'transaction') this.#leave(release, this.#isDirty())
      else void this.#settle().then((clean) => this.#leave(release, !clean))
    }

    #leave(release: Release, destroy: boolean): void {
      host.returned(this)
      release(destroy || this.#fate !== undefined)
    }

    #isDirty(): boolean {
      const status = this.getTransactionStatus?.()
      if (status !== 'T' && status !== 'E') return false
      host.warn(this, 'A connection came back inside a transaction and is destroyed')
      return true
    }

    /** pg tells of an error before the server has said that it is ready; and to clear the session takes a round trip. */
    async #settle(): Promise<boolean> {
      try {
        if (!(await settlesWithin(this.#ready(), SETTLE_MS))) throw new Error('it is not ready')
        if (this.#isDirty()) return false
        if (host.resetOnRelease === 'transaction' || (await settlesWithin(super.query(RESET_SESSION) as Promise<unknown>, SETTLE_MS))) return true
        throw new Error('it was not reset in time')
      } catch (cause) {
        this.destroy(new ConnectionLostError(host.engine, reasonOf(cause), { cause }))
        return false
      }
    }

    async #ready(): Promise<void> {
      await this.#stopping
      if (this.readyForQuery !== true) await new Promise<void>((resolve) => this.once('drain', resolve))
    }
  }
}

interface Cursor {
  read(...args: unknown[]): Promise<unknown>
}

const isSubmittable = (statement: unknown): boolean => typeof (statement as { submit?: unknown }).submit === 'function'
const isCursor = (submitted: unknown): submitted is Cursor => typeof (submitted as Partial<Cursor> | undefined)?.read === 'function'
