import type { Options } from '@mikro-orm/core'

/** The drivers beside those of PostgreSQL and SQLite on which the tests have run; what is not known of them is refused. */
export type OtherDriver = 'mariadb' | 'libsql' | 'pglite'

const DRIVERS: Readonly<Record<string, OtherDriver>> = { MariaDbDriver: 'mariadb', LibSqlDriver: 'libsql', PgliteDriver: 'pglite' }

/** Found by name, as {@link dialectOf} does. */
export function otherDriverOf(driver: Options['driver']): OtherDriver | undefined {
  for (let cls: unknown = driver; typeof cls === 'function'; cls = Object.getPrototypeOf(cls)) {
    const other = DRIVERS[cls.name]
    if (other !== undefined) return other
  }
  return undefined
}

/** Whether the database is a part of the process. */
export const isEmbedded = (driver: Options['driver']): boolean => ['libsql', 'pglite'].includes(otherDriverOf(driver) ?? '')

/** Whether a libSQL database is behind a network: what is set on a connection is not kept there, because the driver makes it anew. */
export const isRemote = (dbName: unknown): boolean => typeof dbName === 'string' && /^(?:https?|libsql|wss?):\/\//.test(dbName)
