// Somebody who holds what the statements of the service need, and sees on the server who waits for it.
import pg from 'pg'
import type { Test } from 'tap'

const OURS = `datname = current_database() and application_name like 'fastify-sqlassist/%'`
const ALL_TABLES = 'author, book, tag, book_tags'
const GATE = 4242

export class Administrator {
  readonly #client: pg.Client
  /** Inside a transaction PostgreSQL shows all sessions as they were when they were first looked at. */
  readonly #witness: pg.Client

  private constructor(client: pg.Client, witness: pg.Client) {
    this.#client = client
    this.#witness = witness
  }

  static async of(t: Test, url: string): Promise<Administrator> {
    const clients = ['the administrator', 'a witness'].map((name) => new pg.Client({ connectionString: url, application_name: name }))
    await Promise.all(clients.map(async (client) => await client.connect()))
    t.teardown(async () => await Promise.all(clients.map(async (client) => await client.end())))
    return new Administrator(clients[0]!, clients[1]!)
  }

  async query<T extends object>(sql: string, params: unknown[] = []): Promise<T[]> {
    return (await this.#client.query<T>(sql, params)).rows
  }

  /** From here on every statement of the service waits that needs one of the tables. */
  async holdTables(tables: string = ALL_TABLES): Promise<void> {
    await this.query('begin')
    await this.query(`lock table ${tables} in access exclusive mode`)
  }

  async letGo(): Promise<void> {
    await this.query('rollback')
  }

  /** From here on what the gate stands in waits: see {@link putGateIntoCommits} and {@link putGateIntoBooks}. */
  async shutGate(): Promise<void> {
    await this.query(`select pg_advisory_lock(${GATE})`)
  }

  async openGate(): Promise<void> {
    await this.query(`select pg_advisory_unlock(${GATE})`)
  }

  /** A transaction that has inserted a tag has to pass the gate in its COMMIT. */
  async putGateIntoCommits(): Promise<void> {
    await this.#makeGate()
    await this.query(`create constraint trigger gate after insert on tag deferrable initially deferred for each row execute function pass_gate()`)
  }

  /** An insert of a book has to pass the gate. */
  async putGateIntoBooks(): Promise<void> {
    await this.#makeGate()
    await this.query(`create trigger gate before insert on book for each row execute function pass_gate()`)
  }

  async #makeGate(): Promise<void> {
    await this.query(`create function pass_gate() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock_shared(${GATE}); return new; end $$`)
  }

  /** The backends of the service that wait for a lock. */
  async waiting(): Promise<number[]> {
    return await this.#pids(`wait_event_type = 'Lock'`)
  }

  /** The backends of the service. */
  async backends(): Promise<number[]> {
    return await this.#pids('true')
  }

  async idleInTransaction(): Promise<number[]> {
    return await this.#pids(`state like 'idle in transaction%'`)
  }

  async #pids(condition: string): Promise<number[]> {
    const { rows } = await this.#witness.query<{ pid: number }>(`select pid from pg_stat_activity where ${OURS} and ${condition}`)
    return rows.map(({ pid }) => pid)
  }

  /** How many rows were written that were not to stay. */
  async unwanted(): Promise<number> {
    const [row] = await this.query<{ n: number }>(`select (select count(*) from book where title = 'unwanted')::int + (select count(*) from tag where label = 'unwanted')::int
      + abs(2 - (select count(*) from book where title <> 'unwanted'))::int n`)
    return row!.n
  }

  async tags(): Promise<string[]> {
    return (await this.query<{ label: string }>(`select label from tag order by id`)).map(({ label }) => label)
  }
}
