// The server that is measured has a core to itself; the load and PostgreSQL share the others, so that they do not take its time, and so that a request's
// CPU time is not that of caches which others have filled.
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const cores = availableParallelism()

/** Whether processes are kept on cores of their own. */
export const isPinned = cores > 1 && spawnSync('taskset', ['-V']).status === 0

export type Place = 'server' | 'rest' | 'anywhere'

const CORES: Readonly<Record<Place, string>> = { server: '0', rest: cores === 2 ? '1' : `1-${cores - 1}`, anywhere: `0-${cores - 1}` }

/** Moves a process and its threads; those that it starts later follow. Nothing where it cannot be done. */
export function pin(pid: number, place: Place): void {
  if (isPinned) spawnSync('taskset', ['-a', '-c', '-p', CORES[place], String(pid)])
}
