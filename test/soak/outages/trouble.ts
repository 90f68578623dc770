// What may happen to a server. Each of them ends when the database is back.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, OURS } from '../database.ts'
import type { Random } from '../random.ts'
import type { Server } from '../server.ts'

/** Longer than all limits of the service together. */
const LONG_MS = 4500

export interface Trouble {
  readonly name: string
  readonly happen: () => Promise<void>
}

/** In this order, again and again. */
export function troubles(server: Server, database: Database, random: Random): readonly Trouble[] {
  const freeze = async (ms: number): Promise<void> => {
    server.freeze()
    await sleep(ms)
    server.thaw()
  }
  return [
    { name: 'restart', happen: async () => await server.restart() },
    { name: 'short freeze', happen: async () => await freeze(200 + random.below(1800)) },
    { name: 'crash of a backend', happen: async () => await server.crash(await someBackend(database)) },
    { name: 'freeze beyond the limits', happen: async () => await freeze(LONG_MS + random.below(1000)) },
    { name: 'restart', happen: async () => await server.restart() },
  ]
}

async function someBackend(database: Database): Promise<number> {
  for (;;) {
    const [row] = await database.query<{ pid: number }>(`select pid from pg_stat_activity where ${OURS} limit 1`)
    if (row !== undefined) return row.pid
  }
}
