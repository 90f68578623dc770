import { type EntityManager, type Options, RequestContext } from '@mikro-orm/core'
import { sharedHydrator } from '../entities/shared-hydrator.ts'
import { DriverUnsupportedError } from '../errors.ts'
import { noLogger, type SqlAssistLogger } from '../logger.ts'
import { postgresDriverOptions } from '../postgres/driver-options.ts'
import { PoolGuard } from '../postgres/pool-guard.ts'
import { sessionStateOf } from '../sessions/binding.ts'
import { sessionClass } from '../sessions/session-class.ts'
import { sessionSubscriber } from '../sessions/subscriber.ts'
import { sqliteDriverOptions, sqliteReadonlyReadyMade, sqliteSetup } from '../sqlite/driver-options.ts'
import { uniqueContextName } from './context-name.ts'
import { type Dialect, dialectOf, isReadyMadeKysely } from './dialect.ts'
import { entityManagerClassOf } from './driver-entity-manager.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- options of any driver
export type AnyOptions = Partial<Options<any, any, any>>

/** What has been promised for one MikroORM instance. Its connections look here when they are made, which is after registration. */
export class Guarantees {
  readonly engine: string
  readonly dialect: Dialect
  readonly dbName: unknown
  readonly pool: PoolGuard
  readonly = false
  /** True from the first connection on: too late to make it readonly. */
  connected = false
  logger: SqlAssistLogger = noLogger

  constructor(engine: string, options: AnyOptions) {
    this.engine = engine
    this.dialect = dialectOf(options.driver)
    this.dbName = options.dbName
    this.pool = new PoolGuard(engine, () => this.logger)
  }

  /** The `driverOptions` for a connection that is about to be made. */
  driverOptions(given: unknown): unknown {
    this.connected = true
    const user: unknown = typeof given === 'function' ? (given as () => unknown)() : (given ?? {})
    if (isReadyMadeKysely(user)) {
      if (!this.readonly) return user
      if (this.dialect === 'sqlite') return sqliteReadonlyReadyMade(this.engine, user)
      throw new DriverUnsupportedError(this.engine, 'a ready-made kysely', `a readonly engine cannot make its connections read-only: pass driver options instead`)
    }
    const options = user as Record<string, unknown>
    if (this.dialect === 'postgresql') return postgresDriverOptions(options, this.engine, this.readonly, this.pool)
    if (this.dialect === 'sqlite') return sqliteDriverOptions(options, this.dbName, this.readonly)
    return options
  }

  /** A statement that each new connection starts with, if any. */
  setup(): string | undefined {
    return this.dialect === 'sqlite' ? sqliteSetup(this.dbName, this.readonly) : undefined
  }
}

const guaranteed = new WeakMap<object, Guarantees>()

/** The guarantees of a MikroORM instance or of its options, found by the one function that only we put there. */
export function guaranteesOf(driverOptions: unknown): Guarantees | undefined {
  return typeof driverOptions === 'function' ? guaranteed.get(driverOptions) : undefined
}

/**
 * MikroORM options with everything that an engine relies on, for an application that calls `MikroORM.init()` itself:
 *
 * ```ts
 * const orm = await MikroORM.init(sqlAssistConfig('writer', { clientUrl, entities }))
 * await app.register(sqlassist, { engines: { writer: { orm } } })
 * ```
 *
 * What it sets, around what you set: `contextName` (unique in the process), `entityManager`, `hydrator`, `subscribers`, `context`,
 * `driverOptions`, `onCreateConnection`. Everything else is yours.
 *
 * @param name - the engine's name, as it will be registered
 * @param options - MikroORM options, driver included
 * @param settings - `readonly: true` for an engine that may be connected before it is registered
 * @returns new options; yours are not changed
 */
export function sqlAssistConfig<O extends AnyOptions>(name: string, options: O, settings: { readonly readonly?: boolean } = {}): O {
  const guarantees = new Guarantees(name, options)
  guarantees.readonly = settings.readonly === true
  const driverOptions = (): unknown => guarantees.driverOptions(options.driverOptions)
  guaranteed.set(driverOptions, guarantees)
  const setup = guarantees.dialect === 'sqlite' ? { onCreateConnection: setupConnection(guarantees, options.onCreateConnection) } : {}
  return {
    logger: (message: string) => guarantees.logger.info({ engine: name }, message),
    ...options,
    ...setup,
    contextName: uniqueContextName(name),
    entityManager: sessionClass(entityManagerClassOf(options)),
    hydrator: sharedHydrator(options.hydrator),
    subscribers: [...(options.subscribers ?? []), sessionSubscriber],
    context: contextOf(options.context),
    driverOptions,
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
  }
}

/** MikroORM asks this for the EntityManager of the current request. One of our sessions may be inside a transaction: then that one. */
function contextOf(user: Options['context'] | undefined): Options['context'] {
  return (name) => {
    const em = (user ?? requestContextManager)(name)
    return em !== undefined && sessionStateOf(em) !== undefined ? em.getContext(false) : em
  }
}

const requestContextManager = (name: string): EntityManager | undefined => RequestContext.getEntityManager(name)
