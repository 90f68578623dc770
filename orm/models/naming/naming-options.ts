import type { Options } from '@mikro-orm/core'
import type { Dialect } from '../../engines/dialect.ts'
import { completeConvention } from './convention.ts'
import { conventionStrategy, learnNames } from './naming-strategy.ts'
import { assertTableNames } from './table-names.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- options of any driver
type AnyOptions = Partial<Options<any, any, any>>

/**
 * The MikroORM options that make the names of constraints follow a convention.
 *
 * @param options - the options as the user gave them; a naming strategy of the user's goes on naming tables and columns, and without a
 *   convention of the user's everything else too
 * @param given - the option `namingConvention`
 * @throws InvalidOptionsError
 */
export function namingOptions(options: AnyOptions, given: unknown, dialect: Dialect): Pick<AnyOptions, 'namingStrategy' | 'discovery'> {
  const wanted = completeConvention('namingConvention', given)
  const convention = given === undefined && options.namingStrategy !== undefined ? undefined : wanted
  const named = convention !== undefined && hasConstraints(options.driver)
  const afterDiscovered: NonNullable<Options['discovery']['afterDiscovered']> = (metadata, platform) => {
    const finish = (): void => {
      if (named || dialect === 'postgresql') assertTableNames(metadata)
      learnNames(metadata, platform.getConfig())
    }
    const first = options.discovery?.afterDiscovered?.(metadata, platform)
    return first instanceof Promise ? first.then(finish) : finish()
  }
  const discovery = { ...options.discovery, afterDiscovered }
  return named ? { namingStrategy: conventionStrategy(convention, options.namingStrategy), discovery } : { discovery }
}

/** Whether it is a driver of an SQL database. Found by the names of its ancestors, as the dialect is. */
function hasConstraints(driver: Options['driver']): boolean {
  for (let cls: unknown = driver; typeof cls === 'function'; cls = Object.getPrototypeOf(cls)) if (cls.name === 'AbstractSqlDriver') return true
  return false
}
