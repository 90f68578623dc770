import { type Connection, MikroORM } from '@mikro-orm/core'
import { DriverUnsupportedError } from '../errors.ts'
import { isMemory, sqliteName, sqlitePath } from '../sqlite/database-name.ts'
import { isPlainObject } from '../options-check.ts'
import { dialectOf, isReadyMadeKysely } from './dialect.ts'
import { type AnyOptions, sqlAssistConfig } from './guarantees.ts'

/** Who wants to migrate what, and how long that may wait. */
interface LockRequest {
  readonly name: string
  readonly config: AnyOptions
  readonly timeoutMs: number
}

/** The advisory lock's key: a number that nobody else is likely to use, the same in all processes. */
const KEY = `hashtextextended('fastify-sqlassist/migrate', 0)`

/** The part of MikroORM's SQL connections that we use. */
interface SqlConnection extends Connection {
  execute(sql: string, params?: unknown[], method?: 'all', ctx?: unknown): Promise<unknown>
}

/** Runs a function while no other process runs one under the same database's lock. The lock goes with the process that holds it. */
export async function withMigrationLock(request: LockRequest, fn: () => Promise<void>): Promise<void> {
  const { config } = request
  if (dialectOf(config.driver) === 'postgresql') return await withAdvisoryLock(request, fn)
  const file = sqliteName(config)
  // No other process can open a database in memory; what a ready-made dialect opens is not known.
  if (file === undefined || isMemory(file) || isReadyMadeKysely(config.driverOptions)) return await fn()
  return await withFileLock(request, `${sqlitePath(file)}-migrating`, fn)
}

/**
 * On a connection of its own, which a transaction keeps: the pool would close a connection that does nothing, and a connection pooler
 * would hand it to somebody else.
 */
async function withAdvisoryLock({ name, config, timeoutMs }: LockRequest, fn: () => Promise<void>): Promise<void> {
  if (isReadyMadeKysely(config.driverOptions)) throw new DriverUnsupportedError(name, 'a ready-made kysely', `'migrate' needs a connection of its own: pass driver options instead`)
  const options = { ...connectionOptions(config), pool: { ...config.pool, min: 0, max: 1 } }
  await using lock = await connected(() => new LockOrm(sqlAssistConfig(name, options)))
  await lock.connection.transactional(async (transaction) => {
    const settings = [`lock_timeout = ${Math.ceil(timeoutMs)}`, ...['statement_timeout', 'idle_in_transaction_session_timeout'].map((setting) => `${setting} = 0`)]
    for (const setting of settings) await lock.connection.execute(`set local ${setting}`, [], 'all', transaction)
    await lock.connection.execute(`select pg_advisory_xact_lock(${KEY})`, [], 'all', transaction)
    await fn()
  })
}

/** PostgreSQL's words for a database that somebody else has made at the same moment. */
const MADE_MEANWHILE = new Set(['42P04', '23505'])

/**
 * The first use of a MikroORM makes the database where there is none. Of processes that start at once only one can; the MikroORMs of the
 * others are left connected to the database that they gave the order from, and are of no more use.
 */
async function connected(make: () => LockOrm): Promise<LockOrm> {
  const orm = make()
  try {
    await orm.connection.ensureConnection()
    return orm
  } catch (error) {
    await orm[Symbol.asyncDispose]()
    if (!MADE_MEANWHILE.has(String((error as { code?: unknown }).code))) throw error
    return await connected(make)
  }
}

/** Nothing of the model, and no hook that expects the pool of the engine. */
function connectionOptions(config: AnyOptions): AnyOptions {
  const { driverOptions }: { driverOptions?: unknown } = config
  const options = { ...config, driverOptions: isPlainObject(driverOptions) ? { ...driverOptions, onPoolCreated: undefined } : driverOptions } as Record<string, unknown>
  for (const option of ['discovery', 'subscribers', 'filters', 'namingStrategy']) delete options[option]
  return options
}

/** An exclusive transaction on a database file beside the database, which stays empty: the database itself is what is to be changed. */
async function withFileLock({ config, timeoutMs }: LockRequest, file: string, fn: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + timeoutMs
  await using lock = new LockOrm({ driver: config.driver, dbName: file, driverOptions: { timeout: 0 } } as AnyOptions)
  for (;;) {
    try {
      await lock.connection.execute('begin exclusive')
      break
    } catch (error) {
      if (!/SQLITE_BUSY/.test(String((error as { code?: unknown }).code)) || performance.now() > deadline) throw error
      await pause()
    }
  }
  await fn()
}

/** A moment for somebody else, in which this process goes on with other things. */
export const pause = async (): Promise<void> => await new Promise((resolve) => void setTimeout(resolve, 50))

/** A MikroORM for one connection and no entities. */
class LockOrm {
  readonly #orm: MikroORM

  constructor(options: AnyOptions) {
    this.#orm = new MikroORM({ ...options, entities: [], entitiesTs: [], extensions: [], logger: () => {}, discovery: { warnWhenNoEntities: false } })
  }

  get connection(): SqlConnection {
    return this.#orm.driver.getConnection()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#orm.close()
  }
}
