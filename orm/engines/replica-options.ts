import { InvalidOptionsError } from '../errors.ts'
import { isPlainObject } from '../options-check.ts'
import { isMemory, sqliteName, sqlitePath } from '../sqlite/database-name.ts'
import { assertConfig } from './config-check.ts'
import { dialectOf } from './dialect.ts'
import type { EngineDefinition } from './definition.ts'

/** What says where a server is, and who connects to it: a replica has its own. */
const ITS_OWN: ReadonlySet<string> = new Set(['clientUrl', 'host', 'port', 'user', 'password', 'dbName', 'name', 'pool', 'driverOptions', 'contextName', 'migrations'])

/** @throws InvalidOptionsError */
export function assertReplicas(where: string, options: Record<string, unknown>): void {
  const { replicas, config, orm, readonly, follows } = options
  if (config !== undefined || orm !== undefined) throw new InvalidOptionsError(`${where}.replicas`, `goes in place of 'config' and 'orm'`)
  if (!Array.isArray(replicas) || replicas.length === 0 || !replicas.every(isPlainObject)) throw new InvalidOptionsError(`${where}.replicas`, 'must be a list of MikroORM options, one for each server')
  if (readonly !== true || follows === undefined) throw new InvalidOptionsError(`${where}.replicas`, `is for readonly engines that follow another: add readonly: true and follows: 'writer'`)
}

/**
 * The definition of an engine with replicas, complete: a `config` for each server, of which the first stands for the engine where only one is asked for.
 *
 * @throws InvalidOptionsError
 */
export function withReplicas(definition: EngineDefinition, all: ReadonlyMap<string, EngineDefinition>): EngineDefinition {
  const { name, follows, replicas = [] } = definition
  const where = `engines.${name}.replicas`
  const followed = all.get(follows!)
  const shared = Object.fromEntries(Object.entries(followed?.config ?? {}).filter(([key]) => !ITS_OWN.has(key)))
  const complete = replicas.map((replica) => ({ ...shared, ...replica }))
  for (const [index, config] of complete.entries()) assertConfig(`${where}[${index}]`, config)
  const [config] = complete as [(typeof complete)[number]]
  const dialect = dialectOf(config.driver)
  if (complete.some(({ driver }) => driver !== config.driver)) throw new InvalidOptionsError(where, 'must all have the same driver')
  if (dialect === 'postgresql') return Object.freeze({ ...definition, config, replicas: complete })
  if (dialect !== 'sqlite') throw new InvalidOptionsError(where, 'are for PostgreSQL: of other databases we do not know how to ask whether a replica is new enough')
  for (const one of complete) {
    const file = sqliteName(one)
    if (file === undefined || isMemory(file) || sqlitePath(file) !== sqlitePath(sqliteName(followed?.config ?? {}) ?? '')) {
      throw new InvalidOptionsError(where, `must name the file of engine '${follows}': SQLite has no replicas, and a copy of the file is as old as it is`)
    }
  }
  const { replicas: _same, ...alone } = definition
  return Object.freeze({ ...alone, config })
}
