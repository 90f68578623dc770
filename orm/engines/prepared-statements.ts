import type { MikroORM } from '@mikro-orm/core'
import { bindParameters } from '../binding/bound-connection.ts'
import { postgresLiterals } from '../binding/postgres-literals.ts'
import { sqliteLiterals } from '../binding/sqlite-literals.ts'
import { InvalidOptionsError } from '../errors.ts'
import { cacheStatements } from '../sqlite/cache-statements.ts'
import { dialectOf, isReadyMadeKysely } from './dialect.ts'
import type { EngineDefinition } from './definition.ts'
import { type Guarantees, guaranteesOf } from './guarantees.ts'
import type { EngineOptions } from './options.ts'

/** @throws InvalidOptionsError */
export function assertPreparedStatements(where: string, { preparedStatements, config, orm }: EngineOptions): void {
  if (preparedStatements === undefined || preparedStatements === 'auto' || preparedStatements === false) return
  if (preparedStatements !== true) throw new InvalidOptionsError(where, `must be true, false or 'auto'`)
  if (orm === undefined && config === undefined) return // replicas, which are PostgreSQL's
  const guarantees = orm && guaranteesOf((orm as MikroORM).config.get('driverOptions'))
  if (orm !== undefined && guarantees === undefined) throw new InvalidOptionsError(where, 'is not possible with a MikroORM that was made without sqlAssistConfig()')
  if (guarantees?.dialect === 'other' || (config !== undefined && dialectOf(config.driver) === 'other')) throw new InvalidOptionsError(where, 'is for PostgreSQL and SQLite')
  if (isReadyMadeKysely(guarantees?.userDriverOptions ?? config?.driverOptions)) throw new InvalidOptionsError(where, `is not possible with the application's own kysely: pass driver options instead`)
}

/** Lets a MikroORM send its values as its engine has it. */
export function prepareStatements(orm: MikroORM, guarantees: Guarantees, { preparedStatements: mode = 'auto', fastPath }: Pick<EngineDefinition, 'preparedStatements' | 'fastPath'>): void {
  guarantees.preparedStatements = mode
  if (guarantees.dialect === 'sqlite' && (mode !== false || fastPath)) cacheStatements(orm, guarantees)
  if (mode === false) return
  if (guarantees.dialect === 'postgresql') bindParameters(orm, postgresLiterals, guarantees)
  if (guarantees.dialect === 'sqlite') bindParameters(orm, sqliteLiterals, guarantees)
}
