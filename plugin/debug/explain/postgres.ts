import { settlesWithin } from '../../../orm/bounded.ts'
import { type Engine, ExplainRefusedError } from '../../../orm/index.ts'
import type { PgClient, PgResult } from '../../../orm/postgres/pg.ts'

/** How long a plan may take, in ms: to make one takes locks that others may hold. */
const TIMEOUT_MS = 5000
const LOCK_TIMEOUT_MS = 1000

/**
 * On a connection of its own, which the application does not have to wait for; in a transaction that can write nothing, and is rolled back.
 *
 * @throws ExplainRefusedError; what the database fails with
 */
export async function planOnPostgres(engine: Engine, sql: string): Promise<string> {
  /* c8 ignore next -- of those no statements are recorded */
  if (engine.pool === undefined) throw new ExplainRefusedError(`the connections of engine '${engine.name}' are made by the application`)
  engine.connectionOptions()
  const client = await engine.pool.connectAside(TIMEOUT_MS)
  const work = planOn(client, sql)
  work.catch(() => {}) // it may be given up and fail later
  try {
    if (await settlesWithin(work, TIMEOUT_MS + LOCK_TIMEOUT_MS)) return await work
    throw new ExplainRefusedError(`the database did not answer within ${TIMEOUT_MS + LOCK_TIMEOUT_MS} ms`)
  } finally {
    client.connection.stream.destroy()
  }
}

async function planOn(client: PgClient, sql: string): Promise<string> {
  await client.query('begin transaction read only')
  try {
    await client.query(`set local statement_timeout = ${TIMEOUT_MS}`)
    await client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`)
    // The extended protocol takes one statement only.
    const { rows } = (await client.query({ text: `explain ${sql}`, queryMode: 'extended' })) as PgResult
    return rows.map((row) => Object.values(row)[0]).join('\n')
  } finally {
    await client.query('rollback')
  }
}
