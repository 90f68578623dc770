import type { MikroORM } from '@mikro-orm/core'
import type { SqlAssistLogger } from '../logger.ts'
import { assertOrmsMayBeUsed } from './application-orms.ts'
import { assertDeferrable, buildOrm, buildOrmNow } from './build-orm.ts'
import { Engine } from './engine.ts'
import { EngineRegistry } from './registry.ts'
import { MetadataPool } from './shared-metadata.ts'
import { assertSqliteFiles } from './sqlite-files.ts'
import type { EngineDefinition } from './validate.ts'

/** When the entities of engines with `config` are discovered. */
export type Discovery = 'registration' | 'deferred'

/**
 * Makes the engines. With `discovery: 'registration'` a wrong model fails here, at start-up; nothing connects.
 *
 * @throws the coded errors of what is wrong with the definitions, before any MikroORM is made
 */
export async function buildEngines(definitions: readonly EngineDefinition[], discovery: Discovery, logger: SqlAssistLogger): Promise<EngineRegistry> {
  assertOrmsMayBeUsed(definitions)
  assertSqliteFiles(definitions, logger)
  const metadata = new MetadataPool()
  const engines: Engine[] = []
  for (const definition of definitions) engines.push(await buildEngine(definition, discovery, metadata, logger))
  return new EngineRegistry(definitions, engines)
}

async function buildEngine(definition: EngineDefinition, discovery: Discovery, metadata: MetadataPool, logger: SqlAssistLogger): Promise<Engine> {
  const { name, readonly, config = {}, orm } = definition
  const request = { name, readonly, config }
  const make = (): MikroORM => buildOrmNow(request, metadata)
  if (orm !== undefined) return new Engine(definition, logger, make, orm)
  if (discovery === 'registration') return new Engine(definition, logger, make, await buildOrm(request, metadata))
  assertDeferrable(request)
  return new Engine(definition, logger, make)
}
