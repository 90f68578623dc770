import type { SqlAssist, SqlAssistEngines } from 'fastify-sqlassist'

/**
 * Makes the tables that are missing and leaves the rows alone. Good enough for an example; a service that lives on uses migrations.
 * `reader` looks at the file of `writer`, so there is nothing to do for it.
 */
export async function updateSchemas(sqlassist: SqlAssist<SqlAssistEngines>): Promise<void> {
  await sqlassist.engine('writer').orm.schema.update({ safe: true })
  await sqlassist.engine('logger').orm.schema.update({ safe: true })
}
