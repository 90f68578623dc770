import { InvalidOptionsError } from '../errors.ts'
import { isPlainObject } from '../options-check.ts'

/**
 * How new the data must be that an engine with replicas reads:
 * - `'session'` (default): at least what this client has written, and what it has already seen;
 * - `'strong'`: everything that was committed before the read;
 * - `{ maxLagMs }`: everything that was committed up to so many ms ago, and what `'session'` says;
 * - `'eventual'`: whatever some replica has.
 */
export type Consistency = 'eventual' | 'session' | 'strong' | {
  /** How old what is read may be, in ms, above 0. */
  readonly maxLagMs: number
}

export const DEFAULT_CONSISTENCY: Consistency = 'session'

/** @throws InvalidOptionsError */
export function assertConsistency(where: string, value: unknown): asserts value is Consistency | undefined {
  if (value === undefined || value === 'eventual' || value === 'session' || value === 'strong') return
  const maxLagMs = isPlainObject(value) && Object.keys(value).length === 1 ? value['maxLagMs'] : undefined
  if (typeof maxLagMs === 'number' && maxLagMs > 0 && Number.isFinite(maxLagMs)) return
  throw new InvalidOptionsError(where, `must be 'eventual', 'session', 'strong' or { maxLagMs: a number of milliseconds above 0 }`)
}
