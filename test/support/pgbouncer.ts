// A real pooler in front of a server. It is no package of npm: where the machine has none, its tests are skipped.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asSuperuser } from './databases.ts'
import { freePort } from './postgres-server.ts'

interface Teardown {
  teardown(fn: () => unknown): unknown
}

/** Why there is no pooler; undefined where there is one. */
export const noPgBouncer: string | undefined = spawnSync('pgbouncer', ['--version']).error === undefined ? undefined : 'pgbouncer is not installed'

/** Nobody: pgbouncer refuses to run as root. */
const NOBODY = 65_534

/**
 * @param url - the database behind it
 * @param poolSize - how many connections there are behind it
 * @param more - lines for its settings
 * @returns its URL through the pooler
 */
export async function pgBouncer(t: Teardown, url: string, mode: 'session' | 'transaction', poolSize = 2, more = ''): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'sqlassist-pgbouncer-'))
  const { hostname, port, username, password, pathname } = new URL(url)
  const own = await freePort()
  const settings = join(directory, 'pgbouncer.ini')
  writeFileSync(settings, `[databases]
${pathname.slice(1)} = host=${hostname} port=${port} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${poolSize}
logfile = ${join(directory, 'log')}
${more}
`)
  const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  if ('uid' in asNobody) for (const path of [directory, settings]) chownSync(path, NOBODY, NOBODY)
  const pooler = spawn('pgbouncer', ['-q', settings], { stdio: 'ignore', ...asNobody })
  t.teardown(async () => {
    if (pooler.exitCode === null && pooler.kill('SIGKILL')) await once(pooler, 'exit')
    rmSync(directory, { recursive: true, force: true })
  })
  const through = new URL(url)
  through.host = `127.0.0.1:${own}`
  while (!(await asSuperuser(through.href, 'select 1').then(() => true, () => false))) {
    if (pooler.exitCode !== null) throw new Error('pgbouncer has ended')
    await sleep(50)
  }
  return through.href
}
