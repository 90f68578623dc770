import type { Options } from '@mikro-orm/core'
import { markCopy } from '../copies.ts'
import type { Commenter } from '../comments/commenter.ts'
import { sharedHydrator } from '../entities/shared-hydrator.ts'
import type { NamingConventionOption } from '../models/naming/convention.ts'
import { namingOptions } from '../models/naming/naming-options.ts'
import { InvalidOptionsError } from '../errors.ts'
import { noLogger, type SqlAssistLogger } from '../logger.ts'
import { postgresDriverOptions } from '../postgres/driver-options.ts'
import type { PreparedStatements } from '../postgres/prepared/statement-names.ts'
import { EnginePool } from '../postgres/engine-pool.ts'
import { givingBack } from '../postgres/connection-hooks.ts'
import { RECORDS_TABLE } from '../transactions/two-phase/records.ts'
import { sessionClass } from '../sessions/session-class.ts'
import { sessionSubscriber } from '../sessions/subscriber.ts'
import { sqliteName } from '../sqlite/database-name.ts'
import type { OpenDatabase } from '../sqlite/open-database.ts'
import { sqliteDriverOptions, sqliteSetup } from '../sqlite/driver-options.ts'
import { forgiveRollback } from '../sqlite/forgiving-rollback.ts'
import { watchConnection } from '../sqlite/watch-connection.ts'
import { queryOnlyDialect, type SqliteDialectLike } from '../sqlite/query-only-dialect.ts'
import { type OtherDriver, otherDriverOf } from '../other/driver.ts'
import { refuseAfterDeadlock } from '../other/failed-transaction.ts'
import { refuseStreams } from '../other/pglite.ts'
import { otherDriverOptions, otherSetup } from '../other/settings.ts'
import { assertConfig, assertReadonlyPossible } from './config-check.ts'
import { uniqueContextName } from './context-name.ts'
import { type Dialect, dialectOf, isReadyMadeKysely } from './dialect.ts'
import { entityManagerClassOf } from './driver-entity-manager.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- options of any driver
export type AnyOptions = Partial<Options<any, any, any>>

/** Why the statements of a ready-made kysely get no comments. */
export const READY_MADE = `its connections are made by the application's own kysely: pass driver options instead; with false this engine goes without`

/** What has been promised for one MikroORM instance. Its connections look here when they are made, which is after registration. */
export class Guarantees {
  readonly engine: string
  readonly dialect: Dialect
  readonly other: OtherDriver | undefined
  readonly dbName: unknown
  readonly pool: EnginePool
  readonly #options: AnyOptions
  #comments: Commenter | undefined
  readonly = false
  /** True from the first connection on: too late to make it readonly. */
  connected = false
  /** True from the moment it is registered as a writable engine: too late as well. */
  writable = false
  logger: SqlAssistLogger = noLogger
  /** Whether values go beside statements. Until it is registered nothing is known of it. */
  preparedStatements: PreparedStatements = false
  /** SQLite: the connection was made so that statements are kept, and get their values as literals would say them. */
  cachesStatements = false
  /** SQLite: what was opened last. */
  database: OpenDatabase | undefined

  constructor(engine: string, options: AnyOptions) {
    this.engine = engine
    this.#options = options
    this.dialect = dialectOf(options.driver)
    this.other = otherDriverOf(options.driver)
    this.dbName = sqliteName(options)
    this.pool = new EnginePool(engine, () => this.logger)
  }

  /** Writes the comments for the statements, where they are wanted. */
  get comments(): Commenter | undefined {
    return this.#comments
  }

  set comments(comments: Commenter | undefined) {
    this.#comments = this.pool.comments = comments
  }

  /** Whether the connections are the application's own business. */
  readyMade = false

  /** Values beside a statement are read in their own way by each client, so that it has to be one that is known. */
  get binds(): boolean {
    return this.preparedStatements !== false && !this.readyMade && (this.dialect !== 'sqlite' || this.cachesStatements)
  }

  /** What the application gave: `driverOptions` of the MikroORM is ours by then. */
  get userDriverOptions(): unknown {
    return this.#options.driverOptions
  }

