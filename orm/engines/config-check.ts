import type { Options } from '@mikro-orm/core'
import { DriverUnsupportedError, InvalidOptionsError } from '../errors.ts'
import { isPlainObject } from '../options-check.ts'
import { otherDriverOf } from '../other/driver.ts'
import { whyNotReadonly } from '../other/settings.ts'
import { sqliteName } from '../sqlite/database-name.ts'
import { dialectOf, isReadyMadeKysely } from './dialect.ts'

/**
 * Checks of MikroORM options what would go wrong silently, or late, or with the password in the error.
 *
 * @param where - how errors name the options
 * @throws InvalidOptionsError
 */
export function assertConfig(where: string, config: unknown): void {
  if (!isPlainObject(config)) throw new InvalidOptionsError(where, 'must be MikroORM options')
  const { driver, replicas, clientUrl } = config as Partial<Options>
  if (typeof driver !== 'function') throw new InvalidOptionsError(where, 'has no driver: make it with defineConfig() of a driver package such as @mikro-orm/postgresql')
  if (replicas !== undefined && replicas.length > 0) {
    throw new InvalidOptionsError(
      `${where}.replicas`,
      'is refused: MikroORM picks a replica for each query, so that a request sees rows appear and vanish. ' +
        `Declare an engine of its own for them: { readonly: true, follows: 'writer', replicas: [{ driver, clientUrl }, ...] }, of which each request reads from one that is new enough`,
    )
  }
  // MikroORM takes the URL apart at the first statement, and the URL, password included, is in the error of a wrong one.
  if (clientUrl !== undefined && dialectOf(driver) === 'postgresql' && !isReadableUrl(clientUrl)) {
    throw new InvalidOptionsError(`${where}.clientUrl`, `is not a URL (not shown, because of the password): percent-encode what is special in it`)
  }
}

function isReadableUrl(text: unknown): boolean {
  if (typeof text !== 'string') return false
  try {
    const { username, password, hostname, pathname } = new URL(text)
    for (const part of [username, password, hostname, pathname]) decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}

/**
 * Refuses a readonly engine where we do not know how to make the database refuse.
 *
 * @throws DriverUnsupportedError
 */
export function assertReadonlyPossible(engine: string, { driver, driverOptions, dbName }: Partial<Options>): void {
  const dialect = dialectOf(driver)
  const problem = dialect === 'other' ? whyNotReadonly(otherDriverOf(driver), sqliteName({ dbName, driverOptions })) : undefined
  if (problem !== undefined) throw new DriverUnsupportedError(engine, driver?.name ?? 'no driver', problem)
  if (!isReadyMadeKysely(driverOptions)) return
  if (dialect !== 'sqlite') {
    throw new DriverUnsupportedError(engine, 'a ready-made kysely', `a readonly engine cannot make its connections read-only: pass driver options instead`)
  }
  if (!('createDriver' in driverOptions)) {
    throw new DriverUnsupportedError(engine, 'a ready-made Kysely instance', `a readonly engine cannot make it read-only: pass its dialect as 'driverOptions' instead`)
  }
}
