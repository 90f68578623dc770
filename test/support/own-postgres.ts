// A PostgreSQL server for one test, which stops it, kills it, freezes it and starts it again.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { alive, type PostgresServer, servePostgres, startPostgres, stopPostgres } from './postgres-server.ts'

interface Teardown {
  teardown(fn: () => unknown): unknown
}

export class OwnPostgres {
  #server: PostgresServer
  readonly #settings: readonly string[]

  constructor(server: PostgresServer, settings: readonly string[]) {
    this.#server = server
    this.#settings = settings
  }

  /** A superuser's URL of the database `postgres`; the same after a restart. */
  get url(): string {
    return this.#server.url
  }

  get directory(): string {
    return this.#server.directory
  }

  /** Fast shutdown by default; with SIGKILL the server gets no chance to say anything. Resolves when all its processes are gone. */
  async stop(signal: 'SIGINT' | 'SIGKILL' = 'SIGINT'): Promise<void> {
    const processes = this.#processes()
    process.kill(this.#server.pid, signal)
    while (processes.some(alive)) await sleep(10)
  }

  /** Starts it again on the same port. Resolves when it answers. */
  async start(): Promise<void> {
    const { directory, url } = this.#server
    this.#server = await servePostgres(directory, Number(new URL(url).port), this.#settings)
  }

  /** Stops all its processes where they are: connections stay open, and nobody answers. */
  freeze(): void {
    signal(this.#server.pid, 'SIGSTOP') // first, so that it starts no more of them
    for (const pid of this.#processes()) signal(pid, 'SIGSTOP')
  }

  thaw(): void {
    for (const pid of this.#processes()) signal(pid, 'SIGCONT')
  }

  async remove(): Promise<void> {
    if (alive(this.#server.pid)) this.thaw()
    await stopPostgres(this.#server)
  }

  /** The postmaster, and the backends and helpers that it has started. */
  #processes(): number[] {
    const { pid } = this.#server
    return [pid, ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)]
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // it has ended in between
  }
}

export async function ownPostgres(t: Teardown, settings: readonly string[] = []): Promise<OwnPostgres> {
  const server = new OwnPostgres(await startPostgres(settings), settings)
  t.teardown(async () => await server.remove())
  return server
}
