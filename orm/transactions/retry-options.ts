import { InvalidOptionsError } from '../errors.ts'
import { assertKnownOptions, isPlainObject } from '../options-check.ts'

/** When and how often work is done again. */
export interface RetryOptions {
  /** How often it is done at most, the first time included: 1 to 100. */
  readonly attempts: number
  /**
   * How long to wait before the next attempt, in ms, told how many have failed. Default: a random time up to 10 ms times 2 to the number of
   * failed attempts, at most 1,000 ms ("full jitter", see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
   */
  readonly backoff?: (failed: number) => number
}

const MOST_ATTEMPTS = 100
const FIRST_BACKOFF_MS = 10
const LONGEST_BACKOFF_MS = 1000

/** @throws InvalidOptionsError */
export function assertRetry(retry: unknown, where: string): asserts retry is RetryOptions | undefined {
  if (retry === undefined) return
  if (!isPlainObject(retry)) throw new InvalidOptionsError(where, 'must be an object such as { attempts: 3 }')
  assertKnownOptions(retry, new Set(['attempts', 'backoff']), `${where}.`)
  const { attempts, backoff } = retry
  if (typeof attempts !== 'number' || !Number.isInteger(attempts) || attempts < 1 || attempts > MOST_ATTEMPTS) {
    throw new InvalidOptionsError(`${where}.attempts`, `must be a whole number from 1 to ${MOST_ATTEMPTS}`)
  }
  if (backoff !== undefined && typeof backoff !== 'function') throw new InvalidOptionsError(`${where}.backoff`, 'must be a function that returns milliseconds')
}

/** How long to wait after so many failed attempts, in ms. */
export function backoffMs({ backoff }: RetryOptions, failed: number): number {
  const given = backoff?.(failed)
  if (given !== undefined) return Number.isFinite(given) && given > 0 ? Math.min(given, 2 ** 31 - 1) : 0
  return Math.random() * Math.min(FIRST_BACKOFF_MS * 2 ** failed, LONGEST_BACKOFF_MS)
}
