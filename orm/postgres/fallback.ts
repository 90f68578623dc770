import { atServerOf } from './at-server-of.ts'
import type { ClientClass, PgClient, PgPool } from './pg.ts'
import type { PoolGenerations } from './pool-generations.ts'

/** How often the own server is asked whether it is back, in ms. */
const PROBE_MS = 500

/** How long a connection to the followed server is kept at most when nobody needs it any more, in ms. */
const IDLE_MS = 10_000

/** What a fallback needs of the pool that it stands in for. */
interface FallbackSettings {
  /** The connection options of the followed engine. */
  readonly followed: () => Record<string, unknown>
  readonly generations: PoolGenerations
  readonly Client: ClientClass
  /** Resolves when the own server answers; rejects when it does not. */
  readonly ownAnswers: () => Promise<void>
  readonly changed: (active: boolean) => void
}

/** Where a readonly engine reads while its own server is down: the server of the engine that it follows, in read-only connections. */
export class Fallback {
  readonly #settings: FallbackSettings
  #pool: PgPool | undefined
  #probing: NodeJS.Timeout | undefined
  #ending: Promise<void> | undefined
  #asking = false
  /** Those who wait for the own server. */
  readonly #waiting = new Set<() => void>()

  constructor(settings: FallbackSettings) {
    this.#settings = settings
  }

  get active(): boolean {
    return this.#probing !== undefined
  }

  /** The pool of connections to the followed server, as long as there is one. */
  get pool(): PgPool | undefined {
    return this.#pool
  }

  /** Reads there from now on, until the own server answers again. */
  activate(): void {
    if (this.active) return
    this.#probing = setInterval(() => void this.#probe(), PROBE_MS).unref()
    this.#settings.changed(true)
    for (const turnAway of this.#waiting) turnAway()
  }

  /** Waits for a connection of the own server, but only until this one is turned to: then it resolves to undefined. */
  async unlessActivated(connecting: Promise<PgClient>): Promise<PgClient | undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const turnAway = (): void => resolve(undefined)
    this.#waiting.add(turnAway)
    try {
      return await Promise.race([connecting, promise])
    } finally {
      this.#waiting.delete(turnAway)
    }
  }

  async connect(): Promise<PgClient> {
    this.#pool ??= this.#make()
    return await this.#pool.connect()
  }

  /** Leaves the connections that there are to those who use them. Resolves when they are closed. */
  async renew(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    if (pool !== undefined) await this.#settings.generations.retire(pool)
  }

  async end(): Promise<void> {
    this.#stopProbing()
    await (this.#ending ??= this.#pool?.end())
  }

  async #probe(): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    const answers = await this.#settings.ownAnswers().then(() => true, () => false)
    this.#asking = false
    if (!answers || !this.active) return
    this.#stopProbing()
    this.#settings.changed(false)
    await this.renew()
  }

  #stopProbing(): void {
    clearInterval(this.#probing)
    this.#probing = undefined
  }

  #make(): PgPool {
    const { followed, generations, Client } = this.#settings
    const { options } = generations
    const idleTimeoutMillis = Number(options['idleTimeoutMillis']) || IDLE_MS
    return generations.make({ ...atServerOf(followed(), options, Client), max: options.max, min: 0, idleTimeoutMillis })
  }
}
