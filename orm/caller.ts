import { findSourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Where in the application a statement comes from. */
export interface Caller {
  /** The path of the source file. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
}

/** A stack as it was taken: made into text when it is read for the first time, which costs several times as much. */
export interface Stack {
  readonly stack?: string
}

/** Deep enough for a request's handler to be on it: MikroORM and kysely take many steps. */
const DEPTH = 60

/** What Error is told of how stacks are to be, by whoever looks after them. */
interface StackSettings {
  readonly stackTraceLimit: number
  readonly prepareStackTrace?: (this: void, error: Error, sites: NodeJS.CallSite[]) => unknown
}

/** Made once, because an Error looks for its own stack. */
const NO_ERROR = new Error()

/** `orm/` and `plugin/`, in the sources and as they are built; source maps lead from these to those. */
const OWN: readonly string[] = ['../', '../../'].flatMap((up) => ['orm/', 'plugin/'].map((folder) => fileURLToPath(new URL(up + folder, import.meta.url))))

/**
 * The place in the application that this was called from, followed through `await`. The text of a whole stack costs more than the statement that it is asked for:
 * steps are looked at one by one, and only that of the application is written out.
 */
export function findCaller(): Caller | null {
  const { stackTraceLimit, prepareStackTrace } = Error as StackSettings
  const holder: { stack?: unknown } = {}
  try {
    Error.stackTraceLimit = DEPTH
    Error.prepareStackTrace = (_holder, sites) => callerAmong(sites, (site) => String(prepareStackTrace?.(NO_ERROR, [site])))
    Error.captureStackTrace(holder, findCaller)
    return holder.stack as Caller | null
  } finally {
    Object.assign(Error, { stackTraceLimit, prepareStackTrace })
  }
}

/** @param written - a stack of one step, as whoever looks after stacks in this process writes it: it may know of more source maps than Node.js does */
function callerAmong(sites: readonly NodeJS.CallSite[], written: (site: NodeJS.CallSite) => string): Caller | null {
  for (const site of sites) {
    const script = site.getScriptNameOrSourceURL() as string | null | undefined // of what Promise.all() waits for there is none
    if (!script || fileOf(script) === null) continue
    const found = mapped(script, site) ?? callerIn({ stack: written(site) }) ?? { file: fileOf(script)!, line: site.getLineNumber() ?? 1, column: site.getColumnNumber() ?? 1 }
    if (fileOf(found.file) !== null) return found
  }
  return null
}

/** The place in the source; undefined where Node.js knows of none. */
function mapped(script: string, site: NodeJS.CallSite): Caller | undefined {
  const origin = findSourceMap(script)?.findOrigin(site.getLineNumber() ?? 1, site.getColumnNumber() ?? 1)
  return origin !== undefined && 'fileName' in origin ? { file: pathOf(origin.fileName), line: origin.lineNumber, column: origin.columnNumber } : undefined
}

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

/** The first line of a stack that is the application's. */
export function callerIn(stack: Stack): Caller | null {
  for (const caller of callersIn(stack)) return caller
  return null
}

/** The lines of a stack that are the application's, the innermost first. */
export function* callersIn({ stack }: Stack): Generator<Caller> {
  for (const line of String(stack).split('\n')) {
    const [, place, row, column] = /^\s+at (?:async )?(?:[^(]* \()?((?:file:\/\/|\/|[a-z]:[\\/]).*?):(\d+):(\d+)\)?$/i.exec(line) ?? []
    const file = place === undefined ? null : fileOf(place)
    if (file !== null) yield { file, line: Number(row), column: Number(column) }
  }
}

/** As editors and terminals know it. */
export const placeOf = ({ file, line, column }: Caller): string => `${file}:${line}:${column}`

/** How many are remembered: scripts can be made while a process runs. */
const MOST_FILES = 5000
const files = new Map<string, string | null>()

/** The path of a script of the application; null for those of libraries, of this package and of Node.js. */
function fileOf(script: string): string | null {
  const known = files.get(script)
  if (known !== undefined) return known
  if (files.size >= MOST_FILES) files.clear()
  const path = script.startsWith('file:') ? pathOf(script) : script
  const isOthers = !/^(?:file:|\/|[a-z]:[\\/])/i.test(path) || /[\\/]node_modules[\\/]/.test(path) || OWN.some((folder) => path.startsWith(folder))
  files.set(script, isOthers ? null : path)
  return isOthers ? null : path
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return url
  }
}
