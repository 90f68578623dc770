import type { MikroORM, Options } from '@mikro-orm/core'
import { InvalidOptionsError } from '../errors.ts'
import { assertKnownOptions, isPlainObject } from '../options-check.ts'
import { type CompletePipelineOptions, DEFAULT_PIPELINE, type PipelineOptions } from '../postgres/pipeline/options.ts'
import { dialectOf, isReadyMadeKysely } from './dialect.ts'
import { guaranteesOf, READY_MADE } from './guarantees.ts'
import type { EngineOptions } from './options.ts'

const KNOWN: ReadonlySet<string> = new Set(Object.keys(DEFAULT_PIPELINE))

/** What is shared cannot be made anew for each of those who share it. */
const HOOKS = ['onCreateConnection', 'onReserveConnection'] as const

/**
 * The pipeline of one engine, complete; undefined where it has none.
 *
 * @throws InvalidOptionsError, also where its reads could not share a connection
 */
export function pipelineOf(name: string, options: EngineOptions): CompletePipelineOptions | undefined {
  const { pipeline } = options
  const where = `engines.${name}.pipeline`
  if (pipeline === undefined || pipeline === false) return undefined
  assertPipeline(where, pipeline)
  if (options.readonly !== true && options.autocommit !== true) {
    throw new InvalidOptionsError(where, `is for readonly and autocommit engines: others read in transactions, which need connections of their own. Add a readonly engine on the same database for reads by key`)
  }
  const obstacle = obstacleTo(options)
  if (obstacle !== undefined) throw new InvalidOptionsError(where, `is not possible, because ${obstacle}`)
  return Object.freeze({ ...DEFAULT_PIPELINE, ...(pipeline === true ? {} : pipeline) })
}

function assertPipeline(where: string, pipeline: unknown): asserts pipeline is true | PipelineOptions {
  if (pipeline === true) return
  if (!isPlainObject(pipeline)) throw new InvalidOptionsError(where, 'must be true, false or an object such as { connections: 4 }')
  assertKnownOptions(pipeline, KNOWN, `${where}.`)
  for (const option of KNOWN) {
    const value = pipeline[option]
    if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= 1)) throw new InvalidOptionsError(`${where}.${option}`, 'must be a whole number from 1 on')
  }
}

function obstacleTo({ config, orm, replicas }: EngineOptions): string | undefined {
  const made = orm as MikroORM | undefined
  const guarantees = made && guaranteesOf(made.config.get('driverOptions'))
  if (made !== undefined && guarantees === undefined) return 'its MikroORM was made without sqlAssistConfig(): make it so'
  const configs: readonly Partial<Options>[] = made === undefined ? (replicas ?? [config ?? {}]) : [made.config.getAll()]
  return configs.map((each) => obstacleIn(each, guarantees?.userDriverOptions ?? each.driverOptions)).find((obstacle) => obstacle !== undefined)
}

function obstacleIn(config: Partial<Options>, driverOptions: unknown): string | undefined {
  const dialect = dialectOf(config.driver)
  if (dialect === 'sqlite') return 'on SQLite a statement is answered before the next one can be sent: leave it out'
  if (dialect === 'other') return 'only of PostgreSQL it is known how statements that are sent ahead are kept apart: leave it out'
  if (isReadyMadeKysely(driverOptions)) return READY_MADE
  const hook = HOOKS.find((key) => config[key] !== undefined)
  if (hook !== undefined) return `'${hook}' is given connections of kysely, which these are not: set what they need in driverOptions ('options' or 'onConnect')`
  return config.sessionContext === 'connection' ? `with sessionContext: 'connection' each session sets up a connection of its own: use 'transaction'` : undefined
}
