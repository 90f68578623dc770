import type { Options } from '@mikro-orm/core'

/** The databases that we know more of than MikroORM tells us. */
export type Dialect = 'postgresql' | 'sqlite' | 'other'

const DIALECTS: Readonly<Record<string, Dialect>> = { PostgreSqlDriver: 'postgresql', SqliteDriver: 'sqlite' }

/** Found by the names of the driver class and its ancestors: importing the drivers would make them dependencies. */
export function dialectOf(driver: Options['driver']): Dialect {
  for (let cls: unknown = driver; typeof cls === 'function'; cls = Object.getPrototypeOf(cls)) {
    const dialect = DIALECTS[cls.name]
    if (dialect !== undefined) return dialect
  }
  return 'other'
}

/** Whether `driverOptions` is a ready kysely instance or dialect, so that its connections are made by somebody else. */
export function isReadyMadeKysely(driverOptions: unknown): driverOptions is object {
  if (typeof driverOptions !== 'object' || driverOptions === null) return false
  return 'createDriver' in driverOptions || 'selectFrom' in driverOptions
}
