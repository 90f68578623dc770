import type { MikroORM } from '@mikro-orm/core'
import { DisposedError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'
import type { PoolGuard } from '../postgres/pool-guard.ts'

/** What makes the connections of a MikroORM; after `close()` the next query would call it again and open a pool that nobody closes. */
interface ConnectionMaker {
  createKysely(): unknown
}

/**
 * Closes a MikroORM for good, within a bound: `orm.close()` alone waits for ever for a connection that somebody still holds.
 */
export async function closeOrm(orm: MikroORM, engine: string, timeoutMs: number, pool: PoolGuard | undefined, logger: SqlAssistLogger): Promise<void> {
  const closing = orm.close(true)
  forbidReopening(orm, engine)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'late')
  })
  try {
    if ((await Promise.race([closing, late])) !== 'late') return
    logger.warn({ engine, timeoutMs }, `Engine '${engine}' had connections in use after ${timeoutMs} ms: they are destroyed`)
    pool?.destroyCheckedOut()
    if (pool !== undefined) await closing
  } catch (err) {
    logger.error({ err, engine }, `Engine '${engine}' could not be closed cleanly`)
  } finally {
    clearTimeout(timer)
  }
}

function forbidReopening(orm: MikroORM, engine: string): void {
  const connection = orm.driver.getConnection() as unknown as ConnectionMaker
  connection.createKysely = () => {
    throw new DisposedError(`Engine '${engine}'`)
  }
}
