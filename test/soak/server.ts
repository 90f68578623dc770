// A PostgreSQL server of our own, which can be restarted on its port, frozen, and made to crash.
import { spawn } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { alive, startPostgres, stopPostgres } from '../support/postgres-server.ts'

export class Server {
  readonly url: string
  readonly #directory: string
  /** The command that has started it, so that it can be started again. */
  readonly #command: readonly string[]
  #pid: number

  private constructor(url: string, pid: number, directory: string) {
    this.url = url
    this.#pid = pid
    this.#directory = directory
    this.#command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1) // it ends with one, and an argument may be empty
  }

  static async start(): Promise<Server> {
    const { url, pid, directory } = await startPostgres()
    return new Server(url, pid, directory)
  }

  /** As an administrator does it: everybody's connection ends at once, what was committed stays. Resolves when it answers again. */
  async restart(): Promise<void> {
    process.kill(this.#pid, 'SIGINT')
    while (alive(this.#pid)) await sleep(10)
    const [binary, ...args] = this.#command
    const { uid, gid } = statSync(`${this.#directory}/data`)
    const owner = process.getuid?.() === uid ? {} : { uid, gid }
    const child = spawn(binary!, args, { detached: true, stdio: 'ignore', ...owner })
    child.unref()
    this.#pid = child.pid!
    await this.answers()
  }

  /** Nothing answers any more, and nobody says so: sockets stay open, new ones are accepted by the kernel. */
  freeze(): void {
    process.kill(this.#pid, 'SIGSTOP') // first, so that it makes no more children
    for (const pid of this.#children()) signal(pid, 'SIGSTOP')
  }

  thaw(): void {
    for (const pid of this.#children()) signal(pid, 'SIGCONT')
    process.kill(this.#pid, 'SIGCONT')
  }

  /** Kills one process of it with -9: the server ends all the others, recovers, and goes on. Resolves when it answers again. */
  async crash(pid: number): Promise<void> {
    signal(pid, 'SIGKILL')
    while (alive(pid)) await sleep(1)
    await this.answers()
  }

  async answers(): Promise<void> {
    for (let tries = 0; ; tries++) {
      const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 5000 })
      client.on('error', () => {})
      try {
        await client.connect()
        await client.end()
        return
      } catch (error) {
        if (tries === 2000) throw new Error('PostgreSQL does not answer any more', { cause: error })
        await sleep(10)
      }
    }
  }

  async stop(): Promise<void> {
    if (alive(this.#pid)) this.thaw()
    await stopPostgres({ url: this.url, pid: this.#pid, directory: this.#directory })
  }

  #children(): number[] {
    return readFileSync(`/proc/${this.#pid}/task/${this.#pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // it has ended in between
  }
}
