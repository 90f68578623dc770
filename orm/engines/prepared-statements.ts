import type { MikroORM } from '@mikro-orm/core'
import { bindParameters } from '../binding/bound-connection.ts'
import { postgresLiterals } from '../binding/postgres-literals.ts'
import { InvalidOptionsError } from '../errors.ts'
import type { PreparedStatements } from '../postgres/prepared/statement-names.ts'
import { dialectOf, isReadyMadeKysely } from './dialect.ts'
import { type Guarantees, guaranteesOf } from './guarantees.ts'
import type { EngineOptions } from './options.ts'

/** @throws InvalidOptionsError */
export function assertPreparedStatements(where: string, { preparedStatements, config, orm }: EngineOptions): void {
  if (preparedStatements === undefined || preparedStatements === 'auto' || preparedStatements === false) return
  if (preparedStatements !== true) throw new InvalidOptionsError(where, `must be true, false or 'auto'`)
  const options = orm === undefined ? config : { driver: (orm as MikroORM).config.get('driver'), driverOptions: guaranteesOf((orm as MikroORM).config.get('driverOptions'))?.userDriverOptions }
  if (dialectOf(options?.driver) === 'other') throw new InvalidOptionsError(where, 'is for PostgreSQL and SQLite')
  const unknown = orm !== undefined && guaranteesOf((orm as MikroORM).config.get('driverOptions')) === undefined
  if (unknown) throw new InvalidOptionsError(where, 'is not possible with a MikroORM that was made without sqlAssistConfig()')
  if (isReadyMadeKysely(options?.driverOptions)) throw new InvalidOptionsError(where, `is not possible with the application's own kysely: pass driver options instead`)
}

/** Lets a MikroORM send its values as its engine has it. */
export function prepareStatements(orm: MikroORM, guarantees: Guarantees, mode: PreparedStatements = 'auto'): void {
  guarantees.preparedStatements = mode
  if (mode !== false && guarantees.dialect === 'postgresql') bindParameters(orm, postgresLiterals, guarantees)
}
