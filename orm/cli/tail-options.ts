import { parseArgs } from 'node:util'
import { CommandLineError } from '../errors.ts'

/** What `tail` was asked to do. */
export interface TailCommand {
  /** Of the panel, with a slash at its end. */
  readonly panel: URL
  readonly json: boolean
}

export const TAIL_HELP = `Usage: fastify-sqlassist tail <url> [--json]

Prints a line for each request that an application answers, as its debug panel (fastify-sqlassist/debug)
records them: when it came, method, URL, status, engines, statements, their time and its own.

  <url>      the application, http://127.0.0.1:3000; or its panel, where that has a path of its own:
             http://127.0.0.1:3000/debug/sql
  --json     a line of JSON for each request: what GET /_sqlassist/api/requests says of it
  --help     this text

It goes on when the application starts anew, and ends with Ctrl-C.
`

const OPTIONS = { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } } as const

/**
 * Reads the words after `fastify-sqlassist tail`.
 *
 * @returns what to do; undefined for the help text
 * @throws CommandLineError
 */
export function readTailOptions(args: readonly string[]): TailCommand | undefined {
  const { values, positionals: [url, ...more] } = parse(args)
  if (values.help) return undefined
  if (url === undefined) throw new CommandLineError(`Which application? Say fastify-sqlassist tail http://127.0.0.1:3000.`)
  if (more.length > 0) throw new CommandLineError(`'${more.join(' ')}' is too much: tail takes one URL.`)
  return { panel: panelAt(url), json: values.json }
}

type Parsed = ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>

function parse(args: readonly string[]): Parsed {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (cause) {
    throw new CommandLineError(`${(cause as Error).message} See fastify-sqlassist tail --help.`, { cause })
  }
}

function panelAt(text: string): URL {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`)
  if (url === null || !/^https?:$/.test(url.protocol)) throw new CommandLineError(`'${text}' is no URL such as http://127.0.0.1:3000.`)
  const path = url.pathname.replace(/\/+$/, '')
  return new URL(`${path === '' ? '/_sqlassist' : path}/`, url.origin)
}
