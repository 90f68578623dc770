import type { MikroORM, Options } from '@mikro-orm/core'
import { DriverUnsupportedError, InvalidOptionsError, OrmWithoutConfigError } from '../errors.ts'
import { ENGINE_NAME } from '../transactions/two-phase/gid.ts'
import { dialectOf, driverOf, isReadyMadeKysely } from './dialect.ts'
import { guaranteesOf } from './guarantees.ts'
import type { EngineOptions } from './options.ts'

/**
 * Checks an engine with `twoPhase: true`.
 *
 * @throws InvalidOptionsError, DriverUnsupportedError, OrmWithoutConfigError
 */
export function assertTwoPhase(name: string, { config, orm, readonly, autocommit }: EngineOptions): void {
  const where = `engines.${name}.twoPhase`
  if (readonly === true || autocommit === true) throw new InvalidOptionsError(where, `is for engines that commit in transactions: this one is ${readonly === true ? 'readonly' : 'autocommit'}`)
  if (!ENGINE_NAME.test(name)) throw new InvalidOptionsError(where, `needs an engine name of letters, digits, '_', '-' and '.', at most 100, because it becomes a part of the names of prepared transactions`)
  const driver: Options['driver'] = driverOf({ config, orm })
  if (dialectOf(driver) !== 'postgresql') throw new DriverUnsupportedError(name, driver?.name ?? 'no driver', `only PostgreSQL can commit in two phases: leave out 'twoPhase'; in a transaction over several engines one such engine is committed between the phases of the others`)
  if (orm === undefined ? isReadyMadeKysely(config?.driverOptions) : guaranteesOf((orm as MikroORM).config.get('driverOptions'))?.readyMade === true) {
    throw new DriverUnsupportedError(name, 'a ready-made kysely', `two-phase commit needs connections of its own: pass driver options instead`)
  }
  if (orm !== undefined && guaranteesOf((orm as MikroORM).config.get('driverOptions')) === undefined) throw new OrmWithoutConfigError(name, 'two-phase commit needs connections that are looked after')
}
