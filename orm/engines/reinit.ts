import type { MikroORM } from '@mikro-orm/core'
import { settlesWithin } from '../bounded.ts'
import { ReinitUnsupportedError } from '../errors.ts'
import { isMemory } from '../sqlite/database-name.ts'
import { reopenSqlite } from '../sqlite/reopen.ts'
import type { Guarantees } from './guarantees.ts'

/**
 * Makes the connections of an engine anew: new ones for everything from now on, the old ones closed when they are done.
 *
 * @param timeoutMs - how long the old ones may take; then they are destroyed
 * @returns what is left of the old ones; undefined where they were done in time
 * @throws ReinitUnsupportedError
 */
export async function reinitEngine(engine: string, orm: MikroORM, guarantees: Guarantees | undefined, timeoutMs: number): Promise<string | undefined> {
  const problem = whyNot(guarantees)
  if (problem !== undefined) throw new ReinitUnsupportedError(engine, problem)
  if (guarantees!.dialect === 'postgresql') return (await guarantees!.pool.reinit(timeoutMs)) ? undefined : 'old connections were still in use: they are destroyed'
  return (await settlesWithin(reopenSqlite(orm), timeoutMs)) ? undefined : 'a transaction was still open: the file is opened anew when it ends'
}

function whyNot(guarantees: Guarantees | undefined): string | undefined {
  if (guarantees === undefined) return `its MikroORM was made without sqlAssistConfig(), so its connections are yours: close and connect it yourself`
  if (guarantees.readyMade) return `its driverOptions hold a ready-made kysely, whose connections are yours`
  if (guarantees.dialect === 'sqlite') return isMemory(guarantees.dbName) ? `a database in memory would be lost` : undefined
  return guarantees.dialect === 'postgresql' ? undefined : `how to do that is not known for its driver`
}
