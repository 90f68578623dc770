import type { MikroORM } from '@mikro-orm/core'

/** Something with a database: an engine, or `{ name, orm }`. */
export interface Reflectable {
  readonly name: string
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
  readonly ignoreRoutines: true
  readonly ignoreTriggers: true
  readonly ignorePolicies: true
  readonly ignoreSchema: string[]
  readonly skipTables: string[]
  readonly skipViews: string[]
}
