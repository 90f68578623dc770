import { parseArgs } from 'node:util'
import { CommandLineError } from '../errors.ts'

/** What `reflect` was asked to do. */
export interface ReflectCommand {
  readonly engines: string
  readonly engine: string | undefined
  readonly out: string
  readonly schemas: readonly string[] | undefined
  readonly take: readonly (string | RegExp)[] | undefined
  readonly skip: readonly (string | RegExp)[] | undefined
  readonly base: { readonly name: string; readonly module: string }
  readonly definition: 'decorators' | 'defineEntity'
  readonly extension: '.js' | '.ts'
  readonly dryRun: boolean
  readonly force: boolean
}

export const HELP = `Usage: fastify-sqlassist reflect --engines <file> [options]
       fastify-sqlassist tail <url> [--json]     prints the requests of an application; see tail --help

Writes entities from the tables and views of an existing database, as TypeScript files.
It reads the database and changes nothing in it.

  --engines <file>          a file that exports the engines of the application, as 'engines' or by default:
                            an object, or a function that returns it. JavaScript, or TypeScript where Node
                            or an installed tsx can read it.
  --engine <name>           the engine whose database is read. Default: the default engine.
  --out <folder>            where the files go. Default: ./entities
  --schema <name>           a schema; may be repeated. Default: all of them.
  --take <name>             a table or view to take; may be repeated. Default: all of them.
  --skip <name>             a table or view to leave out; may be repeated.
                            Names may hold *, or be a regular expression between slashes: /^tmp_/i
  --base <class>            what the entities extend: DeclaredTable (default), UtilityObject,
                            or <module>#<class> for a class of your own that extends one of them.
  --definition <kind>       decorators (ES decorators, default) or defineEntity
  --import-extension <ext>  how imports between the files end: .js (default) or .ts
  --dry-run                 say what would be written, and write nothing
  --force                   overwrite files that 'reflect' has not written, or that somebody has claimed
  --help                    this text
`

const OPTIONS = {
  engines: { type: 'string' },
  engine: { type: 'string' },
  out: { type: 'string', default: './entities' },
  schema: { type: 'string', multiple: true },
  take: { type: 'string', multiple: true },
  skip: { type: 'string', multiple: true },
  base: { type: 'string', default: 'DeclaredTable' },
  definition: { type: 'string', default: 'decorators' },
  'import-extension': { type: 'string', default: '.js' },
  'dry-run': { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/**
 * Reads the words after `fastify-sqlassist`.
 *
 * @returns what to do; undefined for the help text
 * @throws CommandLineError
 */
export function readCommandLine(args: readonly string[]): ReflectCommand | undefined {
  const { values, positionals } = parse(args)
  if (values.help || args.length === 0) return undefined
  const [command, ...more] = positionals
  if (command !== 'reflect') throw new CommandLineError(command === undefined ? `Which command? There are: reflect, tail.` : `There is no command '${command}'. There are: reflect, tail.`)
  if (more.length > 0) throw new CommandLineError(`'${more.join(' ')}' is one word too many: every option has a name.`)
  if (values.engines === undefined) throw new CommandLineError(`Where are the engines? Add --engines <file>.`)
  return {
    engines: values.engines,
    engine: values.engine,
    out: values.out,
    schemas: values.schema,
    take: values.take?.map(patternOf),
    skip: values.skip?.map(patternOf),
    base: baseOf(values.base),
    definition: oneOf('--definition', values.definition, ['decorators', 'defineEntity']),
    extension: oneOf('--import-extension', values['import-extension'], ['.js', '.ts']),
    dryRun: values['dry-run'],
    force: values.force,
  }
}

type Parsed = ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>

function parse(args: readonly string[]): Parsed {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (cause) {
    throw new CommandLineError(`${(cause as Error).message} See --help.`, { cause })
  }
}

/** A name, a name with stars, or a regular expression between slashes. */
function patternOf(text: string): string | RegExp {
  const expression = /^\/(.+)\/([a-z]*)$/s.exec(text)
  try {
    if (expression !== null) return new RegExp(expression[1]!, expression[2])
  } catch (cause) {
    throw new CommandLineError(`${text} is no regular expression: ${(cause as Error).message}.`, { cause })
  }
  return text.includes('*') ? new RegExp(`^${text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)).join('.*')}$`, 'i') : text
}

function baseOf(text: string): ReflectCommand['base'] {
  if (text === 'DeclaredTable' || text === 'UtilityObject') return { name: text, module: 'fastify-sqlassist/orm' }
  const [, module, name] = /^(.+)#([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u.exec(text) ?? []
  if (module === undefined || name === undefined) throw new CommandLineError(`--base is DeclaredTable, UtilityObject, or <module>#<class> such as ./base.js#Base; not '${text}'.`)
  return { name, module }
}

function oneOf<T extends string>(option: string, text: string, known: readonly T[]): T {
  const found = known.find((word) => word === text)
  if (found === undefined) throw new CommandLineError(`${option} is ${known.join(' or ')}; not '${text}'.`)
  return found
}