  /** From the next connection on the database refuses writes. */
  makeReadonly(): void {
    assertReadonlyPossible(this.engine, this.#options)
    this.readonly = true
    this.pool.readonly = true
  }

  /** Where statements can be sent past kysely, unless the application has put something of its own around its connection. */
  get reads(): OpenDatabase | undefined {
    return this.database?.ready === true && this.#options.onCreateConnection === undefined ? this.database : undefined
  }

  /** The `driverOptions` for a connection that is about to be made. */
  driverOptions(given: unknown): unknown {
    this.connected = true
    const user: unknown = typeof given === 'function' ? (given as () => unknown)() : (given ?? {})
    if (isReadyMadeKysely(user)) {
      this.readyMade = true
      if (this.comments !== undefined) throw new InvalidOptionsError(`engines.${this.engine}.sqlComments`, `is not possible, because ${READY_MADE}`)
      if (this.pool.pipelines) throw new InvalidOptionsError(`engines.${this.engine}.pipeline`, `is not possible, because ${READY_MADE}`)
      if (!this.readonly) return user
      assertReadonlyPossible(this.engine, { ...this.#options, driverOptions: user }) // again: a function may have made it
      return queryOnlyDialect(user as SqliteDialectLike)
    }
    const options = user as Record<string, unknown>
    if (this.dialect === 'postgresql') return postgresDriverOptions(options, this.engine, this.readonly, this.pool)
    if (this.dialect === 'sqlite') return sqliteDriverOptions(options, this.dbName, this.readonly)
    return otherDriverOptions(this.other, options)
  }

  /** A statement that each new connection starts with, if any. */
  setup(): string | undefined {
    return this.dialect === 'sqlite' ? sqliteSetup(this.dbName, this.readonly) : otherSetup(this.other, this.dbName, this.readonly)
  }
}

const guaranteed = new WeakMap<object, Guarantees>()

/** The guarantees of a MikroORM instance or of its options, found by the one function that only we put there. */
export function guaranteesOf(driverOptions: unknown): Guarantees | undefined {
  return typeof driverOptions === 'function' ? guaranteed.get(driverOptions) : undefined
}

/** Settings of {@link sqlAssistConfig}. */
export interface ConfigSettings {
  /** The engine that it is for is `readonly`, so that it may connect before it is registered. Default: false. */
  readonly readonly?: boolean
  /** See the engine option of that name. */
  readonly namingConvention?: NamingConventionOption | undefined
}

/**
 * MikroORM options with everything that an engine relies on, for an application that calls `MikroORM.init()` itself:
 *
 * ```ts
 * const orm = await MikroORM.init(sqlAssistConfig('writer', { clientUrl, entities }))
 * await app.register(sqlassist, { engines: { writer: { orm } } })
 * ```
 *
 * What it sets, around what you set: `contextName` (unique in the process), `entityManager`, `hydrator`, `subscribers`,
 * `driverOptions`, `onCreateConnection`, `schemaGenerator.skipTables`, `namingStrategy` (unless you set it), `discovery.afterDiscovered`. Everything else is yours.
 *
 * @param name - the engine's name, as it will be registered
 * @param options - MikroORM options, driver included
 * @param settings - `readonly: true` for an engine that may be connected before it is registered; `namingConvention` as of an engine
 * @returns new options; yours are not changed
 * @throws InvalidOptionsError, DriverUnsupportedError
 */
export function sqlAssistConfig<O extends AnyOptions>(name: string, options: O, settings: ConfigSettings = {}): O {
  assertConfig(`sqlAssistConfig('${name}')`, options)
  const guarantees = new Guarantees(name, options)
  if (settings.readonly === true) guarantees.makeReadonly()
  const driverOptions = markCopy((): unknown => guarantees.driverOptions(options.driverOptions))
  guaranteed.set(driverOptions, guarantees)
  const setsUp = guarantees.dialect === 'sqlite' || guarantees.other !== undefined
  const setup = setsUp ? { onCreateConnection: setupConnection(guarantees, options.onCreateConnection) } : guarantees.dialect === 'postgresql' ? givingBack(options) : {}
  return {
    logger: (message: string) => guarantees.logger.info({ engine: name }, message),
    ...options,
    ...setup,
    contextName: uniqueContextName(name),
    entityManager: sessionClass(entityManagerClassOf(options)),
    hydrator: sharedHydrator(options.hydrator),
    subscribers: [...(options.subscribers ?? []), sessionSubscriber],
    driverOptions,
    ...namingOptions(options, settings.namingConvention, guarantees.dialect),
    ...(guarantees.dialect === 'postgresql' ? { schemaGenerator: { ...options.schemaGenerator, skipTables: [...(options.schemaGenerator?.skipTables ?? []), RECORDS_TABLE] } } : {}),
    ...(guarantees.readonly ? { ensureDatabase: false } : {}),
  }
}

type ConnectionHook = NonNullable<Options['onCreateConnection']>

function setupConnection(guarantees: Guarantees, user: ConnectionHook | undefined): ConnectionHook {
  return async (connection) => {
    const sql = guarantees.setup()
    if (sql !== undefined) {
      const query = { sql, parameters: [], query: { kind: 'RawNode' } }
      await (connection as { executeQuery(query: object): Promise<unknown> }).executeQuery(query)
    }
    await user?.(connection)
    const { engine, dialect, other } = guarantees
    if (dialect === 'sqlite' || other === 'libsql') forgiveRollback(connection as object)
    if (other === 'mariadb') refuseAfterDeadlock(connection as object, engine)
    if (other === 'pglite') refuseStreams(connection as object, engine)
    watchConnection(connection as object, guarantees)
  }
}
