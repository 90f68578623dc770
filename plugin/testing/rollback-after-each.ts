import { InvalidOptionsError } from '../../orm/errors.ts'
import type { SqlAssist } from '../../orm/index.ts'
import { assertKnownOptions, assertTimeout, isPlainObject } from '../../orm/options-check.ts'
import { sqlassistOf, type TestedApplication } from './application.ts'
import { Rehearsal } from './rehearsal.ts'
import { afterAll, type TestHooks } from './test-hooks.ts'

/** Options of {@link rollbackAfterEach}. */
export interface RollbackOptions {
  /** The engines whose databases are rolled back. Default: all; name some if there are others that this cannot do anything for, and that may keep what is written. */
  readonly engines?: readonly string[]
  /**
   * How long a transaction of the application may do nothing while the one around it waits for its end, in ms, before that one fails with SQLASSIST_TEST_DEADLOCK. Default: 2,000.
   */
  readonly deadlockMs?: number
}

const KNOWN: ReadonlySet<string> = new Set(['engines', 'deadlockMs'])
const DEADLOCK_MS = 2000

/**
 * Undoes after each test what the application has written in it, over all engines (PostgreSQL). A test sees the application as it is, by `inject` or HTTP: its transactions
 * are savepoints in one that the test is in, and all its connections to a database share that.
 *
 * ```ts
 * rollbackAfterEach(t, app) // tap
 * rollbackAfterEach({ beforeEach, afterEach, after }, app) // node:test
 * rollbackAfterEach({ beforeEach, afterEach, afterAll }, app) // vitest
 * ```
 *
 * @param hooks - the test runner, or its functions of these names
 * @param app - an application with the plugin, or a SqlAssist; a function that returns it, where it is made before each test
 * @throws InvalidOptionsError; the hooks: TestEngineUnsupportedError, TestsAtOnceError, TestReplayError
 */
export function rollbackAfterEach(hooks: TestHooks, app: TestedApplication, options: RollbackOptions = {}): void {
  assertOptions(hooks, options)
  const known = new Set<Promise<Rehearsal>>()
  const running = new Map<unknown, Rehearsal>()
  // Without named parameters: vitest looks at them, and would want to know which fixtures are meant.
  hooks.beforeEach(async function beginTest() {
    const [context] = arguments as unknown as unknown[]
    const making = rehearsalOf(await sqlassistOf(app), options)
    known.add(making)
    const rehearsal = await making
    await rehearsal.begin(context)
    running.set(context, rehearsal)
  })
  hooks.afterEach(async function rollBackTest() {
    const [context] = arguments as unknown as unknown[]
    const rehearsal = running.get(context)
    running.delete(context)
    await rehearsal?.end(context) // without one it has not begun
  })
  afterAll(hooks, () => {
    for (const making of known) void making.then((rehearsal) => rehearsal.close(), () => {})
  })
}

/** Groups of tests may each say that they roll back, and have one application. */
const rehearsals = new WeakMap<SqlAssist, { readonly engines: string; readonly making: Promise<Rehearsal> }>()

async function rehearsalOf(sqlassist: SqlAssist, { engines = sqlassist.engineNames, deadlockMs = DEADLOCK_MS }: RollbackOptions): Promise<Rehearsal> {
  const names = engines.toSorted().join()
  const { making, engines: known } = rehearsals.get(sqlassist) ?? { engines: names, making: Rehearsal.of(sqlassist, engines, deadlockMs) }
  if (known !== names) throw new InvalidOptionsError('rollbackAfterEach.engines', `must be the same for all tests of an application, and has been '${known}'`)
  rehearsals.set(sqlassist, { engines: names, making })
  return await making.catch((error: unknown) => {
    rehearsals.delete(sqlassist) // the server may answer the next time
    throw error
  })
}

function assertOptions(hooks: unknown, options: unknown): void {
  const { beforeEach, afterEach } = (hooks ?? {}) as Partial<TestHooks>
  if (typeof beforeEach !== 'function' || typeof afterEach !== 'function') throw new InvalidOptionsError('rollbackAfterEach', `needs the test runner first: t of tap, or { beforeEach, afterEach } of node:test or vitest`)
  if (!isPlainObject(options)) throw new InvalidOptionsError('rollbackAfterEach', 'needs an object of options such as { engines }, or none')
  assertKnownOptions(options, KNOWN, 'rollbackAfterEach.')
  const { engines, deadlockMs } = options
  if (engines !== undefined && !(Array.isArray(engines) && engines.every((name) => typeof name === 'string') && engines.length > 0)) throw new InvalidOptionsError('rollbackAfterEach.engines', 'must be a list of engine names')
  assertTimeout('rollbackAfterEach.deadlockMs', deadlockMs)
}
