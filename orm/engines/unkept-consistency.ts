import type { Options } from '@mikro-orm/core'
import type { SqlAssistLogger } from '../logger.ts'
import type { Consistency } from '../routing/consistency.ts'
import type { EngineDefinition } from './definition.ts'
import { dialectOf } from './dialect.ts'

/**
 * Says at registration where a consistency that was asked for is not kept: an engine that follows with a `config` has one server, and nobody asks how new that is. At
 * the address of the followed engine there is nothing to ask.
 */
export function warnOfUnkeptConsistency(definitions: readonly EngineDefinition[], consistency: Consistency | undefined, logger: SqlAssistLogger): void {
  if (consistency === undefined || consistency === 'eventual') return
  for (const definition of definitions) {
    const { name, follows, replicas } = definition
    const followed = definitions.find((other) => other.name === follows)
    if (followed === undefined || replicas !== undefined || dialectOf(optionsOf(definition).driver) !== 'postgresql' || addressOf(definition) === addressOf(followed)) continue
    logger.warn({ engine: name }, `'consistency' does not hold for engine '${name}', which follows '${follows}' with a 'config': if its server is a replica, name it in 'replicas' in place of 'config'`)
  }
}

const optionsOf = ({ config, orm }: EngineDefinition): Partial<Options> => orm?.config.getAll() ?? config ?? {}

function addressOf(definition: EngineDefinition): string {
  const { clientUrl, host, port } = optionsOf(definition)
  const url = clientUrl !== undefined && URL.canParse(clientUrl) ? new URL(clientUrl) : undefined
  return `${host ?? url?.hostname}:${port ?? (url?.port || 5432)}`
}
