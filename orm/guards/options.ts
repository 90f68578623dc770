import { InvalidOptionsError } from '../errors.ts'
import { assertTimeout } from '../options-check.ts'

/** What happens to queries that look as if a loop had sent them. */
export type NPlusOneMode = 'off' | 'warn' | 'throw'

/** What a developer wants to be told of. All of it is off unless asked for: each listens to every statement. */
export interface GuardOptions {
  /**
   * Queries that differ only in the value of a column and come from one place of the application, as from a loop over a relation: `'warn'` names them in a
   * warning when the sessions of the request end, `'throw'` lets the third one, and those after it, fail with `NPlusOneError`. Default: `'off'`.
   */
  readonly nPlusOne?: NPlusOneMode
  /** A statement that takes this long is named in a warning, without its values; in ms, 0 for never. Default: 0. */
  readonly slowQueryMs?: number
  /**
   * A transaction in which nothing was asked for this long, while no statement of the request runs on any engine, is named in a warning: what the request
   * does meanwhile keeps rows locked and a connection taken. In ms, 0 for never. Default: 0.
   */
  readonly idleTransactionMs?: number
}

/** The names of these options, to be known to those who check for unknown ones. */
export const GUARD_OPTIONS: readonly (keyof GuardOptions)[] = ['nPlusOne', 'slowQueryMs', 'idleTransactionMs']

const MODES: readonly unknown[] = ['off', 'warn', 'throw'] satisfies NPlusOneMode[]

/**
 * @param where - what the options are part of, with a colon and a blank at its end, or nothing
 * @throws InvalidOptionsError
 */
export function assertGuardOptions({ nPlusOne, slowQueryMs, idleTransactionMs }: { readonly [K in keyof GuardOptions]?: unknown }, where = ''): void {
  if (nPlusOne !== undefined && !MODES.includes(nPlusOne)) throw new InvalidOptionsError(`${where}nPlusOne`, `must be 'off', 'warn' or 'throw'`)
  assertTimeout(`${where}slowQueryMs`, slowQueryMs)
  assertTimeout(`${where}idleTransactionMs`, idleTransactionMs)
}
