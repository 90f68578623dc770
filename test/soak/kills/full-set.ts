// Whether the pools still have all their connections to give.
import type { SqlAssist } from 'fastify-sqlassist'
import { POOL_MAX, type Writer } from '../requests/service.ts'

/** @returns how many different backends as many sessions have at the same time */
export async function fullSet(sqlassist: SqlAssist, engine: 'writer' | 'reader'): Promise<number> {
  const containers = Array.from({ length: POOL_MAX }, () => sqlassist.session() as unknown as Record<string, Writer>)
  const sessions = containers.map((container) => container[engine]!)
  try {
    await Promise.all(sessions.map(async (session) => await session.begin()))
    const pids = await Promise.all(sessions.map(async (session) => await session.execute<{ pid: number }[]>('select pg_backend_pid() pid')))
    return new Set(pids.map(([row]) => row!.pid)).size
  } finally {
    await Promise.all(containers.map(async (container) => await (container as unknown as { close(): Promise<void> }).close()))
  }
}
