// A real MariaDB server for one test file. It is no package of npm: where the machine has none, its tests are skipped.
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort, makeTraversable } from './postgres-server.ts'

interface Teardown {
  teardown(fn: () => unknown): unknown
}

export interface MariaDb {
  /** For the driver. */
  readonly port: number
  /** Runs statements as root, past everything that is tested; the rows of the last one. */
  query(sql: string): Promise<string[][]>
}

const runs = (program: string, argument: string): boolean => spawnSync(program, [argument]).error === undefined

/** Why there is no server; undefined where there is one. */
export const noMariaDb: string | undefined = runs('mariadbd', '--version') && runs('mariadb-install-db', '--help') && runs('mariadb', '--version') ? undefined : 'mariadb-server is not installed'

/** Durability costs seconds and is nothing that is tested here; root has no password on a server that only this machine can reach. */
const QUICK = ['--innodb-flush-method=nosync', '--innodb-log-file-size=8M', '--skip-name-resolve']

/** A server with an empty database `test`, stopped and removed at the end. */
export async function mariaDb(t: Teardown): Promise<MariaDb> {
  const directory = mkdtempSync(join(tmpdir(), 'sqlassist-mariadb-'))
  const [data, socket] = [join(directory, 'data'), join(directory, 'socket')]
  t.teardown(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }))
  await makeTraversable(directory)
  const user = asAnotherUser(directory)
  await promisify(execFile)('mariadb-install-db', ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...user, ...QUICK])
  const port = await freePort()
  const server = spawn('mariadbd', ['--no-defaults', ...user, `--datadir=${data}`, `--socket=${socket}`, `--port=${port}`, '--bind-address=127.0.0.1', '--pid-file=pid', ...QUICK], { stdio: 'ignore' })
  t.teardown(async () => {
    if (server.exitCode === null && server.kill('SIGKILL')) await once(server, 'exit')
  })
  const query = async (sql: string): Promise<string[][]> => {
    const { stdout } = await promisify(execFile)('mariadb', ['--no-defaults', '--user=root', `--socket=${socket}`, '--batch', '--skip-column-names', `--execute=${sql}`])
    return stdout.split('\n').slice(0, -1).map((line) => line.split('\t'))
  }
  while (!(await query('create database if not exists test').then(() => true, () => false))) {
    if (server.exitCode !== null) throw new Error('mariadbd has ended')
    await sleep(50)
  }
  return { port, query: async (sql) => await query(`use test; ${sql}`) }
}

const idOfMysql = (option: string): number => Number(spawnSync('id', [option, 'mysql'], { encoding: 'utf8' }).stdout)

/** The server refuses to run as root; Debian's package makes a user for it. */
function asAnotherUser(directory: string): string[] {
  if (process.getuid?.() !== 0) return []
  chownSync(directory, idOfMysql('-u'), idOfMysql('-g'))
  return ['--user=mysql']
}
