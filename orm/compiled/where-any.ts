import { Utils } from '@mikro-orm/core'

/**
 * The condition that finds the rows of some keys, as `find()` takes it.
 *
 * @param columns - of the key
 * @param keys - their values
 */
export function whereAny(columns: readonly string[], keys: readonly (readonly unknown[])[]): object {
  return columns.length > 1 ? { [Utils.getPrimaryKeyHash([...columns])]: { $in: keys } } : { [columns[0]!]: { $in: keys.map(([value]) => value) } }
}
