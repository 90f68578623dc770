import type { MikroORM } from '@mikro-orm/core'
import { cachedStatements, type SqliteDatabase } from './statement-cache.ts'

/** The parts of MikroORM's SQLite connection that we build on. */
interface SqliteConnection {
  /** The database that was opened last. */
  readonly database: SqliteDatabase
  readonly options: { readonly onCreateConnection?: unknown }
  createKyselyDialect(options: unknown): object
}

type DialectClass = new (config: { readonly database: SqliteDatabase; readonly onCreateConnection: unknown }) => object

/** Lets a MikroORM, from its next connection on, prepare a statement once and not each time that it is sent. */
export function cacheStatements(orm: MikroORM, host: { cachesStatements: boolean }): void {
  const connection = orm.driver.getConnection('write') as unknown as SqliteConnection
  if (Object.hasOwn(connection, 'createKyselyDialect')) return
  const create = connection.createKyselyDialect.bind(connection)
  connection.createKyselyDialect = (options) => {
    const Dialect = create(options).constructor as DialectClass
    host.cachesStatements = true
    return new Dialect({ database: cachedStatements(connection.database), onCreateConnection: connection.options.onCreateConnection ?? orm.config.get('onCreateConnection') })
  }
}
