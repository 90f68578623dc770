import type { MikroORM } from '@mikro-orm/core'
import { DriverUnsupportedError } from '../errors.ts'
import type { OtherDriver } from './driver.ts'
import type { Driver, KyselyDialect } from './kysely-driver.ts'
import { refuseRawTransactions } from './own-transactions.ts'
import { committingHonestly } from './pglite.ts'

/** The part of MikroORM's connections that makes their kysely. */
interface SqlConnection {
  readonly connected: boolean
  createKyselyDialect(options: unknown): KyselyDialect | Promise<KyselyDialect>
}

/**
 * Puts around kysely's driver what its database does not give by itself.
 *
 * @throws DriverUnsupportedError where it is too late
 */
export function watchDriver(orm: MikroORM, other: OtherDriver, engine: string): void {
  if (other === 'libsql') return
  const connection = orm.driver.getConnection('write') as unknown as SqlConnection
  if (Object.hasOwn(connection, 'createKyselyDialect')) return
  const { name } = orm.driver.constructor
  if (connection.connected) throw new DriverUnsupportedError(engine, name, `its MikroORM was connected before it was registered, so that its connections are not looked after: register it first, or close() it before`)
  const watch = (driver: Driver): Driver => {
    const watched = refuseRawTransactions(driver, engine, name)
    return other === 'pglite' ? committingHonestly(watched, engine) : watched
  }
  const create = connection.createKyselyDialect.bind(connection)
  const watchDialect = (dialect: KyselyDialect): KyselyDialect => {
    const createDriver = dialect.createDriver.bind(dialect)
    dialect.createDriver = () => watch(createDriver())
    return dialect
  }
  connection.createKyselyDialect = (options) => {
    const dialect = create(options)
    return dialect instanceof Promise ? dialect.then(watchDialect) : watchDialect(dialect)
  }
}
