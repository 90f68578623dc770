// The command line.
import { parseArgs } from 'node:util'

/** A part, as far as its options go. */
interface Part {
  readonly name: string
  readonly help: string
}

export interface Options {
  readonly seed: number
  readonly patience: number
  readonly pipeline: boolean
  /** How much of each part, by name; a part that is left out is not here. */
  readonly sizes: ReadonlyMap<string, number>
}

export function readOptions(program: string, parts: readonly Part[], defaults: Readonly<Record<string, number>>): Options {
  const help = helpOf(program, parts, defaults)
  const { values } = parse(parts, help)
  if (values['help'] === true) {
    console.log(help)
    process.exit(0)
  }
  const number = (name: string, otherwise: number): number => (values[name] === undefined ? otherwise : wholeNumber(name, String(values[name]), help))
  const only = typeof values['only'] === 'string' ? values['only'].split(',') : parts.map(({ name }) => name)
  const unknown = only.find((name) => !parts.some((part) => part.name === name))
  if (unknown !== undefined) refuse(`--only knows no '${unknown}'`, help)
  return {
    seed: number('seed', Date.now() % 1_000_000),
    patience: number('patience', 1),
    pipeline: values['pipeline'] === true,
    sizes: new Map(only.map((name) => [name, number(name, defaults[name]!)])),
  }
}

function parse(parts: readonly Part[], help: string): { values: Record<string, string | boolean | undefined> } {
  const ofParts = parts.map(({ name }) => [name, { type: 'string' }] as const)
  try {
    return parseArgs({ options: { ...Object.fromEntries(ofParts), only: { type: 'string' }, seed: { type: 'string' }, patience: { type: 'string' }, pipeline: { type: 'boolean' }, help: { type: 'boolean' } } })
  } catch (error) {
    return refuse((error as Error).message, help)
  }
}

function helpOf(program: string, parts: readonly Part[], defaults: Readonly<Record<string, number>>): string {
  const rows = [
    ...parts.map(({ name, help }) => [`--${name} N`, `${help} (default ${defaults[name]})`]),
    ['--only a,b', `only these parts: ${parts.map(({ name }) => name).join(', ')}`],
    ['--seed N', 'the same seed makes the same choices (default: from the clock)'],
    ['--patience N', 'everything may take N times as long as promised, on a machine that does other things as well (default 1)'],
    ['--pipeline', 'reads by key share connections, in the parts requests, kills and outages'],
    ['--help', 'this text'],
  ]
  const options = rows.map(([option, text]) => `  ${option!.padEnd(15)} ${text}`).join('\n')
  return `Usage: npm run ${program} -- [options]\n\n${options}\n\nStarts PostgreSQL servers of its own. Exits with 1 if a promise is broken.`
}

function wholeNumber(name: string, text: string, help: string): number {
  const number = Number(text)
  return Number.isSafeInteger(number) && number >= 1 ? number : refuse(`--${name} needs a whole number from 1 on, not '${text}'`, help)
}

function refuse(problem: string, help: string): never {
  console.error(`${problem}\n\n${help}`)
  process.exit(2)
}
