import { type DatabaseModel, describe } from './describe.ts'
import type { Reflectable, ReflectionFilter, SchemaGeneratorSettings } from './filter.ts'
import { introspect, type Introspection } from './introspection.ts'

/** The model of a database, for whoever makes something else of it than classes. */
export async function reflectModel(engine: Reflectable, filter: ReflectionFilter): Promise<{ readonly model: DatabaseModel; readonly settings: SchemaGeneratorSettings; readonly found: Introspection }> {
  const found = await introspect(engine, filter)
  const model = describe(found)
  const taken = new Set(model.entities.map(({ table }) => table))
  const settings: SchemaGeneratorSettings = {
    ignoreRoutines: true, ignoreTriggers: true, ignorePolicies: true, ignoreSchema: [...found.otherSchemas],
    // MikroORM skips by name alone: what has the name of a reflected table in another schema cannot be skipped.
    skipTables: [...new Set([...found.leftOut.tables, ...model.skippedTables])].filter((table) => !taken.has(table)),
    skipViews: [...new Set([...found.views.map((view) => view.name), ...found.leftOut.views])],
  }
  return { model, settings, found }
}
