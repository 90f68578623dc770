import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MikroORM } from '@mikro-orm/core'
import type { EngineOptions } from '../engines/options.ts'
import { CommandLineError } from '../errors.ts'
import { DeclaredTable } from '../models/declared-table.ts'
import type { DatabaseModel } from '../models/reflection/describe.ts'
import { entitySchemas } from '../models/reflection/entity-schemas.ts'
import type { SchemaGeneratorSettings } from '../models/reflection/filter.ts'
import { reflectModel } from '../models/reflection/model.ts'
import { HEADER, type SourceFile, sourceFiles } from '../models/reflection/source/source-files.ts'
import { createSqlAssist } from '../sqlassist.ts'
import type { ReflectCommand } from './command-line.ts'
import { chooseEngine, readEnginesFile } from './engines-file.ts'

/** Where a command writes: what it was asked for, and what it has to say. */
export interface Terminal {
  out(line: string): void
  say(line: string): void
}

/** Reads the database of an engine and writes its entities. */
export async function reflectCommand(command: ReflectCommand, terminal: Terminal): Promise<void> {
  const { name, options } = chooseEngine(await readEnginesFile(command.engines), command.engine)
  const { schemas, take, skip } = command
  const filter = { ...(schemas === undefined ? {} : { schemas }), ...(take === undefined ? {} : { take }), ...(skip === undefined ? {} : { skip }) }
  terminal.say(`Reading the database of engine '${name}' ...`)
  const { files, model, settings } = await withOrm(name, options, {}, async (orm) => {
    const { model: described, settings: generator, found } = await reflectModel({ name, orm }, filter)
    const columnOf = (property: string): string => found.config.getNamingStrategy().propertyToColumnName(property)
    return { model: described, settings: generator, files: sourceFiles(described.entities, generator, { ...command, columnOf }) }
  })
  for (const warning of model.warnings) terminal.say(`warning: ${warning}`)
  if (model.entities.length === 0) throw new CommandLineError(`Nothing was found: look at --schema, --take and --skip, and at the database.`)
  write(files, command, terminal)
  await compare(name, options, model, settings, terminal)
}

function write(files: readonly SourceFile[], { out, dryRun, force }: ReflectCommand, terminal: Terminal): void {
  const claimed = files.map(({ name }) => join(out, name)).filter((path) => !force && existsSync(path) && !readFileSync(path, 'utf8').startsWith(HEADER))
  if (claimed.length > 0) throw new CommandLineError(`These files are somebody's own: ${claimed.join(', ')}. Choose another --out, --skip their tables, or overwrite them with --force. Nothing was written.`)
  if (!dryRun) mkdirSync(out, { recursive: true })
  for (const { name, text } of files) {
    const path = join(out, name)
    if (!dryRun) writeFileSync(path, text)
    terminal.out(path)
  }
  terminal.say(`${files.length} files ${dryRun ? 'would be' : 'were'} written to ${out}`)
}

/** Compares the new entities with the database that they come from: a difference is something that MikroORM has no words for. */
async function compare(name: string, options: EngineOptions, model: DatabaseModel, schemaGenerator: SchemaGeneratorSettings, terminal: Terminal): Promise<void> {
  const entities = [...entitySchemas(model.entities, DeclaredTable).values()].map(({ schema }) => schema)
  const difference = await withOrm(name, options, { entities, schemaGenerator }, async (orm) => await orm.schema.getUpdateSchemaSQL({ wrap: false }))
  if (difference.trim() === '') terminal.say('The schema diff between the entities and the database is empty.')
  else terminal.say(`warning: MikroORM sees a difference between the entities and the database. Have a look before you run schema commands:\n${difference}`)
}

/** A MikroORM of the engine, for reading only, with other entities than the application's: those may not be there yet. */
async function withOrm<T>(name: string, { config, orm, namingConvention }: EngineOptions, own: object, fn: (orm: MikroORM) => Promise<T>): Promise<T> {
  if (config === undefined) throw new CommandLineError(`Engine '${name}' has ${orm === undefined ? 'no' : `an 'orm' and no`} 'config': the command needs the options of its MikroORM.`)
  // What the application's options say of its entities is not for these.
  const discovery = { ...config.discovery, afterDiscovered: () => {}, warnWhenNoEntities: false }
  const engine = { config: { ...config, entities: [], entitiesTs: [], subscribers: [], ...own, discovery }, readonly: true, namingConvention }
  await using sqlassist = await createSqlAssist({ engines: { [name]: engine } })
  return await fn(sqlassist.engine(name).orm)
}
