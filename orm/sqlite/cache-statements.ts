import type { MikroORM } from '@mikro-orm/core'
import type { Commenter } from '../comments/commenter.ts'
import { OpenDatabase } from './open-database.ts'
import { cachedStatements, type SqliteDatabase } from './statement-cache.ts'

/** The parts of MikroORM's SQLite connection that we build on. */
interface SqliteConnection {
  /** The database that was opened last. */
  readonly database: SqliteDatabase
  readonly options: { readonly onCreateConnection?: unknown }
  createKyselyDialect(options: unknown): object
}

type DialectClass = new (config: { readonly database: SqliteDatabase; readonly onCreateConnection: unknown }) => object

/** Who wants to know of it. */
interface Host {
  readonly engine: string
  readonly comments: Commenter | undefined
  readonly preparedStatements: unknown
  cachesStatements: boolean
  database: OpenDatabase | undefined
}

/** Lets a MikroORM, from its next connection on, prepare a statement once and not each time that it is sent, unless that is switched off, and be read past kysely. */
export function cacheStatements(orm: MikroORM, host: Host): void {
  const connection = orm.driver.getConnection('write') as unknown as SqliteConnection
  if (Object.hasOwn(connection, 'createKyselyDialect')) return
  const create = connection.createKyselyDialect.bind(connection)
  connection.createKyselyDialect = (options) => {
    const Dialect = create(options).constructor as DialectClass
    const keeps = host.preparedStatements !== false
    const database = cachedStatements(connection.database, keeps)
    const dialect = new Dialect({ database, onCreateConnection: connection.options.onCreateConnection ?? orm.config.get('onCreateConnection') })
    host.cachesStatements = keeps
    host.database = new OpenDatabase(database, connection, host)
    host.database.watch(dialect)
    return dialect
  }
}
