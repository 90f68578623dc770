// Databases for one test file each: nothing is shared between files, so that they can run side by side.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

/** Where `before.ts` writes the server that it has started. */
export const SERVER_FILE = fileURLToPath(new URL('../../.data/test-postgres.json', import.meta.url))

interface Teardown {
  teardown(fn: () => unknown): unknown
}

/** A superuser's URL of the server that the tests use. */
export function serverUrl(): string {
  return process.env['DATABASE_URL'] ?? (JSON.parse(readFileSync(SERVER_FILE, 'utf8')) as { url: string }).url
}

/** Runs statements as a superuser, past everything that is tested. */
export async function asSuperuser<T extends object>(url: string, sql: string, params: unknown[] = []): Promise<T[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<T>(sql, params)).rows
  } finally {
    await client.end()
  }
}

/** A new, empty PostgreSQL database that is dropped when the test file ends. Resolves to its URL. */
export async function postgresDatabase(t: Teardown): Promise<string> {
  const name = `t_${randomUUID().replaceAll('-', '')}`
  const server = serverUrl()
  await asSuperuser(server, `create database ${name}`)
  t.teardown(async () => await asSuperuser(server, `drop database ${name} with (force)`))
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

/** A path for a new SQLite file, in a folder that is removed when the test ends. */
export function sqliteFile(t: Teardown, name = 'test.sqlite'): string {
  const directory = mkdtempSync(join(tmpdir(), 'sqlassist-sqlite-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, name)
}
