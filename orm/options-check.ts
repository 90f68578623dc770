import { InvalidOptionsError } from './errors.ts'

/**
 * Refuses an option that nobody reads, and names those that somebody does.
 *
 * @param where - what the option is part of, with a dot at its end, or nothing
 * @throws InvalidOptionsError
 */
export function assertKnownOptions(options: object, known: ReadonlySet<string>, where: string): void {
  for (const key of Reflect.ownKeys(options)) {
    if (typeof key === 'symbol' || !known.has(key)) {
      throw new InvalidOptionsError(`${where}${String(key)}`, `is unknown; known are ${[...known].join(', ')}`)
    }
  }
}

/** Whether a value is an object that somebody wrote as options, and not an instance of something. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Node's timers fire at once for anything longer: 24.8 days. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** @throws InvalidOptionsError for anything but a number of milliseconds that a timer can wait */
export function assertTimeout(option: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'number' || !(value >= 0 && value <= LONGEST_TIMEOUT_MS))) {
    throw new InvalidOptionsError(option, `must be a number of milliseconds between 0 and ${LONGEST_TIMEOUT_MS}`)
  }
}
