import { fileURLToPath } from 'node:url'

/** Where in the application a statement comes from. */
export interface Caller {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A stack as it was taken: made into text when it is read for the first time, which costs several times as much. */
export interface Stack {
  readonly stack?: string
}

/** Deep enough for a request's handler to be on it: MikroORM and kysely take many steps. */
const DEPTH = 60

/** `orm/` and `plugin/`, in the sources and as they are built; source maps lead from these to those. */
const OWN: readonly string[] = ['../', '../../'].flatMap((up) => ['orm/', 'plugin/'].map((folder) => fileURLToPath(new URL(up + folder, import.meta.url))))

/** The stack of whoever calls this, followed through `await`. */
export function takeStack(): Stack {
  const { stackTraceLimit } = Error
  const holder: { stack?: string } = {}
  try {
    Error.stackTraceLimit = DEPTH
    Error.captureStackTrace(holder, takeStack)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
  return holder
}

/** The place in the application that this was called from, followed through `await`. */
export const findCaller = (): Caller | null => callerIn(takeStack())

/** The first line of a stack that is the application's. */
export function callerIn(stack: Stack): Caller | null {
  for (const caller of callersIn(stack)) return caller
  return null
}

/** The lines of a stack that are the application's, the innermost first. */
export function* callersIn({ stack }: Stack): Generator<Caller> {
  for (const line of String(stack).split('\n')) {
    const [, place, row, column] = /^\s+at (?:async )?(?:[^(]* \()?((?:file:\/\/|\/|[a-z]:[\\/]).*?):(\d+):(\d+)\)?$/i.exec(line) ?? []
    if (place === undefined) continue
    const file = place.startsWith('file:') ? pathOf(place) : place
    if (!/[\\/]node_modules[\\/]/.test(file) && !OWN.some((folder) => file.startsWith(folder))) yield { file, line: Number(row), column: Number(column) }
  }
}

/** As editors and terminals know it. */
export const placeOf = ({ file, line, column }: Caller): string => `${file}:${line}:${column}`

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return url
  }
}
