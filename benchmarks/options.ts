import { parseArgs } from 'node:util'
import { EXTENTS, type Extent } from './harness/stage.ts'
import { QUESTIONS } from './questions/index.ts'

export interface BenchOptions {
  readonly help: boolean
  /** Questions; undefined: all. */
  readonly only: ReadonlySet<string> | undefined
  readonly variants: ReadonlySet<string> | undefined
  readonly extent: keyof typeof EXTENTS
  readonly given: Partial<Extent>
  readonly merge: boolean
  /** Results and page are written. */
  readonly write: boolean
  /** Nothing is measured. */
  readonly report: boolean
}

export const HELP = `How fast it is, beside what else there is. Starts its own PostgreSQL, or uses the one that DATABASE_URL names.

  npm run bench -- [options]

  --only QUESTIONS   with a comma between them: ${QUESTIONS.map(({ name }) => name).join(', ')}
  --variants NAMES   of these questions only some variants, as results/*.json name them, beside those that others are compared with; writes nothing
  --processes N      of each variant (${EXTENTS.full.processes})
  --rounds N         how often each process is measured, in turn with the others (${EXTENTS.full.rounds})
  --portion MS       how long a process is asked in a round (${EXTENTS.full.portionMs})
  --warm-up MS       how long it is asked before the first (${EXTENTS.full.warmUpMs})
  --quick            less of everything: some minutes, to see about where things are
  --merge            adds to the results that are there, instead of replacing them
  --no-write         leaves benchmarks/results/ and docs/ as they are
  --report           measures nothing: says what is in benchmarks/results/, and makes docs/benchmarks.md of it`

export function readOptions(args: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      help: { ...flag, short: 'h' }, only: text, variants: text, processes: text, rounds: text, portion: text, 'warm-up': text,
      quick: flag, smoke: flag, merge: flag, write: { type: 'boolean', default: true }, report: flag,
    },
  })
  const only = namesOf(values.only)
  for (const name of only ?? []) if (!QUESTIONS.some((question) => question.name === name)) throw new Error(`There is no question '${name}': ${QUESTIONS.map((question) => question.name).join(', ')}`)
  const numbers = { processes: values.processes, rounds: values.rounds, portionMs: values.portion, warmUpMs: values['warm-up'] }
  const given = Object.fromEntries(Object.entries(numbers).flatMap(([name, value]) => (value === undefined ? [] : [[name, Number(value)]])))
  return {
    help: values.help,
    only,
    variants: namesOf(values.variants),
    extent: values.smoke ? 'smoke' : values.quick ? 'quick' : 'full',
    given,
    merge: values.merge,
    write: values.write && values.variants === undefined,
    report: values.report,
  }
}

const namesOf = (names: string | undefined): ReadonlySet<string> | undefined => (names === undefined ? undefined : new Set(names.split(',')))
