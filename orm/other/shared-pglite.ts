import type { EngineDefinition } from '../engines/definition.ts'
import { guaranteesOf } from '../engines/guarantees.ts'
import { DriverUnsupportedError } from '../errors.ts'
import { otherDriverOf } from './driver.ts'

/**
 * Refuses engines that would share a PGlite, which is one connection: who is in a transaction of one engine and uses the other waits for itself. Two PGlites on the
 * same files know nothing of each other, and without files each has an empty database of its own.
 *
 * @throws DriverUnsupportedError
 */
export function assertPglitesApart(definitions: readonly EngineDefinition[]): void {
  const engines = definitions.flatMap(({ name, config, orm }) => {
    const options = orm === undefined ? config : orm.config.getAll()
    return otherDriverOf(options?.driver) === 'pglite' ? [{ name, orm, data: dataOf(options as Record<string, unknown>) }] : []
  })
  for (const [data, sharers] of Map.groupBy(engines, (engine) => engine.data)) {
    if (sharers.length === 1 || (sharers[0]!.orm !== undefined && sharers.every(({ orm }) => orm === sharers[0]!.orm))) continue
    const others = sharers.slice(1).map(({ name }) => `'${name}'`).join(', ')
    throw new DriverUnsupportedError(sharers[0]!.name, 'PgliteDriver', typeof data === 'string' && data.startsWith('memory:')
      ? `so does ${others}, each with an empty database in memory: use one engine`
      : `so does ${others}, on the same data: a PGlite is one connection, so that who is in a transaction of one engine would wait for itself in the other. Use one engine`)
  }
}

function dataOf({ driverOptions, dbName }: Record<string, unknown>): unknown {
  const user = guaranteesOf(driverOptions)?.userDriverOptions ?? driverOptions
  const { pglite, dataDir } = (typeof user === 'object' && user !== null ? user : {}) as { pglite?: unknown; dataDir?: unknown }
  if (pglite !== undefined) return pglite
  const data = dataDir ?? dbName ?? 'memory://'
  return data === '' || (typeof data === 'string' && data.startsWith('memory:')) ? 'memory://' : data
}
