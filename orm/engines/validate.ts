import { MikroORM } from '@mikro-orm/core'
import type { SqlCommentOptions } from '../comments/options.ts'
import { DefaultEngineError, EngineNameInvalidError, InvalidOptionsError } from '../errors.ts'
import { assertKnownOptions, isPlainObject } from '../options-check.ts'
import { completeConvention } from '../models/naming/convention.ts'
import { completeBatch } from './batch-check.ts'
import { commentsOf } from './comments.ts'
import { assertConfig } from './config-check.ts'
import type { EngineDefinition } from './definition.ts'
import { assertLimits, assertResetOnRelease } from './limits.ts'
import { assertPreparedStatements } from './prepared-statements.ts'
import { assertMigrate } from './migrate-options.ts'
import { assertTwoPhase } from './two-phase.ts'
import { dialectOf, driverOf, isReadyMadeKysely } from './dialect.ts'
import { guaranteesOf } from './guarantees.ts'
import { assertServed } from '../other/options-check.ts'
import { assertEngineName } from './names.ts'
import { pipelineOf } from './pipeline-options.ts'
import { assertReplicas, withReplicas } from './replica-options.ts'
import type { EnginesInput } from './options.ts'

const FLAGS = ['default', 'readonly', 'autocommit', 'twoPhase', 'dispose', 'joinTransaction'] as const
const KNOWN: ReadonlySet<string> = new Set([...FLAGS, 'config', 'orm', 'fork', 'namingConvention', 'migrate', 'limits', 'resetOnRelease', 'follows', 'fallback', 'replicas', 'sqlComments', 'fastPath', 'batch', 'pipeline', 'preparedStatements'])
const KNOWN_FORK: ReadonlySet<string> = new Set(['flushMode', 'schema', 'loggerContext', 'session', 'disableTransactions', 'filters'])

/**
 * Checks everything that can be checked before anything is made or connected.
 *
 * @param input - the `engines` option
 * @param taken - whether a container has a member of that name already
 * @param sqlComments - of all engines that say nothing else
 * @returns the engines in the order they were given
 * @throws EngineNameInvalidError, InvalidOptionsError, DefaultEngineError
 */
export function validateEngines(input: EnginesInput, taken: (name: string) => boolean, sqlComments?: boolean | SqlCommentOptions): EngineDefinition[] {
  const definitions = new Map<string, EngineDefinition>()
  for (const [name, options] of entriesOf(input)) {
    assertEngineName(name, taken)
    if (definitions.has(name)) throw new EngineNameInvalidError(`'${name}'`, 'it is given twice')
    definitions.set(name, validateEngine(name, options, sqlComments))
  }
  if (definitions.size === 0) throw new InvalidOptionsError('engines', 'names no engine')
  for (const definition of definitions.values()) if (definition.replicas !== undefined) definitions.set(definition.name, withReplicas(definition, definitions))
  for (const definition of definitions.values()) definitions.set(definition.name, Object.freeze({ ...definition, pipelining: pipelineOf(definition.name, definition) }))
  for (const definition of definitions.values()) assertFollows(definition, definitions)
  const defaults = [...definitions.values()].filter((definition) => definition.default)
  if (defaults.length > 1) throw new DefaultEngineError(defaults.map(({ name }) => name).join(', '))
  return [...definitions.values()]
}

function entriesOf(input: unknown): Iterable<readonly [unknown, unknown]> {
  if (typeof input === 'object' && input !== null && Symbol.iterator in input) {
    return [...(input as Iterable<unknown>)].map((entry) => {
      if (!Array.isArray(entry) || entry.length !== 2) throw new InvalidOptionsError('engines', 'holds something else than pairs of a name and options')
      return entry as unknown as readonly [unknown, unknown]
    })
  }
  if (!isPlainObject(input)) throw new InvalidOptionsError('engines', 'must be an object of engine options by name (a literal __proto__ key changes what it is)')
  return Reflect.ownKeys(input).map((key) => [key, input[key as string]] as const)
}

