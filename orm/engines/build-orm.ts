import { MikroORM } from '@mikro-orm/core'
import { DiscoveryFailedError, errorCodes, InvalidOptionsError, type SqlAssistError } from '../errors.ts'
import { type AnyOptions, sqlAssistConfig } from './guarantees.ts'
import type { EngineOptions } from './options.ts'
import type { MetadataPool } from './shared-metadata.ts'

/** Paths instead of classes: only MikroORM's asynchronous discovery reads folders. */
export const entitiesByPath = (options: AnyOptions): boolean =>
  [...(options.entities ?? []), ...(options.entitiesTs ?? [])].some((entity) => typeof entity === 'string')

interface Request {
  readonly name: string
  readonly readonly: boolean
  readonly config: AnyOptions
  readonly namingConvention?: EngineOptions['namingConvention']
}

/** Makes the MikroORM of an engine at registration. Nothing connects yet. */
export async function buildOrm(request: Request, metadata: MetadataPool): Promise<MikroORM> {
  return (
    shared(request, metadata) ??
    discovered(request, metadata, await explained(request.name, async () => await MikroORM.init(guaranteedOptions(request))))
  )
}

/** The same at first use, where nobody can wait: see the option `discovery: 'deferred'`. */
export function buildOrmNow(request: Request, metadata: MetadataPool): MikroORM {
  const known = shared(request, metadata)
  if (known !== undefined) return known
  try {
    return discovered(request, metadata, new MikroORM(guaranteedOptions(request)))
  } catch (cause) {
    throw failure(request.name, cause)
  }
}

export function assertDeferrable(request: Request): void {
  if (entitiesByPath(request.config)) {
    throw new InvalidOptionsError(`engines.${request.name}.config.entities`, `holds a path, which cannot be read at first use: list classes, or leave out discovery: 'deferred'`)
  }
}

const guaranteedOptions = ({ name, config, readonly, namingConvention }: Request): AnyOptions =>
  sqlAssistConfig(name, config, { readonly, namingConvention })

function shared(request: Request, metadata: MetadataPool): MikroORM | undefined {
  return metadata.share(request, () => guaranteedOptions(request))
}

function discovered(request: Request, metadata: MetadataPool, orm: MikroORM): MikroORM {
  metadata.offer(request, orm)
  return orm
}

async function explained<T>(engine: string, fn: () => Promise<T>): Promise<T> {
  try {
    return await fn()
  } catch (cause) {
    throw failure(engine, cause)
  }
}

function failure(engine: string, cause: unknown): Error {
  if (!(cause instanceof Error)) return new DiscoveryFailedError(engine, String(cause), { cause })
  // One of ours says what is wrong already.
  return errorCodes.has((cause as Partial<SqlAssistError>).code ?? '') ? cause : new DiscoveryFailedError(engine, cause.message, { cause })
}
