import { settlesWithin } from '../bounded.ts'
import type { PgClient, PgResult } from './pg.ts'

/** What a server says of itself. */
export interface ServerHealth {
  readonly readOnly: boolean
  /** How far a standby is behind, in ms; 0 when it has replayed all that it has received, and still receives. */
  readonly lagMs?: number
}

/** In one round trip. A primary has no lag; a standby that has lost its primary has one, however much it has replayed. */
const HOW_ARE_YOU = `select current_setting('transaction_read_only') = 'on' as read_only, case
  when not pg_is_in_recovery() then null
  when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() and exists (select from pg_stat_wal_receiver) then 0
  else round(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000) end::float8 as lag_ms`

/** How long a server may take to answer, in ms. */
const CHECK_TIMEOUT_MS = 1000

/** How long the connection is kept for the next question, in ms: a probe may come every second. */
const KEPT_MS = 10_000

/** Asks a server how it is, over a connection of its own: a pool that is exhausted says nothing of the server. */
export class HealthProbe {
  readonly #connect: (timeoutMs: number) => Promise<PgClient>
  #client: Promise<PgClient> | undefined
  #asking: Promise<ServerHealth> | undefined
  #closing: NodeJS.Timeout | undefined

  /** @param connect - makes a connection, or gives up */
  constructor(connect: (timeoutMs: number) => Promise<PgClient>) {
    this.#connect = connect
  }

  /** Whoever asks while somebody asks gets the same answer. */
  ask(): Promise<ServerHealth> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined))
    return this.#asking
  }

  async #ask(): Promise<ServerHealth> {
    clearTimeout(this.#closing)
    const kept = this.#client
    // Where the kept connection does not answer, that one may be broken, and not the server.
    const health = await this.#answer().catch(async (error: unknown) => {
      if (kept === undefined) throw error
      return await this.#answer()
    })
    this.#closing = setTimeout(() => this.close(), KEPT_MS).unref()
    return health
  }

  async #answer(): Promise<ServerHealth> {
    const connecting = (this.#client ??= this.#open())
    const answer = connecting.then(async (client) => (await client.query(HOW_ARE_YOU)) as PgResult)
    try {
      if (!(await settlesWithin(answer, CHECK_TIMEOUT_MS))) throw new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)
      const { read_only: readOnly, lag_ms: lagMs } = (await answer).rows[0] as { read_only: boolean; lag_ms: number | null }
      return { readOnly, ...(lagMs === null ? {} : { lagMs }) }
    } catch (error) {
      this.close()
      throw error
    }
  }

  #open(): Promise<PgClient> {
    const connecting = this.#connect(CHECK_TIMEOUT_MS)
    const forget = (): void => {
      if (this.#client === connecting) this.#client = undefined
    }
    connecting.then((client) => client.once('end', forget), () => {})
    return connecting
  }

  close(): void {
    clearTimeout(this.#closing)
    this.#client?.then((client) => void client.connection.stream.destroy(), () => {})
    this.#client = undefined
  }
}
