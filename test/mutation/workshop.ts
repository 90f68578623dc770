import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { type PostgresServer, startPostgres, stopPostgres } from '../support/postgres-server.ts'

/** A copy of the sources to change, and a server for its tests. */
export interface Workshop {
  readonly folder: string
  readonly server: PostgresServer
}

const COPIED = ['orm', 'plugin', 'test', 'docs', 'package.json', 'tsconfig.json']

export async function openWorkshop(): Promise<Workshop> {
  const folder = mkdtempSync(join(tmpdir(), 'sqlassist-mutation-'))
  for (const name of COPIED) cpSync(name, join(folder, name), { recursive: true })
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  return { folder, server: await startPostgres() }
}

export async function closeWorkshop({ folder, server }: Workshop): Promise<void> {
  await stopPostgres(server)
  rmSync(folder, { recursive: true, force: true })
}

/** A change can make a test wait for ever. */
const PATIENCE_MS = 120_000

/** @returns whether the test passes */
export async function runTest({ folder, server }: Workshop, test: string): Promise<boolean> {
  const child = spawn(process.execPath, ['--conditions=fastify-sqlassist-source', '--import=tsx', '--import=./test/support/plain-sources.js', test], {
    cwd: folder,
    env: { ...process.env, DATABASE_URL: server.url, TAP_BAIL: '1', TAP_TIMEOUT: String(PATIENCE_MS / 1000) },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const printed = text(child.stdout)
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  const code = await new Promise<number | null>((done) => child.once('close', done))
  clearTimeout(timer)
  return code === 0 && !/^not ok/m.test(await printed)
}
