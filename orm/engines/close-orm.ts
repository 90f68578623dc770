import type { MikroORM } from '@mikro-orm/core'
import { settlesWithin } from '../bounded.ts'
import { DisposedError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'
import type { EnginePool } from '../postgres/engine-pool.ts'

/** What makes the connections of a MikroORM; after `close()` the next query would call it again and open a pool that nobody closes. */
interface ConnectionMaker {
  createKysely(): unknown
}

/** How long a pool may still take when its connections have been destroyed, in ms; other databases may have nothing to destroy. */
const DESTROYED_MS = 1000

/**
 * Closes a MikroORM for good, within a bound: `orm.close()` alone waits for ever for a connection that somebody still holds.
 */
export async function closeOrm(orm: MikroORM, engine: string, timeoutMs: number, pool: EnginePool | undefined, logger: SqlAssistLogger): Promise<void> {
  pool?.hangUp()
  const closing = Promise.all([orm.close(true), pool?.end(timeoutMs)]) // kysely does not end a pool that others have used in its place
  forbidReopening(orm, engine)
  try {
    if (await settlesWithin(closing, timeoutMs)) return
    logger.warn({ engine, timeoutMs }, `Engine '${engine}' had connections in use after ${timeoutMs} ms: they are destroyed`)
    pool?.destroyCheckedOut()
    await settlesWithin(closing, DESTROYED_MS)
  } catch (err) {
    logger.error({ err, engine }, `Engine '${engine}' could not be closed cleanly`)
  }
}

function forbidReopening(orm: MikroORM, engine: string): void {
  const connection = orm.driver.getConnection() as unknown as ConnectionMaker
  connection.createKysely = () => {
    throw new DisposedError(`Engine '${engine}'`)
  }
}
