import type { Options } from '@mikro-orm/core'
import { knownByName } from '../engines/dialect.ts'

/** The drivers beside those of PostgreSQL and SQLite on which the tests have run; what is not known of them is refused. */
export type OtherDriver = 'mariadb' | 'libsql' | 'pglite'

const DRIVERS: Readonly<Record<string, OtherDriver>> = { MariaDbDriver: 'mariadb', LibSqlDriver: 'libsql', PgliteDriver: 'pglite' }

export const otherDriverOf = (driver: Options['driver']): OtherDriver | undefined => knownByName(driver, DRIVERS)

/** Whether the database is a part of the process. */
export const isEmbedded = (driver: Options['driver']): boolean => ['libsql', 'pglite'].includes(otherDriverOf(driver) ?? '')

/** Whether a libSQL database is behind a network: what is set on a connection is not kept there, because the driver makes it anew. */
export const isRemote = (dbName: unknown): boolean => typeof dbName === 'string' && /^(?:https?|libsql|wss?):\/\//.test(dbName)
