import { fileURLToPath } from 'node:url'
import type { Caller } from '../types.ts'

/** Deep enough for a request's handler to be on it: MikroORM and kysely take many steps. */
const DEPTH = 60

/** `orm/` and `plugin/`, in the sources and as they are built; source maps lead from these to those. */
const OWN: readonly string[] = ['../../../', '../../../../'].flatMap((up) => ['orm/', 'plugin/'].map((folder) => fileURLToPath(new URL(up + folder, import.meta.url))))

/** The place in the application that this was called from, followed through `await`. */
export function findCaller(): Caller | null {
  const { stackTraceLimit } = Error
  const holder: { stack?: string } = {}
  try {
    Error.stackTraceLimit = DEPTH
    Error.captureStackTrace(holder, findCaller)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
  return callerIn(String(holder.stack))
}

/** The first line of a stack that is the application's. */
export function callerIn(stack: string): Caller | null {
  for (const line of stack.split('\n')) {
    const [, place, row, column] = /^\s+at (?:async )?(?:[^(]* \()?((?:file:\/\/|\/|[a-z]:[\\/]).*?):(\d+):(\d+)\)?$/i.exec(line) ?? []
    if (place === undefined) continue
    const file = place.startsWith('file:') ? pathOf(place) : place
    if (!/[\\/]node_modules[\\/]/.test(file) && !OWN.some((folder) => file.startsWith(folder))) return { file, line: Number(row), column: Number(column) }
  }
  return null
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return url
  }
}
