import { settlesWithin } from '../bounded.ts'
import type { PgClient } from '../postgres/pg.ts'
import { formatLsn } from './lsn.ts'

/** The first version of PostgreSQL that has the command, as `server_version_num` has it. */
export const WAITS_SINCE = 190_000

/** How long one command waits at most, in ms: then somebody may be there who waits for less. */
const SLICE_MS = 20

/** By how much the answer may be late, in ms. */
const LATE_MS = 1000

/**
 * Has a standby say when it has replayed a position, over a connection of its own: `WAIT FOR LSN` of PostgreSQL 19. It knows nothing of timelines, so that whoever waits must
 * look at the answer of the server once more.
 */
export class LogWait {
  readonly #connect: (timeoutMs: number) => Promise<PgClient>
  #open: Promise<PgClient> | undefined
  #closed = false

  constructor(connect: (timeoutMs: number) => Promise<PgClient>) {
    this.#connect = connect
  }

  /**
   * Resolves when the position has been replayed, or after a short time.
   *
   * @returns false where the server cannot be asked so
   */
  async replayed(lsn: bigint): Promise<boolean> {
    if (this.#closed) return false
    const opening = (this.#open ??= this.#connected())
    try {
      const client = await opening
      const answer = client.query(`wait for lsn '${formatLsn(lsn)}' with (timeout '${SLICE_MS}ms', no_throw)`) as Promise<unknown>
      if (await settlesWithin(answer, SLICE_MS + LATE_MS)) return true
      throw new Error('no answer')
    } catch {
      this.hangUp()
      return false
    }
  }

  async #connected(): Promise<PgClient> {
    const client = await this.#connect(LATE_MS)
    client.once('end', () => this.hangUp())
    return client
  }

  close(): void {
    this.#closed = true
    this.hangUp()
  }

  hangUp(): void {
    this.#open?.then((client) => void client.connection.stream.destroy(), () => {})
    this.#open = undefined
  }
}
