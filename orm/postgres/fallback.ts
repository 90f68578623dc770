import type { ClientClass, PgClient, PgPool } from './pg.ts'
import { readOnlyOptions } from './read-only-options.ts'

/** How often the own server is asked whether it is back, in ms. */
const PROBE_MS = 500

/** What a fallback needs of the pool that it stands in for. */
interface FallbackSettings {
  /** The connection options of the followed engine. */
  readonly followed: () => Record<string, unknown>
  readonly pool: PgPool
  readonly Client: ClientClass
  /** Makes a connection to the own server, outside the pool. */
  readonly connectAside: () => Promise<PgClient>
  readonly changed: (active: boolean) => void
}

/** Where a readonly engine reads while its own server is down: the server of the engine that it follows, in read-only connections. */
export class Fallback {
  readonly #settings: FallbackSettings
  #pool: PgPool | undefined
  #probing: NodeJS.Timeout | undefined

  constructor(settings: FallbackSettings) {
    this.#settings = settings
  }

  get active(): boolean {
    return this.#probing !== undefined
  }

  get pool(): PgPool | undefined {
    return this.#pool
  }

  /** Reads there from now on, until the own server answers again. */
  activate(): void {
    if (this.#probing !== undefined) return
    this.#probing = setInterval(() => void this.#probe(), PROBE_MS).unref()
    this.#settings.changed(true)
  }

  async connect(): Promise<PgClient> {
    this.#pool ??= this.#make()
    return await this.#pool.connect()
  }

  async end(): Promise<void> {
    clearInterval(this.#probing)
    this.#probing = undefined
    await this.#pool?.end()
  }

  async #probe(): Promise<void> {
    try {
      const client = await this.#settings.connectAside()
      client.connection.stream.destroy()
    } catch {
      return
    }
    if (this.#probing === undefined) return
    clearInterval(this.#probing)
    this.#probing = undefined
    this.#settings.changed(false)
  }

  #make(): PgPool {
    const { pool, Client, followed } = this.#settings
    const Pool = pool.constructor as new (options: object) => PgPool
    const options = followed()
    const made = new Pool({ ...options, ...readOnlyOptions(options), max: pool.options.max })
    made.Client = Client
    made.on('connect', (client) => client.on('error', () => {})) // whoever holds it finds out by its statement
    made.on('error', () => {})
    return made
  }
}
