import type { MikroORM, Options } from '@mikro-orm/core'

/** The databases that we know more of than MikroORM tells us. */
export type Dialect = 'postgresql' | 'sqlite' | 'other'

const DIALECTS: Readonly<Record<string, Dialect>> = { PostgreSqlDriver: 'postgresql', SqliteDriver: 'sqlite' }

/** What is known of a driver by the name of its class or of an ancestor: importing the drivers would make them dependencies. */
export function knownByName<T>(driver: Options['driver'], names: Readonly<Record<string, T>>): T | undefined {
  for (let cls: unknown = driver; typeof cls === 'function'; cls = Object.getPrototypeOf(cls)) {
    const known = names[cls.name]
    if (known !== undefined) return known
  }
  return undefined
}

export const dialectOf = (driver: Options['driver']): Dialect => knownByName(driver, DIALECTS) ?? 'other'

/** The driver of an engine, by its options. */
export function driverOf({ config, orm }: { readonly config?: Partial<Options> | undefined; readonly orm?: object | undefined }): Options['driver'] {
  return orm === undefined ? config?.driver : (orm as MikroORM).config.get('driver')
}

/** Whether `driverOptions` is a ready kysely instance or dialect, so that its connections are made by somebody else. */
export function isReadyMadeKysely(driverOptions: unknown): driverOptions is object {
  if (typeof driverOptions !== 'object' || driverOptions === null) return false
  return 'createDriver' in driverOptions || 'selectFrom' in driverOptions
}
