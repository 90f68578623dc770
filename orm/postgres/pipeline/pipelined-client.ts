import { settlesWithin } from '../../bounded.ts'
import type { Commenter } from '../../comments/commenter.ts'
import type { CompleteLimits } from '../../engines/limits.ts'
import { timed } from '../../events/tell.ts'
import { isWatched, watchQuery } from '../../events/watch-query.ts'
import { ConnectionLostError, StatementTimeoutError } from '../../errors.ts'
import { sendCancelRequest } from '../cancel-request.ts'
import { ClientComments } from '../client-comments.ts'
import type { WatchedClient } from '../client-types.ts'
import type { ClientClass, PgClient, PgResult } from '../pg.ts'
import { ClientStatements, isUnusable } from '../prepared/client-statements.ts'
import type { StatementNames } from '../prepared/statement-names.ts'
import { isCanceled, isConnectionError, isReadOnlyTransaction, isServerAnswer } from '../server-errors.ts'
import { answeredWith, sending, textOf } from '../watch-client.ts'
import { Line } from './line.ts'
import type { CompletePipelineOptions } from './options.ts'
import type { WaitingStatement } from './waiting-statement.ts'

/** What a pipelined client needs to know of the pool that it is made for. */
export interface PipelineHost {
  readonly engine: string
  /** Whether its connections are read-only anyway. */
  readonly readonly: boolean
  readonly limits: CompleteLimits
  readonly connectTimeoutMs: number
  readonly comments: Commenter | undefined
  /** The names of prepared statements. */
  readonly names: StatementNames
  /** What the pool makes its connections of. */
  readonly connectionOptions: Record<string, unknown> & { readonly max: number }
  /** Sees to it that the connections are looked after while something is on its way. */
  waits(): void
  /** No connection that is idle now is to be used again. */
  distrustIdle(): void
}

/** A pg Client that several share: what they send goes out at once, one behind the other. */
export interface PipelinedClient extends PgClient, WatchedClient {
  readonly activity: Line
  /** It gets no more statements. */
  leaving: boolean
  /** The statement that the server is at is slow: those behind it have been sent again elsewhere. */
  readonly stuck: boolean
  /** What is sent in this turn of the event loop goes out together, and something is among it already. */
  readonly collecting: boolean
  /** When it was last used, of `performance.now()`. */
  readonly last: number
  /** Learns what it needs to know before it can be asked. */
  learn(): Promise<void>
  /** @param args - text and values */
  ask(waiting: WaitingStatement, args: readonly unknown[]): Promise<PgResult>
  /** Called again and again while anything is on its way. */
  enforceLimits(): void
}

/** How long a connection may take to answer after it was stopped, or to say goodbye, in ms. */
const SETTLE_MS = 500

/** A standby has stopped the statement because it has to replay something that is in its way. */
const IN_THE_WAY = '40001'

/**
 * Each statement is followed by a Sync of its own, so that an error stays with it. What can be answered by another connection as well is not an error of the statement: those
 * who wait are told to ask again.
 *
 * @param idle - told when everything has been answered
 */
