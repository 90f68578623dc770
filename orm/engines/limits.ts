import { InvalidOptionsError } from '../errors.ts'
import { assertKnownOptions, assertTimeout, isPlainObject } from '../options-check.ts'

/** How long an engine waits, and for how much. PostgreSQL only: SQLite has one connection, and a statement blocks the process. */
export interface EngineLimits {
  /**
   * How long a session waits for a connection, a new one included, in ms. Default: the `connectionTimeoutMillis` of your
   * `driverOptions`, else 5,000.
   */
  readonly checkoutTimeoutMs?: number
  /** How many may wait for a connection at once; who comes later is refused at once. Default: 1,000. */
  readonly maxWaiting?: number
  /**
   * How long one statement of a session may run, in ms; then the server is asked to stop it, and where it does not, the connection is
   * destroyed. What does not run in a session (migrations, schema commands) is not limited. 0: no limit. Default: 60,000.
   */
  readonly statementTimeoutMs?: number
  /** How long a COMMIT may take, asking for the outcome of one whose answer was lost included, in ms. Default: 10,000. */
  readonly commitTimeoutMs?: number
  /** Engines with replicas: how long a read may wait until a replica has what it needs, in ms; then the followed engine's server answers. Default: 100. */
  readonly replicaWaitMs?: number
  /** Engines with replicas: by how much a replica may be behind where any replica will do, in ms. Default: 10,000. */
  readonly replicaLagMs?: number
}

/** The limits, complete. */
export type CompleteLimits = Required<EngineLimits>

export const DEFAULT_LIMITS: CompleteLimits = Object.freeze({ checkoutTimeoutMs: 5000, maxWaiting: 1000, statementTimeoutMs: 60_000, commitTimeoutMs: 10_000, replicaWaitMs: 100, replicaLagMs: 10_000 })

/**
 * What of a connection is cleared when a session gives it back: an open transaction always; with `'session'` also SET, the role, temporary
 * tables, cursors, LISTEN and advisory locks, for one more round trip.
 */
export type ResetOnRelease = 'transaction' | 'session'

const KNOWN: ReadonlySet<string> = new Set(Object.keys(DEFAULT_LIMITS))

/** @throws InvalidOptionsError */
export function assertLimits(where: string, limits: unknown): void {
  if (limits === undefined) return
  if (!isPlainObject(limits)) throw new InvalidOptionsError(where, 'must be an object such as { checkoutTimeoutMs: 5000 }')
  assertKnownOptions(limits, KNOWN, `${where}.`)
  const { maxWaiting, ...durations } = limits
  for (const [name, value] of Object.entries(durations)) assertTimeout(`${where}.${name}`, value)
  for (const name of ['checkoutTimeoutMs', 'commitTimeoutMs']) {
    if (durations[name] === 0) throw new InvalidOptionsError(`${where}.${name}`, 'must be more than 0: a wait without an end loses its connection')
  }
  if (maxWaiting !== undefined && !(Number.isSafeInteger(maxWaiting) && (maxWaiting as number) >= 0)) {
    throw new InvalidOptionsError(`${where}.maxWaiting`, 'must be a whole number from 0 on')
  }
}

/** @throws InvalidOptionsError */
export function assertResetOnRelease(where: string, value: unknown): asserts value is ResetOnRelease | undefined {
  if (value !== undefined && value !== 'transaction' && value !== 'session') throw new InvalidOptionsError(where, `must be 'transaction' or 'session'`)
}
