import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { usedAt } from './leftovers.ts'
import { atDatabase, newName, templateName } from './names.ts'
import { ServerSession } from './server-session.ts'

/** What test databases are copies of: made once, and again when what it is made of has changed. */
export interface TestTemplate {
  /** Fills an empty database: tables, and rows that every test needs. It closes what it opens. */
  readonly make: (url: string) => Promise<void>
  /** The files, and folders of files, that decide what `make` makes: migrations, entities, seeds. */
  readonly files?: readonly string[]
  /** What else decides it. */
  readonly key?: string
}

/**
 * Sees to it that there is a template, and runs something while nobody else makes one.
 *
 * @param use - is given its name
 */
export async function withTemplate(server: ServerSession, url: string, template: TestTemplate, use: (name: string) => Promise<void>): Promise<void> {
  const digest = digestOf(template)
  const name = templateName(digest)
  const lock = BigInt.asIntN(64, BigInt(`0x${digest.slice(0, 16)}`))
  await server.ask(`select pg_advisory_lock(${lock})`)
  try {
    const [known] = await server.ask(`select 1 from pg_database where datname = '${name}'`)
    if (known === undefined) await make(server, url, template, name)
    await server.ask(`comment on database "${name}" is '${usedAt(await serverTime(server))}'`)
    await use(name)
  } finally {
    await server.ask(`select pg_advisory_unlock(${lock})`)
  }
}

/** The server's time, in seconds. */
export async function serverTime(server: ServerSession): Promise<number> {
  const [row] = await server.ask('select extract(epoch from now())::int as now')
  return row!['now'] as number
}

/** Under another name until it is complete: one that is half made is never taken for the template. */
async function make(server: ServerSession, url: string, template: TestTemplate, name: string): Promise<void> {
  const making = newName('making', await serverTime(server))
  await server.ask(`create database "${making}"`)
  try {
    const inUse = await ServerSession.open(atDatabase(url, making)) // so that nobody takes it for one that was left behind
    try {
      await template.make(atDatabase(url, making))
    } finally {
      await inUse[Symbol.asyncDispose]()
    }
    await server.ask(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${making}'`)
    await untilUnused(server, making)
    await server.ask(`alter database "${making}" rename to "${name}"`)
  } catch (error) {
    await server.ask(`drop database if exists "${making}" with (force)`)
    throw error
  }
}

/** A connection that was closed is there for a moment longer. */
async function untilUnused(server: ServerSession, name: string): Promise<void> {
  while ((await server.ask(`select 1 from pg_stat_activity where datname = '${name}'`)).length > 0) await server.ask('select pg_sleep(0.01)')
}

function digestOf({ files = [], key = '' }: TestTemplate): string {
  const hash = createHash('sha256').update(key)
  for (const path of files.flatMap(filesIn).toSorted()) hash.update(`\0${relative(process.cwd(), path)}\0`).update(readFileSync(path))
  return hash.digest('hex')
}

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}
