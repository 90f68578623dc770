import type { SqlConnection } from '../transactions/two-phase/database.ts'
import type { EnginePool } from './engine-pool.ts'
import { settlesWithin } from '../bounded.ts'
import { ConnectionLostError, DatabaseUnavailableError } from '../errors.ts'
import type { PgClient, PgResult } from './pg.ts'
import { isConnectionError, reasonOf } from './server-errors.ts'

/** How long to wait for a lock, in ms: whoever holds it may be waiting for something else. */
const LOCK_TIMEOUT_MS = 2000

/** A connection outside the pool, for statements that must come to an end. */
export async function aside(pool: EnginePool, timeoutMs: number): Promise<SqlConnection> {
  const connection = new Aside(await connectedClient(pool, timeoutMs), pool.engine, timeoutMs)
  try {
    await connection.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`)
    return connection
  } catch (error) {
    await connection[Symbol.asyncDispose]()
    throw error
  }
}

async function connectedClient(pool: EnginePool, timeoutMs: number): Promise<PgClient> {
  try {
    return await pool.connectAside(timeoutMs)
  } catch (cause) {
    throw isConnectionError(cause) ? new DatabaseUnavailableError(pool.engine, reasonOf(cause), { cause }) : cause
  }
}

class Aside implements SqlConnection {
  readonly #client: PgClient
  readonly #engine: string
  readonly #timeoutMs: number

  constructor(client: PgClient, engine: string, timeoutMs: number) {
    this.#client = client
    this.#engine = engine
    this.#timeoutMs = timeoutMs
  }

  async query(sql: string, parameters: readonly unknown[] = []): Promise<PgResult['rows']> {
    const answer = this.#client.query(sql, [...parameters]) as Promise<PgResult>
    answer.catch(() => {}) // it may be given up and fail later
    try {
      if (await settlesWithin(answer, this.#timeoutMs)) return (await answer).rows
    } catch (cause) {
      throw isConnectionError(cause) ? new ConnectionLostError(this.#engine, reasonOf(cause), { cause }) : cause
    }
    this.#client.connection.stream.destroy()
    throw new ConnectionLostError(this.#engine, `no answer within ${this.#timeoutMs} ms`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await settlesWithin(this.#client.end(), CLOSE_MS).catch(() => {})
    this.#client.connection.stream.destroy()
  }
}

/** How long a connection may take to say goodbye, in ms. */
const CLOSE_MS = 500
