// What is asked of a service before and after its end.
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { asSuperuser } from '../../support/databases.ts'
import { until } from './ending.ts'
import type { Database } from './service.ts'

/** How many connections our engines have to the database, seen from the server. */
async function connections({ at }: Database): Promise<number> {
  const sql = `select count(*)::int n from pg_stat_activity where datname = current_database() and application_name like 'fastify-sqlassist/%'`
  return (await asSuperuser<{ n: number }>(at, sql))[0]!.n
}

/** The server takes its time to notice that a connection has been closed. */
export const noneLeft = async (database: Database): Promise<boolean> => await until(async () => (await connections(database)) === 0)

/** Starts an application that ends with the test. */
export async function listening(t: Test, app: FastifyInstance): Promise<FastifyInstance> {
  t.teardown(async () => await app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}
