// Changes the sources in small ways, one at a time, and looks whether a test notices: npm run mutation -- --help
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { Random } from '../soak/random.ts'
import { type CoveringTest, coveringTests } from './covering-tests.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { closeWorkshop, openWorkshop, runTest, type Workshop } from './workshop.ts'

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: 'orm/{sessions,engines}/**/*.ts plugin/request-end.ts' },
    tests: { type: 'string', default: 'test/orm/{sessions,engines,entities,postgres,sqlite,transactions}/**/*.test.ts test/plugin/**/*.test.ts' },
    sample: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    'budget-ms': { type: 'string', default: '60000' },
    coverage: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(`npm run mutation -- [--files '<glob> <glob>'] [--tests '<glob> <glob>'] [--sample <count>] [--seed <number>] [--budget-ms <ms>]
  [--coverage <file>]

Changes the sources one small thing at a time, in a copy, and runs the tests that reach the changed line, those of the same folder and the
quickest first, until one fails: then the mutant is killed. After --budget-ms the next one is tried; those that are left over get all their tests at
the end. --sample takes that many at random (0: all). --coverage keeps what was found out about which test runs which line, or takes it from
there. Hours for all.`)
} else {
  await main()
}

async function main(): Promise<void> {
  const all = globSync(values.files.split(' ')).toSorted().flatMap((file) => mutantsOf(file, readFileSync(file, 'utf8')))
  const chosen = values.sample === '0' ? all : sample(all, Number(values.sample), Number(values.seed))
  console.log(`${all.length} mutants, ${chosen.length} are tried`)
  const workshop = await openWorkshop()
  try {
    const lines = await coverage(workshop)
    const undecided: Trial[] = []
    for (const [index, mutant] of chosen.entries()) {
      const trial = { mutant, left: inOrder(mutant, lines.get(`${mutant.file}:${mutant.line}`) ?? []) }
      const killer = await kill(workshop, trial, Number(values['budget-ms']))
      if (killer === undefined) undecided.push(trial)
      const fate = killer !== undefined ? `killed by ${killer}` : trial.left.length === 0 ? 'SURVIVES' : `alive, ${trial.left.length} tests left`
      console.log(`${index + 1}/${chosen.length} ${nameOf(mutant)}: ${fate}`)
    }
    const survivors: Mutant[] = []
    for (const trial of undecided) {
      const killer = trial.left.length === 0 ? undefined : await kill(workshop, trial, Infinity)
      if (killer === undefined) survivors.push(trial.mutant)
      console.log(`${nameOf(trial.mutant)}: ${killer === undefined ? 'SURVIVES' : `killed by ${killer}`}`)
    }
    console.log(`\n${chosen.length - survivors.length} of ${chosen.length} killed (${((1 - survivors.length / chosen.length) * 100).toFixed(1)} %). Survivors:`)
    for (const mutant of survivors) console.log(`  ${nameOf(mutant)}`)
  } finally {
    await closeWorkshop(workshop)
  }
}

function nameOf({ file, line, what }: Mutant): string {
  return `${file}:${line} ${what}`
}

/** A mutant, and the tests that have still to be tried on it. */
interface Trial {
  readonly mutant: Mutant
  readonly left: CoveringTest[]
}

async function coverage(workshop: Workshop): Promise<Map<string, CoveringTest[]>> {
  const kept = values.coverage
  if (kept !== undefined && existsSync(kept)) return new Map(JSON.parse(readFileSync(kept, 'utf8')) as [string, CoveringTest[]][])
  const lines = await coveringTests(workshop, globSync(values.tests.split(' ')).toSorted(), console.log)
  if (kept !== undefined) writeFileSync(kept, JSON.stringify([...lines]))
  return lines
}

/** Those of the same folder look most closely. */
function inOrder({ file }: Mutant, covering: readonly CoveringTest[]): CoveringTest[] {
  const distance = ({ test }: CoveringTest): number => (test.startsWith(`test/${dirname(file)}/`) ? 0 : 1)
  return covering.toSorted((a, b) => distance(a) - distance(b) || a.ms - b.ms)
}

/** @returns the test that noticed */
async function kill(workshop: Workshop, { mutant, left }: Trial, budgetMs: number): Promise<string | undefined> {
  const path = join(workshop.folder, mutant.file)
  const source = readFileSync(mutant.file, 'utf8')
  writeFileSync(path, source.slice(0, mutant.start) + mutant.replacement + source.slice(mutant.end))
  try {
    for (let spentMs = 0; spentMs < budgetMs; ) {
      const next = left.shift()
      if (next === undefined) return undefined
      if (!(await runTest(workshop, next.test))) return next.test
      spentMs += next.ms
    }
    return undefined
  } finally {
    writeFileSync(path, source)
  }
}

/** The same for the same seed. */
function sample<T>(from: readonly T[], count: number, seed: number): T[] {
  const random = new Random(seed)
  const left = [...from]
  return Array.from({ length: Math.min(count, left.length) }, () => left.splice(random.below(left.length), 1)[0]!)
}
