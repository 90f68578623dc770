// The server that is measured has a core to itself; the load and PostgreSQL share the others, so that they do not take its time, and so that a request's
// CPU time is not that of caches which others have filled.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** Those that this process may use: in a container they need not be the first ones. */
const cores = allowedCores('/proc/self/status')

/** Whether processes are kept on cores of their own. */
export const isPinned = cores.length > 1 && spawnSync('taskset', ['-V']).status === 0

export type Place = 'server' | 'rest' | 'anywhere'

const CORES: Readonly<Record<Place, readonly number[]>> = { server: cores.slice(0, 1), rest: cores.slice(1), anywhere: cores }

/** Moves a process and its threads; those that it starts later follow. Nothing where it cannot be done. */
export function pin(pid: number, place: Place): void {
  if (isPinned) spawnSync('taskset', ['-a', '-c', '-p', CORES[place].join(','), String(pid)])
}

/** Of Linux, as in `0-3,6`; none where there is no such file. */
function allowedCores(status: string): number[] {
  const list = existsSync(status) ? /^Cpus_allowed_list:\s*(?<list>\S+)$/m.exec(readFileSync(status, 'utf8'))?.groups!['list'] : undefined
  return (list ?? '').split(',').filter(Boolean).flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index)
  })
}
