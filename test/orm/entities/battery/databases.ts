// The databases of the battery: three of each kind, because a combination has three engines.
import { PostgreSqlDriver } from '@mikro-orm/postgresql'
import { SqliteDriver } from '@mikro-orm/sqlite'
import { postgresDatabase, sqliteFile } from '../../../support/databases.ts'

export type Kind = 'PostgreSQL' | 'SQLite'

export type Databases = Record<Kind, readonly object[]>

/** MikroORM options of the databases, by kind. */
export async function makeDatabases(t: { teardown(fn: () => unknown): unknown }): Promise<Databases> {
  const urls = await Promise.all([1, 2, 3].map(async () => await postgresDatabase(t)))
  return {
    PostgreSQL: urls.map((clientUrl) => ({ driver: PostgreSqlDriver, clientUrl })),
    SQLite: [1, 2, 3].map((number) => ({ driver: SqliteDriver, dbName: sqliteFile(t, `battery-${number}.sqlite`) })),
  }
}
