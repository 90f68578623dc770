import type { SqlConnection } from '../transactions/two-phase/database.ts'
import type { EnginePool } from './engine-pool.ts'
import { settlesWithin } from '../bounded.ts'
import type { PgClient, PgResult } from './pg.ts'

/** How long to wait for a lock, in ms: whoever holds it may be waiting for something else. */
const LOCK_TIMEOUT_MS = 2000

/** A connection outside the pool, for statements that must come to an end. */
export async function aside(pool: EnginePool, timeoutMs: number): Promise<SqlConnection> {
  const connection = new Aside(await pool.connectAside(timeoutMs), timeoutMs)
  try {
    await connection.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`)
    return connection
  } catch (error) {
    await connection[Symbol.asyncDispose]()
    throw error
  }
}

class Aside implements SqlConnection {
  readonly #client: PgClient
  readonly #timeoutMs: number

  constructor(client: PgClient, timeoutMs: number) {
    this.#client = client
    this.#timeoutMs = timeoutMs
  }

  async query(sql: string, parameters: readonly unknown[] = []): Promise<PgResult['rows']> {
    const answer = this.#client.query(sql, [...parameters]) as Promise<PgResult>
    answer.catch(() => {}) // it may be given up and fail later
    if (await settlesWithin(answer, this.#timeoutMs)) return (await answer).rows
    this.#client.connection.stream.destroy()
    throw new Error(`no answer within ${this.#timeoutMs} ms`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await settlesWithin(this.#client.end(), CLOSE_MS).catch(() => {})
    this.#client.connection.stream.destroy()
  }
}

/** How long a connection may take to say goodbye, in ms. */
const CLOSE_MS = 500
