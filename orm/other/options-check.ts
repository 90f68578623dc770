import { dialectOf, driverOf } from '../engines/dialect.ts'
import type { EngineOptions } from '../engines/options.ts'
import { InvalidOptionsError } from '../errors.ts'

/**
 * Refuses what an engine asks for and would not get, because its database is not PostgreSQL: an option that is ignored looks like one that works.
 *
 * @throws InvalidOptionsError
 */
export function assertServed(where: string, { config, orm, limits, resetOnRelease, follows, fastPath }: EngineOptions): void {
  if (config === undefined && orm === undefined) return // replicas, which are PostgreSQL's
  const dialect = dialectOf(driverOf({ config, orm }))
  if (dialect === 'postgresql') return
  if (limits !== undefined) throw new InvalidOptionsError(`${where}.limits`, 'is for PostgreSQL: with other drivers how long one waits is not for us to say. Leave it out, and set what the driver has in driverOptions')
  if (resetOnRelease === 'session') throw new InvalidOptionsError(`${where}.resetOnRelease`, 'is for PostgreSQL: what clings to a connection of another driver is not known. Leave it out')
  if (dialect !== 'other') return
  if (follows !== undefined) throw new InvalidOptionsError(`${where}.follows`, 'is for PostgreSQL and SQLite: how to read from elsewhere while a database is down is not known of other drivers. Leave it out')
  if (fastPath === true) throw new InvalidOptionsError(`${where}.fastPath`, 'is for PostgreSQL and SQLite: other drivers take the general way. Leave it out')
}
