// One server of a replicated cluster: a primary or a standby, whichever it is just now.
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asSuperuser } from './databases.ts'
import { OwnPostgres } from './own-postgres.ts'
import type { TcpProxy } from './tcp-proxy.ts'

/** A standby has had to replay something that was in the way of a query. */
const STOPPED_BY_REPLAY = '40001'

export class ClusterMember extends OwnPostgres {
  /** As the tests call it: `primary`, `replica 1`. */
  readonly name: string
  /** What it streams through, where it was made so: a network that can stand still. */
  network: TcpProxy | undefined

  constructor(name: string, ...server: ConstructorParameters<typeof OwnPostgres>) {
    super(...server)
    this.name = name
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  /** SIGKILL: nobody is told anything, and nothing is tidied up. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL')
  }

  /** Replay stands still; what is streamed is kept for later. */
  async pause(): Promise<void> {
    await this.query('select pg_wal_replay_pause()')
    await this.#until(`pg_get_wal_replay_pause_state() = 'paused'`)
  }

  async resume(): Promise<void> {
    await this.query('select pg_wal_replay_resume()')
    await this.#until(`pg_get_wal_replay_pause_state() = 'not paused'`)
  }

  /** Commits are replayed that much later than they were made. */
  async lag(ms: number): Promise<void> {
    await this.set('recovery_min_apply_delay', `${ms}ms`)
  }

  /** Nothing is streamed any more, and the standby does not know. */
  cutOff(): void {
    this.#proxied().pause()
  }

  /** What was held back is streamed. */
  rejoin(): void {
    this.#proxied().resume()
  }

  /** Becomes a primary, on a timeline of its own. Resolves when it accepts writes. */
  async promote(): Promise<void> {
    await this.query('select pg_promote(true)')
    await this.#until('not pg_is_in_recovery()')
  }

  /** Follows another server from now on. */
  async repoint(url: string): Promise<void> {
    await this.set('primary_conninfo', url)
  }

  /** A primary that refuses to write, as an administrator makes one. */
  async setReadOnly(readOnly: boolean): Promise<void> {
    await this.set('default_transaction_read_only', readOnly ? 'on' : 'off')
  }

  /** A primary that was stopped, and starts as a standby of another one. */
  async startAsStandbyOf(url: string): Promise<void> {
    makeStandby(this.directory, url)
    await this.start()
  }

  /** Sets a parameter of the whole server. Resolves when it holds. */
  async set(parameter: string, value: string): Promise<void> {
    await this.query(`alter system set ${parameter} = '${value}'`)
    const [{ before }] = await this.query<[{ before: Date }]>('select pg_conf_load_time() before')
    await this.query('select pg_reload_conf()')
    while ((await this.query<[{ at: Date }]>('select pg_conf_load_time() at'))[0].at.getTime() <= before.getTime()) await sleep(2)
    if (parameter === 'synchronous_standby_names') await this.#checkpointerKnows()
  }

  /** The end of what is written on a primary, of what is replayed on a standby. */
  async position(): Promise<string> {
    const [{ lsn }] = await this.query<[{ lsn: string }]>('select (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end)::text lsn')
    return lsn
  }

  async hasReplayed(position: string): Promise<boolean> {
    const [{ done }] = await this.query<[{ done: boolean }]>(`select pg_last_wal_replay_lsn() >= '${position}'::pg_lsn done`)
    return done
  }

  /** As a superuser, past everything that is tested. */
  async query<T = object[]>(sql: string, params: unknown[] = []): Promise<T> {
    try {
      return (await asSuperuser(this.url, sql, params)) as T
    } catch (error) {
      if ((error as { code?: string }).code !== STOPPED_BY_REPLAY) throw error
      return await this.query(sql, params)
    }
  }

  async #until(condition: string): Promise<void> {
    while (!(await this.query<[{ done: boolean }]>(`select ${condition} done`))[0].done) await sleep(2)
  }

  /**
   * Whether a COMMIT waits for standbys it reads off a flag in shared memory, and not off the parameter that it knows as well: the checkpointer sets the flag when it has read
   * the new parameter, between two checkpoints. The second of two begins after that for certain; the first may have been begun by a checkpointer that had looked just before.
   */
  async #checkpointerKnows(): Promise<void> {
    for (let times = 0; times < 2; times++) await this.query('checkpoint')
  }

  #proxied(): TcpProxy {
    if (this.network === undefined) throw new Error(`${this.name} streams without a proxy`)
    return this.network
  }
}

/** Writes what makes a standby of the files of a server that is stopped. */
export function makeStandby(directory: string, streamFrom: string): void {
  writeFileSync(join(directory, 'data', 'standby.signal'), '')
  appendFileSync(join(directory, 'data', 'postgresql.auto.conf'), `primary_conninfo = '${streamFrom}'\n`)
}
