import type { MikroORM } from '@mikro-orm/core'
import type { SqlAssistLogger } from '../logger.ts'
import { assertNoClassShared, assertOrmsMayBeUsed } from './application-orms.ts'
import { assertDeferrable, buildOrm, buildOrmNow } from './build-orm.ts'
import { Engine } from './engine.ts'
import { migrateEngine } from './migrate.ts'
import { EngineRegistry } from './registry.ts'
import { MetadataPool } from './shared-metadata.ts'
import { assertPglitesApart } from '../other/shared-pglite.ts'
import { assertSqliteFiles } from './sqlite-files.ts'
import type { EngineDefinition } from './definition.ts'

/** How long engines that were made in vain may take to close; they have not connected. */
const CLOSE_TIMEOUT_MS = 1000

/** When the entities of engines with `config` are discovered. */
export type Discovery = 'registration' | 'deferred'

/**
 * Makes the engines. With `discovery: 'registration'` a wrong model fails here, at start-up; nothing connects, but to see whether replicas are what they are said to be.
 *
 * @throws the coded errors of what is wrong with the definitions, before any MikroORM is made; ReplicaForeignError
 */
export async function buildEngines(definitions: readonly EngineDefinition[], discovery: Discovery, logger: SqlAssistLogger): Promise<EngineRegistry> {
  assertOrmsMayBeUsed(definitions)
  assertSqliteFiles(definitions, logger)
  assertPglitesApart(definitions)
  const metadata = new MetadataPool()
  const engines: Engine[] = []
  try {
    for (const definition of definitions) engines.push(await buildEngine(definition, definitions, discovery, metadata, logger))
    // Discovery finds more than the options list: what entities refer to, and what folders hold.
    if (discovery === 'registration') assertNoClassShared(engines)
    for (const [index, definition] of definitions.entries()) if (definition.migrate) await migrateEngine(definition, engines[index]!.orm, logger)
    return await connected(new EngineRegistry(definitions, engines), definitions)
  } catch (error) {
    for (const [index, engine] of engines.entries()) {
      if (definitions[index]!.orm === undefined) await engine.dispose(CLOSE_TIMEOUT_MS)
      else engine.pool?.hangUp()
    }
    throw error
  }
}

/** Tells the engines of each other. */
async function connected(registry: EngineRegistry, definitions: readonly EngineDefinition[]): Promise<EngineRegistry> {
  for (const { name, follows, fallback = 'follows', replicas } of definitions) {
    if (follows === undefined) continue
    if (replicas !== undefined) await registry.get(name).replicate(registry.get(follows))
    else if (fallback === 'follows') registry.get(name).follow(registry.get(follows))
  }
  return registry
}

async function buildEngine(definition: EngineDefinition, all: readonly EngineDefinition[], discovery: Discovery, metadata: MetadataPool, logger: SqlAssistLogger): Promise<Engine> {
  const { name, readonly, config = {}, orm, namingConvention } = definition
  const request = { name, readonly, config, namingConvention }
  const make = (): MikroORM => {
    const made = buildOrmNow(request, metadata)
    assertNoClassShared([...all, { name, orm: made }])
    return made
  }
  if (orm !== undefined) return new Engine(definition, logger, make, orm)
  if (discovery === 'registration') return new Engine(definition, logger, make, await buildOrm(request, metadata))
  assertDeferrable(request)
  return new Engine(definition, logger, make)
}
