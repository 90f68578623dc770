import { InvalidOptionsError } from '../errors.ts'
import { assertKnownOptions, assertTimeout, isPlainObject } from '../options-check.ts'
import type { CompleteBatchOptions } from './batch-options.ts'
import { dialectOf, driverOf, isReadyMadeKysely } from './dialect.ts'
import { guaranteesOf } from './guarantees.ts'
import type { EngineOptions } from './options.ts'

const DEFAULTS: CompleteBatchOptions = Object.freeze({ maxWaitMs: 0, maxRows: 500 })
const KNOWN: ReadonlySet<string> = new Set(Object.keys(DEFAULTS))

/** More would not fit into the parameters of a statement, not even with seven columns. */
const MOST_ROWS = 10_000

/** @throws InvalidOptionsError */
export function completeBatch(where: string, options: EngineOptions): CompleteBatchOptions | undefined {
  const { batch, autocommit, fastPath, config, orm } = options
  if (batch === undefined) return undefined
  if (!isPlainObject(batch)) throw new InvalidOptionsError(where, 'must be an object such as { maxWaitMs: 5, maxRows: 500 }, which may be empty')
  assertKnownOptions(batch, KNOWN, `${where}.`)
  if (autocommit !== true) throw new InvalidOptionsError(where, `goes with 'autocommit: true': what is in a transaction cannot be in somebody else's statement`)
  if (fastPath === false) throw new InvalidOptionsError(where, `does not go with 'fastPath: false'`)
  if (dialectOf(driverOf({ config, orm })) !== 'postgresql' || isReadyMadeKysely(config?.driverOptions) || (orm !== undefined && guaranteesOf(orm.config.get('driverOptions')) === undefined)) {
    throw new InvalidOptionsError(where, `is for PostgreSQL, with a 'config' or an 'orm' of sqlAssistConfig(): elsewhere there is no round trip to save, or the connections are not ours`)
  }
  const { maxWaitMs, maxRows } = batch
  assertTimeout(`${where}.maxWaitMs`, maxWaitMs)
  if (maxRows !== undefined && !(Number.isSafeInteger(maxRows) && (maxRows as number) >= 2 && (maxRows as number) <= MOST_ROWS)) {
    throw new InvalidOptionsError(`${where}.maxRows`, `must be a whole number from 2 to ${MOST_ROWS}`)
  }
  return Object.freeze({ maxWaitMs: (maxWaitMs as number | undefined) ?? DEFAULTS.maxWaitMs, maxRows: (maxRows as number | undefined) ?? DEFAULTS.maxRows })
}
