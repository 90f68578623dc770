import { settlesWithin } from '../bounded.ts'
import type { PgClient, PgResult } from './pg.ts'

/** What a server says of itself. */
export interface ServerHealth {
  readonly readOnly: boolean
  /** How far a standby is behind, in ms; 0 when it has replayed all that it has received. */
  readonly lagMs?: number
}

/** In one round trip. A primary has no lag. */
const HOW_ARE_YOU = `select current_setting('transaction_read_only') = 'on' as read_only, case
  when not pg_is_in_recovery() then null
  when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
  else round(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000) end::float8 as lag_ms`

/** How long a server may take to answer, in ms. */
const CHECK_TIMEOUT_MS = 1000

/** How long the connection is kept for the next question, in ms: a probe may come every second. */
const KEPT_MS = 10_000

/** Asks a server how it is, over a connection of its own: a pool that is exhausted says nothing of the server. */
export class HealthProbe {
  readonly #connect: () => Promise<PgClient>
  #client: Promise<PgClient> | undefined
  #asking: Promise<ServerHealth> | undefined
  #closing: NodeJS.Timeout | undefined

  constructor(connect: () => Promise<PgClient>) {
    this.#connect = connect
  }

  /** Whoever asks while somebody asks gets the same answer. */
  ask(): Promise<ServerHealth> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined))
    return this.#asking
  }

  async #ask(): Promise<ServerHealth> {
    clearTimeout(this.#closing)
    const answer = (async () => {
      this.#client ??= this.#connect()
      return (await (await this.#client).query(HOW_ARE_YOU)) as PgResult
    })()
    try {
      if (!(await settlesWithin(answer, CHECK_TIMEOUT_MS))) throw new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)
      this.#closing = setTimeout(() => this.close(), KEPT_MS).unref()
      const { read_only: readOnly, lag_ms: lagMs } = (await answer).rows[0] as { read_only: boolean; lag_ms: number | null }
      return { readOnly, ...(lagMs === null ? {} : { lagMs }) }
    } catch (error) {
      answer.catch(() => {})
      this.close()
      throw error
    }
  }

  close(): void {
    clearTimeout(this.#closing)
    this.#client?.then((client) => void client.connection.stream.destroy(), () => {})
    this.#client = undefined
  }
}
