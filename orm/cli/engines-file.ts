import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { EngineOptions } from '../engines/options.ts'
import { CommandLineError, EngineUnknownError } from '../errors.ts'

/** Reads the file that exports the engines of an application. */
export async function readEnginesFile(file: string): Promise<ReadonlyMap<string, EngineOptions>> {
  const path = resolve(file)
  if (!existsSync(path)) throw new CommandLineError(`There is no file ${file}.`)
  if (/\.[mc]?tsx?$/.test(path)) await useTypeScriptLoader(path)
  const exported = await importFile(file, path)
  const found = enginesIn(exported) ?? exported['default']
  const engines: unknown = typeof found === 'function' ? await (found as () => unknown)() : await found
  if (typeof engines !== 'object' || engines === null) {
    throw new CommandLineError(`${file} exports no engines: it should say 'export const engines = defineEngines({ ... })', or export them by default.`)
  }
  return new Map(Symbol.iterator in engines ? (engines as Iterable<[string, EngineOptions]>) : Object.entries(engines as Record<string, EngineOptions>))
}

/** A CommonJS module that was compiled from an ES module has its exports, the default one too, inside of its default export. */
function enginesIn(exported: Readonly<Record<string, unknown>>): unknown {
  if (exported['engines'] !== undefined) return exported['engines']
  const inner = exported['default'] as Readonly<Record<string, unknown>> | undefined
  return inner?.['__esModule'] === true ? (inner['engines'] ?? inner['default']) : undefined
}

/** The engine of that name; without a name the default one. */
export function chooseEngine(engines: ReadonlyMap<string, EngineOptions>, name: string | undefined): { readonly name: string; readonly options: EngineOptions } {
  const chosen = name ?? [...engines].find(([, options]) => options.default === true)?.[0] ?? [...engines.keys()][0]
  const options = engines.get(chosen ?? '')
  if (chosen === undefined || options === undefined) throw new EngineUnknownError(chosen ?? '', [...engines.keys()].join(', '))
  return { name: chosen, options }
}

/** Node reads most TypeScript by itself. Decorators, and imports of `.js` that mean `.ts`, take a loader: tsx, if it is installed. */
async function useTypeScriptLoader(path: string): Promise<void> {
  let url: string
  try {
    url = pathToFileURL(createRequire(path).resolve('tsx/esm/api')).href
  } catch {
    return
  }
  const { register } = (await import(url)) as { register: () => unknown }
  register()
}

async function importFile(file: string, path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    const hint = /\.[mc]?tsx?$/.test(path) ? ' A TypeScript file may need a loader: install tsx beside it.' : ''
    throw new CommandLineError(`${file} could not be read: ${message}${/[.!?]$/.test(message) ? '' : '.'}${hint}`, { cause })
  }
}
