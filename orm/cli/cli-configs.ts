import type { MikroORM } from '@mikro-orm/core'
import { InvalidOptionsError, ReadonlyEngineError } from '../errors.ts'
import { type AnyOptions, sqlAssistConfig } from '../engines/guarantees.ts'
import type { EnginesInput } from '../engines/options.ts'
import { validateEngines } from '../engines/validate.ts'
import { isContainerMember } from '../sessions/container-factory.ts'
import { SessionsContainer } from '../sessions/container.ts'

/** MikroORM's names of what changes a schema. */
const WRITING_EXTENSIONS = ['@mikro-orm/schema-generator', '@mikro-orm/migrator', '@mikro-orm/seeder']

/**
 * The engines of an application as a configuration of the `mikro-orm` CLI, so that both read one file:
 *
 * ```ts
 * // mikro-orm.config.ts
 * import { cliConfigs } from 'fastify-sqlassist/orm'
 * import { engines } from './engines.js'
 *
 * export default cliConfigs(engines)
 * ```
 *
 * `npx mikro-orm --contextName=writer migration:create` then works on the engine `writer`. The default engine also answers to no
 * `--contextName` at all. A readonly engine refuses commands that change a schema.
 *
 * @param engines - what the application registers
 * @throws InvalidOptionsError, EngineNameInvalidError, DefaultEngineError
 */
export function cliConfigs(engines: EnginesInput): AnyOptions[] {
  const definitions = validateEngines(engines, (name) => isContainerMember(SessionsContainer as never, name))
  const standard = definitions.find((definition) => definition.default) ?? definitions[0]!
  const named = definitions.map(({ name, config, readonly, namingConvention, migrate }) => {
    if (config === undefined) throw new InvalidOptionsError(`engines.${name}`, `has an 'orm': the mikro-orm CLI needs the options that it was made with, as 'config'`)
    const options = { ...config, migrations: { ...config.migrations, ...(typeof migrate === 'object' ? migrate : {}) } } as AnyOptions
    // Where nobody asked for a logger, MikroORM writes to the console, as befits a command.
    const { logger, ...complete } = sqlAssistConfig(name, options, { readonly, namingConvention })
    return { ...complete, contextName: name, ...(config.logger === undefined ? {} : { logger }), ...(readonly ? { extensions: [refusing(name)] } : {}) }
  })
  return named.some(({ contextName }) => contextName === 'default') ? named : [...named, { ...named[definitions.indexOf(standard)]!, contextName: 'default' }]
}

/** An extension in place of those that change a schema. It has the name of MikroORM's Migrator, which is not loaded then. */
function refusing(engine: string): { readonly name: string; register(orm: MikroORM): void } {
  return {
    name: 'Migrator',
    register(orm) {
      for (const extension of WRITING_EXTENSIONS) orm.config.registerExtension(extension, () => refusal(engine))
    },
  }
}

/** It may be looked at, as MikroORM does when it connects; it may not be used. */
function refusal(engine: string): object {
  const get = (): never => {
    throw new ReadonlyEngineError(engine, 'a command that changes the schema')
  }
  return new Proxy({}, { get })
}
