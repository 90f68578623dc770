import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectionLostError } from '../errors.ts'
import type { WatchedClient } from './client-types.ts'
import type { PgClient, PgResult } from './pg.ts'
import { isServerAnswer } from './server-errors.ts'

/** How long an answer may take before it is asked whether the server is at it at all, in ms. */
const SUSPECT_MS = 2000

/** How long the server may take to say so, and how long an answer that it has sent may still be on its way, in ms. */
const ASIDE_TIMEOUT_MS = 2000
const ON_ITS_WAY_MS = 500

/** How long to wait before a server that has not answered is asked again, in ms. */
const AGAIN_MS = 500

/** What the server says of the backends of some connections; the own id shows whether these ids are the server's at all. */
const WHO_IS_BUSY = `select pg_backend_pid() as me, array(
  select pid from pg_stat_activity where pid = any ($1) and coalesce(state, '') not in ('idle', 'idle in transaction', 'idle in transaction (aborted)')
) as busy`

/**
 * Finds connections that are dead without knowing it: a host that vanished, a firewall that forgot. TCP would wait for a quarter of an
 * hour. When an answer is late, the server is asked over a new connection whether it works on it; where it knows nothing of that (an
 * address may lead to another server by then), the old connection is cut. A statement that simply takes long goes on.
 */
export class LivenessWatch {
  readonly #engine: string
  readonly #connectAside: (timeoutMs: number) => Promise<PgClient>
  readonly #distrustIdle: () => void
  readonly #unreachable: (late: readonly WatchedClient[]) => void
  /** Since when each was busy when it was asked about: once for each statement. */
  readonly #asked = new WeakMap<WatchedClient, number>()
  #asking = false

  /** @param unreachable - told when the server gives no answer at all */
  constructor(engine: string, connectAside: (timeoutMs: number) => Promise<PgClient>, distrustIdle: () => void, unreachable: (late: readonly WatchedClient[]) => void) {
    this.#engine = engine
    this.#connectAside = connectAside
    this.#distrustIdle = distrustIdle
    this.#unreachable = unreachable
  }

  /** Called again and again with all connections that are checked out. */
  look(clients: Iterable<WatchedClient>): void {
    if (this.#asking) return
    const late = [...clients].filter((client) => client.activity.elapsedMs > SUSPECT_MS && this.#asked.get(client) !== client.activity.since)
    if (late.length === 0) return
    for (const client of late) this.#asked.set(client, client.activity.since)
    this.#asking = true
    void this.#cutDead(late).catch(async (error: unknown) => await this.#askAgain(late, error)).finally(() => (this.#asking = false))
  }

  /** Where nobody answers there is nothing to compare with; when somebody does again, it may be another server. */
  async #askAgain(late: readonly WatchedClient[], error: unknown): Promise<void> {
    for (const client of late) this.#asked.delete(client)
    if (!isServerAnswer(error)) this.#unreachable(late)
    await sleep(AGAIN_MS, undefined, { ref: false })
  }

  async #cutDead(late: readonly WatchedClient[]): Promise<void> {
    const before = late.map((client) => ({ client, since: client.activity.since, bytesRead: client.connection.stream.bytesRead }))
    const busy = await this.#askWhoIsBusy(late)
    if (busy === undefined) return
    await sleep(ON_ITS_WAY_MS)
    for (const { client, since, bytesRead } of before) {
      const still = client.activity.busy && client.activity.since === since && client.connection.stream.bytesRead === bytesRead
      if (!still || busy.has(client.processID!)) continue
      this.#distrustIdle() // they have gone the same way
      client.destroy(new ConnectionLostError(this.#engine, 'the server knows nothing of the statement that it was sent'))
    }
  }

  /** @returns undefined behind a pooler, whose ids are its own */
  async #askWhoIsBusy(clients: readonly WatchedClient[]): Promise<ReadonlySet<number> | undefined> {
    const aside = await this.#connectAside(ASIDE_TIMEOUT_MS)
    const timer = setTimeout(() => aside.connection.stream.destroy(), ASIDE_TIMEOUT_MS)
    try {
      const { rows } = (await aside.query(WHO_IS_BUSY, [clients.map(({ processID }) => processID)])) as PgResult
      const { me, busy } = rows[0] as { me: number; busy: number[] }
      return me === aside.processID ? new Set(busy) : undefined
    } finally {
      clearTimeout(timer)
      aside.connection.stream.destroy()
    }
  }
}
