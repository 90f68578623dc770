import { SqliteFileSharedError, SqliteMemoryError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'
import { isMemory, sqliteName, sqlitePath } from '../sqlite/database-name.ts'
import { isRemote, otherDriverOf } from '../other/driver.ts'
import { dialectOf, isReadyMadeKysely } from './dialect.ts'
import { guaranteesOf } from './guarantees.ts'
import type { EngineDefinition } from './definition.ts'

/**
 * Refuses SQLite engines that would stand in each other's way: separate databases in memory that look like one, and several writers of
 * one file, whose locks block the whole process.
 *
 * @throws SqliteMemoryError, SqliteFileSharedError
 */
export function assertSqliteFiles(definitions: readonly EngineDefinition[], logger: SqlAssistLogger): void {
  const engines = definitions.map((definition) => ({ definition, ...databaseOf(definition) })).filter(({ sqlite }) => sqlite)
  const inMemory = engines.filter(({ dbName }) => isMemory(dbName))
  if (new Set(inMemory.map(({ readyMade }) => readyMade ?? {})).size > 1) {
    throw new SqliteMemoryError(namesOf(inMemory))
  }
  const writers = engines.filter(({ definition, dbName }) => !definition.readonly && !isMemory(dbName))
  for (const [file, sharers] of Map.groupBy(writers, ({ dbName }) => sqlitePath(dbName))) {
    if (sharers.length === 1) continue
    // An autocommit engine holds the lock for one flush only; every other writer may keep a transaction open while it waits for something.
    if (sharers.some(({ definition }) => !definition.autocommit)) throw new SqliteFileSharedError(file, namesOf(sharers))
    logger.warn({ file, engines: sharers.map(({ definition }) => definition.name) }, `The engines ${namesOf(sharers)} write to one SQLite file: each waits for the other with the event loop stopped`)
  }
}

const namesOf = (engines: readonly { readonly definition: EngineDefinition }[]): string =>
  engines.map(({ definition }) => `'${definition.name}'`).join(' and ')

function databaseOf({ config, orm }: EngineDefinition): { sqlite: boolean; dbName: string; readyMade: object | undefined } {
  const driver: unknown = config?.driver ?? orm?.driver.constructor
  const options = optionsOf(config, orm)
  const dbName = sqliteName(options)
  return {
    sqlite: dbName !== undefined && (dialectOf(driver as never) === 'sqlite' || (otherDriverOf(driver as never) === 'libsql' && !isRemote(dbName))),
    dbName: dbName ?? '',
    readyMade: isReadyMadeKysely(options.driverOptions) ? options.driverOptions : undefined,
  }
}

function optionsOf(config: EngineDefinition['config'], orm: EngineDefinition['orm']): { readonly dbName?: unknown; readonly clientUrl?: unknown; readonly driverOptions?: unknown } {
  if (orm === undefined) return config ?? {}
  const driverOptions: unknown = orm.config.get('driverOptions')
  return { dbName: orm.config.get('dbName'), driverOptions: guaranteesOf(driverOptions)?.userDriverOptions ?? driverOptions }
}