export function pipelinedClient(Base: ClientClass, host: PipelineHost, { slowAfterMs }: CompletePipelineOptions, idle: (client: PipelinedClient) => void): new (options: Record<string, unknown>) => PipelinedClient {
  return class SqlAssistPipelinedClient extends Base implements PipelinedClient {
    readonly activity = new Line()
    leaving = false
    stuck = false
    last = performance.now()
    readonly #comments = new ClientComments()
    readonly #statements = new ClientStatements(this, host.names)
    collecting = false
    #fate: Error | undefined
    #cut = false
    /** The server has taken the request to cancel: it is there. */
    #heard = false

    constructor(options: Record<string, unknown>) {
      super({ ...options, password: options['password'], pipeline: true, connectionTimeoutMillis: host.connectTimeoutMs })
      this.on('error', () => {}) // those who wait are told
      this.once('end', () => {
        this.#lost()
        idle(this)
      })
    }

    /** The others may have gone the same way, and those that are idle would be used next. */
    #lost(): void {
      if (!this.leaving) host.distrustIdle()
      this.leaving = true
    }

    async learn(): Promise<void> {
      if (this.#statements.unsure) await this.#statements.askWhere(async (...args) => (await super.query(...args)) as PgResult)
    }

    ask(waiting: WaitingStatement, args: readonly unknown[]): Promise<PgResult> {
      if (host.comments !== undefined || isWatched()) return this.#askAndTell(waiting, args)
      const [text, values] = args as [string, readonly unknown[]]
      const known = this.#statements.known(text, values, (error, answer) => this.#answered(waiting, error, answer))
      this.#sending(waiting)
      if (known === undefined) this.#submit(waiting, this.#named(args))
      else super.query(known)
      return waiting.answer
    }

    #named(args: readonly unknown[]): readonly unknown[] {
      return this.#statements.named(args) ?? args
    }

    async #askAndTell(waiting: WaitingStatement, args: readonly unknown[]): Promise<PgResult> {
      const named = this.#named(args)
      const sent = host.comments === undefined ? named : this.#comments.add(host.comments, waiting.session.whose, named)
      const told = watchQuery(() => sending({ engine: host.engine, session: waiting.session, processID: this.processID }, sent, textOf(args[0])))
      this.#sending(waiting)
      this.#submit(waiting, sent)
      if (told === undefined) return await waiting.answer
      try {
        const answer = await waiting.answer
        told({ ...answeredWith(answer), since: waiting.since })
        return answer
      } catch (error) {
        told({ error, since: waiting.since })
        throw error
      }
    }

    #sending(waiting: WaitingStatement): void {
      this.#cork()
      waiting.since = performance.now()
      this.activity.join(waiting)
      host.waits()
    }

    #submit(waiting: WaitingStatement, args: readonly unknown[]): void {
      const { name } = args[0] as { readonly name?: string }
      if (name !== undefined) this.#statements.keep(name)
      let open = true
      super.query(...args, (error: unknown, answer: PgResult) => {
        if (!open) return // pg tells twice of values that cannot be sent
        open = false
        this.#answered(waiting, error, answer)
      })
    }

    /** All that is sent in one turn of the event loop goes out together: a call of the system costs more than all else. */
    #cork(): void {
      if (this.collecting) return
      this.collecting = true
      const { stream } = this.connection
      stream.cork()
      setImmediate(() => {
        this.collecting = false
        stream.uncork()
      })
    }

    #answered(waiting: WaitingStatement, error: unknown, answer: PgResult | undefined): void {
      this.activity.leave(waiting)
      if (answer === undefined || error) this.#failed(waiting, error)
      else waiting.answered(answer)
      if (this.activity.busy) return
      this.last = performance.now()
      this.stuck = false
      idle(this)
    }

    #failed(waiting: WaitingStatement, error: unknown): void {
      const code = (error as { code?: string }).code ?? ''
      const lost = isConnectionError(error)
      const { engine, limits: { statementTimeoutMs } } = host
      if (lost) this.#lost()
      // What the server has not said, pg has: what it knows of the connection may no longer be true.
      this.leaving ||= isUnusable(error) || !isServerAnswer(error)
      if (this.#cut && isCanceled(error)) waiting.failed(new StatementTimeoutError(engine, statementTimeoutMs, { cause: error }))
      else if (lost && this.#fate !== undefined && !(this.#fate instanceof ConnectionLostError)) waiting.failed(this.#fate)
      else waiting.failed(error, lost || isUnusable(error) || code === IN_THE_WAY || (isReadOnlyTransaction(error) && !host.readonly))
    }

    enforceLimits(): void {
      const { statementTimeoutMs } = host.limits
      const { first, elapsedMs } = this.activity
      if (first === undefined) return
      if (this.#cut) {
        if (!first.over && elapsedMs > statementTimeoutMs + SETTLE_MS) this.#giveUp(first)
      } else if (statementTimeoutMs > 0 && elapsedMs > statementTimeoutMs) void this.#cutShort(first)
      else if (this.stuck && !this.activity.wanted) void this.#cutShort(first)
      else if (!this.stuck && elapsedMs > slowAfterMs) setImmediate(() => this.#passOn(first))
    }

    /** Called when what has arrived while this process was busy has been read. */
    #passOn(slow: WaitingStatement): void {
      if (this.activity.first !== slow) return
      this.stuck = true
      for (const waiting of this.activity.behindFirst) waiting.failed(new Error('it waited behind a slow statement, and is sent again on another connection'), true)
    }

    /** A request to cancel means a backend, not a statement: nobody may be behind this one. */
    async #cutShort(slow: WaitingStatement): Promise<void> {
      this.#cut = this.leaving = true
      this.#passOn(slow)
      const { engine } = host
      const { session, over } = slow
      try {
        const reason = over ? 'the session has ended' as const : 'statementTimeoutMs' as const
        await timed('sqlassist:cancel', session.whose, async () => await sendCancelRequest(this, host.connectionOptions), () => ({ engine, session: session.id, pid: this.processID ?? undefined, reason }))
        this.#heard = true
        await settlesWithin(this.end(), SETTLE_MS)
      } catch {
        // What is not stopped is given up.
      }
      this.#giveUp(slow)
    }

    #giveUp(slow: WaitingStatement): void {
      const { engine, limits: { statementTimeoutMs } } = host
      if (!this.#heard) host.distrustIdle() // what is idle goes to the same server, and nobody has heard of it since
      const reason = this.#heard ? new StatementTimeoutError(engine, statementTimeoutMs) : new ConnectionLostError(engine, 'the server does not answer')
      slow.failed(reason)
      this.destroy(reason)
    }

    destroy(reason: Error): void {
      this.#fate ??= reason
      this.leaving = true
      this.connection.stream.destroy()
    }

    /** A server that is frozen does not close its side, and the socket would keep the process alive. */
    override end(...args: never[]): Promise<void> {
      const cut = setTimeout(() => this.connection.stream.destroy(), SETTLE_MS).unref()
      this.once('end', () => clearTimeout(cut))
      return super.end(...args)
    }
  }
}
