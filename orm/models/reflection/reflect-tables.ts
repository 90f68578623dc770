import type { EntitySchema } from '@mikro-orm/core'
import { InvalidOptionsError, TableUnknownError } from '../../errors.ts'
import { assertKnownOptions, isPlainObject } from '../../options-check.ts'
import { DeclaredTable } from '../declared-table.ts'
import { type BaseClass, entitySchemas, type ReflectedClass } from './entity-schemas.ts'
import type { Reflectable, ReflectionFilter, SchemaGeneratorSettings } from './filter.ts'
import { reflectModel } from './model.ts'

/** Options of {@link reflectTables}. */
export interface ReflectOptions<B extends BaseClass = typeof DeclaredTable> extends ReflectionFilter {
  /** The class that all entities extend: `DeclaredTable` (default), `UtilityObject`, or one of your own. */
  readonly base?: B
}

/** What {@link reflectTables} has found. */
export interface ReflectedTables<B extends BaseClass = typeof DeclaredTable> {
  /** For the `entities` of an engine's `config`. */
  readonly entities: EntitySchema[]
  /** For the `schemaGenerator` of an engine's `config`. */
  readonly schemaGenerator: SchemaGeneratorSettings
  /** What the entities cannot say of the database, in words. */
  readonly warnings: readonly string[]
  /** The names of the classes. */
  readonly classNames: readonly string[]
  /**
   * A class by its own name, or by the name of its table or view.
   *
   * @throws TableUnknownError
   */
  get(name: string): ReflectedClass<B>
}

const KNOWN: ReadonlySet<string> = new Set(['schemas', 'take', 'skip', 'base'])

/**
 * Makes entities from the tables and views of an existing database.
 *
 * ```ts
 * const tables = await reflectTables(sqlassist.engine('legacy'), { skip: [/^tmp_/] })
 * const engines = { legacy: { config: defineConfig({ clientUrl, entities: tables.entities, schemaGenerator: tables.schemaGenerator }) } }
 * ```
 *
 * Reads the database and writes nothing. The database's names of constraints are kept, and MikroORM's schema diff is empty, except for
 * what `warnings` says.
 *
 * @param engine - whose database is read
 * @throws InvalidOptionsError, DriverUnsupportedError, OptionalPeerMissingError
 */
export async function reflectTables<B extends BaseClass = typeof DeclaredTable>(engine: Reflectable, options: ReflectOptions<B> = {}): Promise<ReflectedTables<B>> {
  assertReflectOptions(options)
  const { model, settings } = await reflectModel(engine, options)
  const made = entitySchemas(model.entities, options.base ?? (DeclaredTable as unknown as B))
  const byTable = new Map(model.entities.map((entity) => [entity.table, entity.className]))
  return {
    entities: [...made.values()].map(({ schema }) => schema),
    schemaGenerator: settings,
    warnings: model.warnings,
    classNames: [...made.keys()],
    get(name) {
      const found = made.get(name) ?? made.get(byTable.get(name) ?? '')
      if (found === undefined) throw new TableUnknownError(name, [...byTable.keys()].join(', '))
      return found.class
    },
  }
}

function assertReflectOptions(options: ReflectOptions<BaseClass>): void {
  if (!isPlainObject(options)) throw new InvalidOptionsError('reflectTables', 'takes an engine and an object of options')
  assertKnownOptions(options, KNOWN, 'reflectTables.')
  const { schemas, take, skip, base } = options
  if (schemas !== undefined && !(Array.isArray(schemas) && schemas.every(isText))) throw new InvalidOptionsError('reflectTables.schemas', 'must be an array of names')
  for (const [option, patterns] of Object.entries({ take, skip })) {
    if (patterns === undefined || (Array.isArray(patterns) && patterns.every((pattern) => isText(pattern) || pattern instanceof RegExp))) continue
    throw new InvalidOptionsError(`reflectTables.${option}`, 'must be an array of names and regular expressions')
  }
  if (base !== undefined && typeof base !== 'function') throw new InvalidOptionsError('reflectTables.base', 'must be a class')
}

const isText = (value: unknown): boolean => typeof value === 'string'
