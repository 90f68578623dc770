import type { Consistency, ContainerOptions, EnginesInput, SqlAssist, SqlAssistOptions } from '../orm/index.ts'
import { InvalidOptionsError, SqlAssist as SqlAssistClass } from '../orm/index.ts'
import { assertRequestTransaction, REQUEST_TRANSACTION_OPTIONS, type RequestTransactionOptions } from './transaction-settings.ts'
import { assertClientToken, type ClientTokenOptions } from './client-token.ts'
import { assertConsistency, assertContainerClass, assertGuardOptions, assertKnownOptions, assertLeakOptions, assertSameCopy, assertTimeout, GUARD_OPTIONS, isPlainObject } from '../orm/validation.ts'

/** Options of the plugin: either `engines`, or `sqlassist` that is ready. */
export interface SqlAssistPluginOptions extends ContainerOptions, RequestTransactionOptions, Pick<SqlAssistOptions, 'discovery' | 'closeTimeoutMs' | 'recoveryIntervalMs' | 'sqlComments'> {
  /**
   * With engines that have `replicas`: how new what they read must be. A route may say otherwise: `config: { sqlassist: { consistency: 'eventual' } }`. Default:
   * `'session'`: a client sees what it has written and what it has already seen, by the token of `consistencyToken`.
   */
  readonly consistency?: Consistency
  /** How clients carry what they have seen from one request to the next. Default: a cookie. */
  readonly consistencyToken?: ClientTokenOptions
  /** The databases, by name: the plugin makes everything and disposes of it with the application. */
  readonly engines?: EnginesInput
  /** What `createSqlAssist()` has made, to share it with jobs or with other applications of the process. */
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever engines it was made with
  readonly sqlassist?: SqlAssist<any>
  /** With `sqlassist`: dispose of it when the application closes. Default: false. */
  readonly dispose?: boolean
  /** The property of the request. Default: `'dbSession'`. */
  readonly attribute?: string
  /**
   * The engine whose session is what MikroORM's own RequestContext gives inside the request, so that `@Transactional`, repositories and
   * other code on the global EntityManager get the request's session. It is opened when somebody asks for it. A MikroORM that is no engine
   * and has no `contextName` of its own would get it as well: give it one. Default: false.
   */
  readonly requestContext?: string | false
  /**
   * Whether the database is asked to stop what still runs when the client leaves before it has its answer (PostgreSQL; a COMMIT is never
   * stopped). A route may say otherwise: `config: { sqlassist: { cancelOnDisconnect: false } }`. Default: true.
   */
  readonly cancelOnDisconnect?: boolean
}

/** The options, checked and complete. */
export interface PluginSettings {
  readonly engines: EnginesInput | undefined
  readonly sqlassist: SqlAssist | undefined
  readonly disposes: boolean
  readonly attribute: string
  readonly requestContext: string | false
  readonly closeTimeoutMs: number
  readonly cancelOnDisconnect: boolean
  readonly discovery: SqlAssistOptions['discovery']
  readonly recoveryIntervalMs: SqlAssistOptions['recoveryIntervalMs']
  readonly sqlComments: SqlAssistOptions['sqlComments']
  readonly containers: ContainerOptions
  readonly consistency: Consistency | undefined
  readonly token: ClientTokenOptions
  /** Of all routes that say nothing else. */
  readonly transaction: RequestTransactionOptions
}

const KNOWN: ReadonlySet<string> = new Set(['engines', 'sqlassist', 'dispose', 'attribute', 'requestContext', 'discovery', 'closeTimeoutMs', 'anyPreferences', 'containerClass', 'leakWarningMs', 'leakStacks', 'cancelOnDisconnect', 'recoveryIntervalMs', 'consistency', 'consistencyToken', 'sqlComments', ...GUARD_OPTIONS, ...REQUEST_TRANSACTION_OPTIONS])

/** What Fastify itself puts into the options of every plugin. */
const FASTIFYS_OWN: readonly string[] = ['prefix', 'logLevel', 'logSerializers']

/** How long `app.close()` waits for live containers, in ms. */
const CLOSE_TIMEOUT_MS = 10_000

