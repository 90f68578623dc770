import type { MigrationsOptions } from '@mikro-orm/core'
import { InvalidOptionsError } from '../errors.ts'
import { assertTimeout, isPlainObject } from '../options-check.ts'
import { dialectOf } from './dialect.ts'

/** How pending migrations run at start-up: MikroORM's own `migrations` options, over those of the config. */
export interface MigrateOptions extends Partial<Omit<MigrationsOptions, 'snapshot' | 'snapshotOnMigrate'>> {
  /** How long to wait for another process that is migrating, in ms. Default: 5 minutes. */
  readonly lockTimeoutMs?: number
}

/**
 * Checks the option `migrate` of an engine.
 *
 * @throws InvalidOptionsError
 */
export function assertMigrate(where: string, options: Readonly<Record<string, unknown>>): void {
  const { migrate, readonly, orm, config } = options
  if (migrate === undefined || migrate === false) return
  if (migrate !== true && !isPlainObject(migrate)) throw new InvalidOptionsError(where, `must be true, false, or MikroORM's migrations options such as { path }`)
  if (migrate !== true) assertTimeout(`${where}.lockTimeoutMs`, migrate['lockTimeoutMs'])
  if (readonly === true) throw new InvalidOptionsError(where, 'is refused on a readonly engine: give it to the engine that writes')
  if (orm !== undefined) throw new InvalidOptionsError(where, `goes with 'config': an application that makes its own MikroORM runs its migrations before it hands it over`)
  if (dialectOf((config as { driver?: never }).driver) === 'other') throw new InvalidOptionsError(where, 'works on PostgreSQL and SQLite, where processes that start at once can wait for each other')
}
