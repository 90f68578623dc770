import { settlesWithin } from '../../bounded.ts'
import type { SessionState } from '../../sessions/state.ts'
import { leaveSession } from '../../sessions/running.ts'
import type { ClientClass, PgPool, PgResult } from '../pg.ts'
import { readOnlyOptions } from '../read-only-options.ts'
import type { CompletePipelineOptions } from './options.ts'
import { type PipelinedClient, pipelinedClient, type PipelineHost } from './pipelined-client.ts'
import { WaitingStatement } from './waiting-statement.ts'

/** What makes connections, and ends them when they have been given back. */
export interface Pools {
  make(options: object): PgPool
  retire(pool: PgPool): Promise<void>
}

/** So many may be on their way on one connection; whoever comes then waits for a connection of the pool, which has a limit of its own. */
const MOST_ON_THEIR_WAY = 100

/** So many are on their way on one connection before another one is taken for what is sent in the same turn of the event loop. */
const MOST_TOGETHER = 8

/** How long to wait after an attempt to connect has failed, in ms. */
const PAUSE_MS = 500

/** How long a connection is kept that nobody uses, in ms, where the pool says nothing else; at most twice that. */
const IDLE_MS = 10_000

/**
 * A few connections beside those of the pool, for statements that only read, are short, and may be sent without waiting for the answers to those before. Nobody waits for one of
 * these connections: while none is there, or all have enough to do, the pool is asked, with its limits.
 */
export class Pipeline {
  readonly #host: PipelineHost
  readonly #pools: Pools
  readonly #options: CompletePipelineOptions
  readonly #Client: ReturnType<typeof pipelinedClient>
  readonly #clients = new Set<PipelinedClient>()
  #pool: PgPool | undefined
  #connecting = 0
  #notBefore = 0
  #ended = false

  /** @param Base - pg's own class */
  constructor(host: PipelineHost, pools: Pools, Base: ClientClass, options: CompletePipelineOptions) {
    this.#host = host
    this.#pools = pools
    this.#options = options
    this.#Client = pipelinedClient(Base, host, options, (client) => this.#letGo(client))
  }

  /** Those that somebody may wait for. */
  get clients(): ReadonlySet<PipelinedClient> {
    return this.#clients
  }

  get busy(): boolean {
    for (const { activity } of this.#clients) if (activity.busy) return true
    return false
  }

  stats(): { total: number; idle: number; max: number } {
    const idle = [...this.#clients].filter(({ activity }) => !activity.busy).length
    return { total: this.#clients.size + this.#connecting, idle, max: this.#options.connections }
  }

  /**
   * @param args - text and values of a statement that only reads
   * @param otherwise - asks the pool
   * @throws SessionClosedError where the session ends before the answer comes
   */
  async ask(session: SessionState, args: readonly unknown[], otherwise: () => Promise<PgResult>): Promise<PgResult> {
    const client = this.#choose()
    if (client === undefined) return await otherwise()
    const waiting = new WaitingStatement(session)
    try {
      return await client.ask(waiting, args)
    } catch (error) {
      waiting.failed(error) // a listener has refused it
      if (!waiting.again) throw error
    }
    session.assertOpen()
    return await otherwise()
  }

  /** The one with the least to do; but what goes out together costs one call of the system, and that costs more than a short wait. */
  #choose(): PipelinedClient | undefined {
    let best: PipelinedClient | undefined
    for (const client of this.#clients) {
      if (client.leaving || client.stuck) continue
      if (client.collecting && client.activity.length < MOST_TOGETHER) return client
      if (best === undefined || client.activity.length < best.activity.length) best = client
    }
    if (best?.activity.busy !== false && this.#clients.size + this.#connecting < this.#options.connections) leaveSession(() => void this.#add())
    return best !== undefined && best.activity.length < MOST_ON_THEIR_WAY ? best : undefined
  }

  async #add(): Promise<void> {
    if (this.#ended || performance.now() < this.#notBefore) return
    const pool = (this.#pool ??= this.#make())
    this.#connecting++
    try {
      const client = (await pool.connect()) as PipelinedClient
      if (!(await settlesWithin(client.learn(), this.#host.connectTimeoutMs).catch(() => false))) client.leaving = true
      this.#clients.add(client)
      if (pool === this.#pool) this.#keep(client, pool.options)
      else client.leaving = true // there is another one by now
      this.#letGo(client)
    } catch {
      this.#notBefore = performance.now() + PAUSE_MS // the pool finds out as well, and says so
    } finally {
      this.#connecting--
    }
  }

  #make(): PgPool {
    const options = this.#host.connectionOptions
    const pool = this.#pools.make({ ...options, ...(this.#host.readonly ? {} : readOnlyOptions(options)), max: this.#options.connections, min: 0 })
    pool.Client = this.#Client
    return pool
  }

  /** Ends those that are to go, and have nothing on their way. */
  #letGo(client: PipelinedClient): void {
    if (client.leaving && !client.activity.busy && this.#clients.delete(client)) client.release(true)
  }

  // ---- looking after them ----

  /** Called again and again while anything is on its way. */
  enforceLimits(): void {
    for (const client of this.#clients) client.enforceLimits()
  }

  /** pg's pool looks after connections that lie in it, and these never do. */
  #keep(client: PipelinedClient, { idleTimeoutMillis = IDLE_MS, maxLifetimeSeconds }: Record<string, unknown>): void {
    const leave = (): void => {
      client.leaving = true
      this.#letGo(client)
    }
    const unused = (): boolean => !client.activity.busy && performance.now() - client.last >= Number(idleTimeoutMillis)
    const idle = idleTimeoutMillis === 0 ? undefined : setInterval(() => unused() && leave(), Number(idleTimeoutMillis)).unref()
    const old = Number(maxLifetimeSeconds) > 0 ? setTimeout(leave, Number(maxLifetimeSeconds) * 1000).unref() : undefined
    client.once('end', () => {
      clearInterval(idle)
      clearTimeout(old)
    })
  }

  /** What is idle now goes to a server that is not to be trusted. */
  distrustIdle(): void {
    for (const client of this.#clients) {
      if (client.activity.busy) continue
      client.leaving = true
      client.connection.stream.destroy()
    }
  }

  /** Makes new connections from now on. Resolves when what is on its way has been answered, and the old ones are closed. */
  async renew(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    for (const client of this.#clients) {
      client.leaving = true
      this.#letGo(client)
    }
    if (pool !== undefined) await this.#pools.retire(pool)
  }

  /** The same, and makes no new ones. */
  async end(): Promise<void> {
    this.#ended = true
    await this.renew()
  }

  /** Cuts all of them, so that the pool can end. */
  destroy(reason: Error): void {
    for (const client of this.#clients) client.destroy(reason)
  }
}
