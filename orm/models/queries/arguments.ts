import { ArgumentInvalidError } from '../../errors.ts'
import { isPlainObject } from '../../options-check.ts'

/** The longest seed of a search: SQLite compares patterns of up to 50,000 bytes, and no person types that much. */
const SEED_LENGTH = 10_000

/**
 * Refuses options that nobody reads: a mistyped `limit` would return the whole table.
 *
 * @throws ArgumentInvalidError
 */
export function assertOptions(options: unknown, known: readonly string[]): void {
  if (!isPlainObject(options)) throw new ArgumentInvalidError('options', 'must be an object')
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new ArgumentInvalidError('options', `has a member that does not exist; known are ${known.join(', ')}`)
  }
}

/**
 * A number of rows: `NaN`, fractions, negative numbers and strings would reach the SQL as they are.
 *
 * @throws ArgumentInvalidError
 */
export function assertCount(argument: string, value: unknown, least = 0): void {
  if (value === undefined) return
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
    throw new ArgumentInvalidError(argument, `must be an integer, ${least} or more`)
  }
}

/** @throws ArgumentInvalidError */
export function assertFlag(argument: string, value: unknown): asserts value is boolean | undefined {
  if (value !== undefined && typeof value !== 'boolean') throw new ArgumentInvalidError(argument, 'must be true or false')
}

/**
 * Text that every database can hold. PostgreSQL has no NUL, SQLite's functions end at one, and half of a surrogate pair has no UTF-8.
 *
 * @throws ArgumentInvalidError
 */
export function assertText(argument: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new ArgumentInvalidError(argument, 'must be a string')
  if (value.includes('\0')) throw new ArgumentInvalidError(argument, 'contains a NUL character, which no text column can hold')
  if (!value.isWellFormed()) throw new ArgumentInvalidError(argument, 'contains half of a surrogate pair, which has no UTF-8')
}

/** @throws ArgumentInvalidError */
export function assertSeed(argument: string, value: unknown): asserts value is string {
  assertText(argument, value)
  if (value.length > SEED_LENGTH) throw new ArgumentInvalidError(argument, `must not be longer than ${SEED_LENGTH} characters`)
}