function validateEngine(name: string, options: unknown, sqlComments: boolean | SqlCommentOptions | undefined): EngineDefinition {
  const where = `engines.${name}`
  if (!isPlainObject(options)) throw new InvalidOptionsError(where, 'must be an object such as { config: defineConfig({ ... }) }')
  assertKnownOptions(options, KNOWN, `${where}.`)
  for (const flag of FLAGS) {
    const value = options[flag]
    if (value !== undefined && typeof value !== 'boolean') throw new InvalidOptionsError(`${where}.${flag}`, `must be true or false, not ${typeof value}`)
  }
  const { config, orm, fork, namingConvention, fastPath = true } = options
  if (typeof fastPath !== 'boolean') throw new InvalidOptionsError(`${where}.fastPath`, `must be true or false, not ${typeof fastPath}`)
  if (options['replicas'] !== undefined) assertReplicas(where, options)
  else if ((config === undefined) === (orm === undefined)) throw new InvalidOptionsError(where, `needs either 'config' or 'orm'`)
  if (orm !== undefined && !(orm instanceof MikroORM)) throw new InvalidOptionsError(`${where}.orm`, 'must be a MikroORM instance (of the same copy of @mikro-orm/core)')
  if (config !== undefined) assertConfig(`${where}.config`, config)
  if (fork !== undefined && typeof fork !== 'function') assertForkOptions(`${where}.fork`, fork)
  completeConvention(`${where}.namingConvention`, namingConvention)
  if (namingConvention !== undefined && orm !== undefined) {
    throw new InvalidOptionsError(`${where}.namingConvention`, `goes with 'config'; for an 'orm' give it to sqlAssistConfig('${name}', options, { namingConvention })`)
  }
  if (options['dispose'] === true && orm === undefined) throw new InvalidOptionsError(`${where}.dispose`, `goes with 'orm'; what is made from 'config' is always disposed`)
  if (options['readonly'] === true && options['autocommit'] === true) throw new InvalidOptionsError(where, 'cannot be readonly and autocommit')
  assertMigrate(`${where}.migrate`, options)
  assertLimits(`${where}.limits`, options['limits'])
  assertResetOnRelease(`${where}.resetOnRelease`, options['resetOnRelease'])
  assertPreparedStatements(`${where}.preparedStatements`, options)
  assertServed(where, options)
  if (options['twoPhase'] === true) assertTwoPhase(name, options)
  const batch = completeBatch(`${where}.batch`, options)
  const flags = Object.fromEntries(FLAGS.map((flag) => [flag, options[flag] === true]))
  const comments = commentsOf(name, options, sqlComments)
  return Object.freeze({ ...options, ...flags, name, comments, fastPath, ...(batch === undefined ? {} : { batch }) }) as unknown as EngineDefinition
}

/** @throws InvalidOptionsError */
function assertFollows({ name, follows, fallback, readonly, ...definition }: EngineDefinition, all: ReadonlyMap<string, EngineDefinition>): void {
  const where = `engines.${name}.follows`
  if (fallback !== undefined && fallback !== 'follows' && fallback !== 'error') throw new InvalidOptionsError(`engines.${name}.fallback`, `must be 'follows' or 'error'`)
  if (follows === undefined && fallback !== undefined) throw new InvalidOptionsError(`engines.${name}.fallback`, `goes with 'follows'`)
  if (follows === undefined && definition.joinTransaction) throw new InvalidOptionsError(`engines.${name}.joinTransaction`, `goes with 'follows'`)
  if (follows === undefined) return
  if (definition.joinTransaction && dialectOf(driverOf(definition)) !== 'postgresql') throw new InvalidOptionsError(`engines.${name}.joinTransaction`, `is for PostgreSQL: with other databases a session reads what is committed`)
  const followed = all.get(follows)
  if (!readonly) throw new InvalidOptionsError(where, `is for readonly engines: a writable one does not follow another`)
  if (followed === undefined || followed.readonly) throw new InvalidOptionsError(where, `must name a writable engine; there are ${[...all.values()].filter((other) => !other.readonly).map((other) => other.name).join(', ') || 'none'}`)
  if (dialectOf(driverOf(definition)) !== dialectOf(driverOf(followed))) throw new InvalidOptionsError(where, `names an engine of another driver, '${follows}'`)
  if (definition.replicas !== undefined && isConnectedElsewhere(followed)) throw new InvalidOptionsError(where, `names an engine whose connections are made by the application, so that its server cannot be asked how new replicas must be: give it a 'config', or sqlAssistConfig()`)
  if (fallback !== 'error' && isConnectedElsewhere(followed)) throw new InvalidOptionsError(where, `names an engine whose connections are made by the application, so that where they lead is not known: add fallback: 'error'`)
}

/** SQLite needs no fallback: a file that can be read by one engine can be read by the other. */
function isConnectedElsewhere(definition: EngineDefinition): boolean {
  const { config, orm } = definition
  if (dialectOf(driverOf(definition)) !== 'postgresql') return false
  return orm === undefined ? isReadyMadeKysely(config?.driverOptions) : guaranteesOf((orm as MikroORM).config.get('driverOptions')) === undefined
}


/** Fork options are checked at registration, and those that a function makes when it has made them. */
export function assertForkOptions(where: string, fork: unknown): void {
  if (!isPlainObject(fork)) throw new InvalidOptionsError(where, 'must be fork options, or a function that returns them')
  assertKnownOptions(fork, KNOWN_FORK, `${where}.`)
  const { filters } = fork
  if (filters !== undefined && !isPlainObject(filters)) throw new InvalidOptionsError(`${where}.filters`, 'must be an object such as { tenant: { id: 7 }, softDelete: false }')
}
