import { readName } from './names.ts'
import type { ServerSession } from './server-session.ts'

/** A database that somebody makes has no connection for a moment; in seconds. */
const YOUNG = 60

/** A template that nobody has used for so long is one of an older state of the sources; in seconds. */
const FORGOTTEN = 7 * 24 * 3600

const DATABASES = `select d.datname as name, extract(epoch from now())::int as now, shobj_description(d.oid, 'pg_database') as used
  from pg_database d where d.datname like 'sqlassist\\_%' and not exists (select from pg_stat_activity a where a.datid = d.oid)`

const USED = 'fastify-sqlassist: used at '

/** What is written on a template when it is used. */
export const usedAt = (seconds: number): string => `${USED}${seconds}`

/** Drops what tests have left that were killed. A database that is in use has a connection, which its test keeps as long as it lives. */
export async function dropLeftovers(server: ServerSession): Promise<void> {
  for (const { name, now, used } of (await server.ask(DATABASES)) as { name: string; now: number; used: string | null }[]) {
    const made = readName(name)?.seconds
    const isOld = made === undefined ? used?.startsWith(USED) === true && now - Number(used.slice(USED.length)) > FORGOTTEN : now - made > YOUNG
    if (isOld) await server.ask(`drop database if exists "${name}"`).catch(() => {}) // somebody else was faster, or uses it after all
  }
}