/**
 * Checks the options into a new, frozen value. Names of engines are checked by `createSqlAssist()`.
 *
 * @throws InvalidOptionsError
 */
export function readOptions(options: SqlAssistPluginOptions): PluginSettings {
  const given: unknown = options
  if (!isPlainObject(given)) throw new InvalidOptionsError('fastify-sqlassist', 'needs an object of options')
  assertKnownOptions(given, new Set([...KNOWN, ...FASTIFYS_OWN]), '')
  const { engines, sqlassist, dispose, attribute = 'dbSession', requestContext = false, closeTimeoutMs = CLOSE_TIMEOUT_MS, cancelOnDisconnect = true } = options
  const { discovery, recoveryIntervalMs, sqlComments, anyPreferences, containerClass, leakWarningMs, leakStacks } = options
  if ((engines === undefined) === (sqlassist === undefined)) throw new InvalidOptionsError('engines', `or 'sqlassist' must be given, and not both`)
  assertSameCopy(`Option 'sqlassist'`, sqlassist)
  if (sqlassist !== undefined && !(sqlassist instanceof SqlAssistClass)) throw new InvalidOptionsError('sqlassist', 'must be what createSqlAssist() resolves to: await it')
  if (dispose !== undefined && typeof dispose !== 'boolean') throw new InvalidOptionsError('dispose', 'must be true or false')
  if (dispose === true && sqlassist === undefined) throw new InvalidOptionsError('dispose', `goes with 'sqlassist'; what is made from 'engines' is always disposed`)
  if (discovery !== undefined && sqlassist !== undefined) throw new InvalidOptionsError('discovery', `goes with 'engines'; give it to createSqlAssist()`)
  if (recoveryIntervalMs !== undefined && sqlassist !== undefined) throw new InvalidOptionsError('recoveryIntervalMs', `goes with 'engines'; give it to createSqlAssist()`)
  if (sqlComments !== undefined && sqlassist !== undefined) throw new InvalidOptionsError('sqlComments', `goes with 'engines'; give it to createSqlAssist()`)
  if (typeof attribute !== 'string' || attribute.trim() === '') throw new InvalidOptionsError('attribute', 'must be the name of a property')
  if (requestContext !== false && typeof requestContext !== 'string') throw new InvalidOptionsError('requestContext', 'must be the name of an engine, or false')
  if (anyPreferences !== undefined && !(Array.isArray(anyPreferences) && anyPreferences.every((name) => typeof name === 'string'))) {
    throw new InvalidOptionsError('anyPreferences', 'must be an array of engine names')
  }
  if (containerClass !== undefined) assertContainerClass(containerClass)
  assertTimeout('closeTimeoutMs', closeTimeoutMs)
  assertLeakOptions(options)
  assertConsistency('consistency', options.consistency)
  const { consistency, consistencyToken = {} } = options
  assertClientToken(consistencyToken, sqlassist !== undefined)
  assertGuardOptions(options)
  if (typeof cancelOnDisconnect !== 'boolean') throw new InvalidOptionsError('cancelOnDisconnect', 'must be true or false')
  assertRequestTransaction(options, '')
  return Object.freeze({
    engines,
    sqlassist,
    disposes: sqlassist === undefined || dispose === true,
    attribute,
    requestContext,
    closeTimeoutMs,
    cancelOnDisconnect,
    discovery,
    recoveryIntervalMs,
    consistency,
    token: Object.freeze({ ...consistencyToken }),
    sqlComments,
    transaction: Object.freeze(Object.fromEntries(REQUEST_TRANSACTION_OPTIONS.filter((name) => name in options).map((name) => [name, options[name as keyof RequestTransactionOptions]]))),
    containers: Object.freeze({
      ...(anyPreferences === undefined ? {} : { anyPreferences: [...anyPreferences] }),
      ...(containerClass === undefined ? {} : { containerClass }),
      ...(leakWarningMs === undefined ? {} : { leakWarningMs }),
      ...(leakStacks === undefined ? {} : { leakStacks }),
      ...Object.fromEntries(GUARD_OPTIONS.filter((name) => options[name] !== undefined).map((name) => [name, options[name]])),
    }),
  })
}
