// A database of one part, seen past everything that is tested.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** The connections of our engines, as pg_stat_activity shows them. */
export const OURS = `datname = current_database() and application_name like 'fastify-sqlassist/%'`

export class Database {
  readonly url: string
  readonly #serverUrl: string
  readonly #name: string
  #client: pg.Client | undefined

  private constructor(serverUrl: string, name: string) {
    const url = new URL(serverUrl)
    url.pathname = `/${name}`
    this.url = url.href
    this.#serverUrl = serverUrl
    this.#name = name
  }

  static async create(serverUrl: string): Promise<Database> {
    const database = new Database(serverUrl, `soak_${randomUUID().replaceAll('-', '')}`)
    await database.#asAdmin(`create database ${database.#name}`)
    return database
  }

  async query<T extends object>(sql: string): Promise<T[]> {
    return (await (await this.#connected()).query<T>(sql)).rows
  }

  async count(sql: string): Promise<number> {
    return (await this.query<{ n: number }>(`select count(*)::int n from ${sql}`))[0]!.n
  }

  async idleInTransaction(): Promise<number> {
    return await this.count(`pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`)
  }

  /** The server takes its time to notice that a connection has been closed. */
  async connectionsLeft(): Promise<number> {
    let left = await this.count(`pg_stat_activity where ${OURS}`)
    for (let tries = 0; left > 0 && tries < 200; tries++) {
      await sleep(50)
      left = await this.count(`pg_stat_activity where ${OURS}`)
    }
    return left
  }

  async saved(): Promise<string[]> {
    return (await this.query<{ text: string }>(`select text from line where text like 'saved %'`)).map(({ text }) => text)
  }

  async drop(): Promise<void> {
    await this.#client?.end()
    await this.#asAdmin(`drop database ${this.#name} with (force)`)
  }

  async #asAdmin(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#serverUrl })
    await client.connect()
    await client.query(sql)
    await client.end()
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client
    const client = new pg.Client({ connectionString: this.url, application_name: 'the soak itself' })
    client.on('error', () => {}) // a server that is restarted
    client.once('end', () => (this.#client = undefined))
    await client.connect()
    this.#client = client
    return client
  }
}
