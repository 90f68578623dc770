import { readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'

/** The options that may name a SQLite database. */
interface NamingOptions {
  readonly dbName?: unknown
  readonly clientUrl?: unknown
  readonly driverOptions?: unknown
  /** libSQL's name for it. */
  readonly url?: unknown
}

/** The name that MikroORM will open, found in the order in which it looks. */
export function sqliteName({ dbName, clientUrl, driverOptions }: NamingOptions): string | undefined {
  const own = typeof driverOptions === 'object' && driverOptions !== null ? (driverOptions as NamingOptions) : undefined
  for (const name of [own?.dbName ?? own?.url, dbName]) if (typeof name === 'string') return name
  return typeof clientUrl === 'string' && URL.canParse(clientUrl) ? decodeURIComponent(new URL(clientUrl).pathname).slice(1) || undefined : undefined
}

/** Whether a name means a database that no second connection can open: in memory, or an unnamed temporary file. */
export function isMemory(dbName: unknown): boolean {
  if (typeof dbName !== 'string') return false
  const name = dbName.trim() // as better-sqlite3 does
  return name === '' || name === ':memory:' || name.startsWith('file::memory:') || /^file:.*[?&]mode=memory(?:&|$)/.test(name)
}

/**
 * The one path of the file that a name leads to, whether it is relative, a `file:` URI (SQLite reads those where SQLITE_USE_URI=1) or
 * reached through links, and also where the file is still to be made.
 */
export function sqlitePath(dbName: string): string {
  const name = dbName.trim()
  const uri = /^file:(?:\/\/(?:localhost)?(?=\/))?([^?#]*)/.exec(name)
  return followed(resolve(uri === null ? name : decodeURIComponent(uri[1]!)))
}

/** SQLite itself follows no more links than that. */
const LINKS = 100

function followed(path: string, links = LINKS): string {
  try {
    return realpathSync(path)
  } catch {
    const target = links > 0 ? linkTarget(path) : undefined
    if (target !== undefined) return followed(target, links - 1)
    const directory = dirname(path)
    return directory === path ? path : join(followed(directory, links), basename(path))
  }
}

function linkTarget(path: string): string | undefined {
  try {
    const target = readlinkSync(path)
    return isAbsolute(target) ? target : resolve(dirname(path), target)
  } catch {
    return undefined // not a link, or not there: the writer makes it
  }
}
