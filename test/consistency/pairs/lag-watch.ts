// How late the replicas really are: a lag that is set is there only when so much time has passed with commits in it.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Times } from '../../soak/times.ts'
import type { ReplicatedCluster } from '../../support/replicated-cluster.ts'

/** How often to look, in ms. */
const EVERY_MS = 100

const WRITTEN = `select (pg_current_wal_flush_lsn() - '0/0')::float8 place`
const REPLAYED = `select (pg_last_wal_replay_lsn() - '0/0')::float8 place`

/** The primary was there in its log, at that time or before. */
interface Mark {
  readonly place: number
  readonly at: number
}

export class LagWatch {
  /** Of each replica, each time. */
  readonly seen = new Times()
  readonly #latest: number[]
  readonly #marks: Mark[] = []
  readonly #primary: pg.Client
  readonly #replicas: readonly pg.Client[]
  #over = false
  #running: Promise<void> = Promise.resolve()

  private constructor(primary: pg.Client, replicas: readonly pg.Client[]) {
    this.#primary = primary
    this.#replicas = replicas
    this.#latest = replicas.map(() => 0)
  }

  static async start({ primary, replicas }: ReplicatedCluster): Promise<LagWatch> {
    const clients = await Promise.all([primary, ...replicas].map(async ({ url }) => await connect(url)))
    const [first, ...others] = clients as [pg.Client, ...pg.Client[]]
    const watch = new LagWatch(first, others)
    watch.#running = watch.#run()
    watch.#running.catch(() => {}) // stop() tells it
    return watch
  }

  /** In the order of the replicas, when they were last looked at, in ms. */
  get latest(): readonly number[] {
    return this.#latest
  }

  async stop(): Promise<void> {
    this.#over = true
    await this.#running
    await Promise.all([this.#primary, ...this.#replicas].map(async (client) => await client.end()))
  }

  async #run(): Promise<void> {
    for (; !this.#over; await sleep(EVERY_MS)) {
      await Promise.all(this.#replicas.map(async (replica, index) => {
        const ms = await this.#lagOf(replica)
        this.#latest[index] = ms
        this.seen.add(ms)
      }))
      const place = await placeOf(this.#primary, WRITTEN)
      if (place !== this.#marks.at(-1)?.place) this.#marks.push({ place, at: performance.now() })
    }
  }

  /** For how long the primary has had what the replica has not, at the least; by the clock of this process. */
  async #lagOf(replica: pg.Client): Promise<number> {
    const asked = performance.now()
    const replayed = await placeOf(replica, REPLAYED)
    const missed = this.#marks.find(({ place }) => place > replayed)
    return missed === undefined ? 0 : Math.max(0, asked - missed.at)
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {}) // the next question tells it
  await client.connect()
  return client
}

const placeOf = async (client: pg.Client, sql: string): Promise<number> => (await client.query<{ place: number }>(sql)).rows[0]!.place
