import type { MikroORM } from '@mikro-orm/core'

/** Something with a database: an engine, or `{ name, orm }`. */
export interface Reflectable {
  /** How errors name it. */
  readonly name: string
  /** The MikroORM whose connection is asked. */
  readonly orm: MikroORM
}

/** What is read of a database. */
export interface ReflectionFilter {
  /** Schemas by name. Default: all of them. SQLite has none. */
  readonly schemas?: readonly string[]
  /** Tables and views to take, by name or pattern. Default: all of them. */
  readonly take?: readonly (string | RegExp)[]
  /** Tables and views to leave out. */
  readonly skip?: readonly (string | RegExp)[]
}

/** Settings that keep MikroORM's schema commands away from what the entities do not describe. */
export interface SchemaGeneratorSettings {
  /** Leaves functions and procedures alone. */
  readonly ignoreRoutines: true
  /** Leaves triggers alone. */
  readonly ignoreTriggers: true
  /** Leaves policies of row-level security alone. */
  readonly ignorePolicies: true
  /** Schemas that were left out. */
  readonly ignoreSchema: string[]
  /** Tables that were left out. */
  readonly skipTables: string[]
  /** Views that were left out. */
  readonly skipViews: string[]
}
