// Changes the sources in small ways, one at a time, and looks whether a test notices: npm run mutation -- --help
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Random } from '../soak/random.ts'
import { type CoveringTest, coveringTests } from './covering-tests.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { closeWorkshop, openWorkshop, runTest, type Workshop } from './workshop.ts'

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: 'orm/{sessions,engines}/**/*.ts plugin/request-end.ts' },
    counted: { type: 'string', default: '.' },
    sample: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1' },
    'budget-ms': { type: 'string', default: '60000' },
    only: { type: 'string' },
    'last-budget-ms': { type: 'string', default: 'Infinity' },
    help: { type: 'boolean', default: false },
  },
})

/** Who has killed how many. */
const killers = new Map<string, number>()

/** Of each file of the sources, how many of its lines each test runs. */
const reachOf = new Map<string, Map<string, number>>()

/** Who has killed in one. */
const killersOf = new Map<string, Set<string>>()

if (values.help) {
  console.log(`npm run coverage && npm run mutation -- [--files '<glob> <glob>'] [--sample <count>] [--seed <number>] [--jobs <count>] [--budget-ms <ms>]
  [--counted <folder>] [--only <file>] [--last-budget-ms <ms>]

Changes the sources one small thing at a time, in copies, and runs the tests that reach the changed line, first those that have killed in the same
file and those that run most of its lines, until one fails: then the mutant is killed. Which tests reach a line is what the last npm run coverage has
counted, here or in the folder --counted (the same sources). After --budget-ms the next one is tried; those that are left over get all their tests
at the end, or as many as --last-budget-ms allows: what is left then counts as alive. --sample takes that many at random (0: all), --only those
whose names stand in a file, one on each line; --jobs works on so many at once. At the end each test that has killed is run without a change: what
fails then was no kill, and is said. Hours for all.`)
} else {
  await main()
}

async function main(): Promise<void> {
  const all = globSync(values.files.split(' ')).toSorted().flatMap((file) => mutantsOf(file, readFileSync(file, 'utf8')))
  const wanted = values.only === undefined ? undefined : new Set(readFileSync(values.only, 'utf8').split('\n'))
  const chosen = wanted !== undefined ? all.filter((mutant) => wanted.has(nameOf(mutant))) : values.sample === '0' ? all : sample(all, Number(values.sample), Number(values.seed))
  const lines = await coveringTests(resolve(values.counted))
  noteReach(lines)
  console.log(`${all.length} mutants, ${chosen.length} are tried`)
  const workshops = await Promise.all(Array.from({ length: Number(values.jobs) }, openWorkshop))
  try {
    const trials = chosen.map((mutant) => ({ mutant, left: [...(lines.get(`${mutant.file}:${mutant.line}`) ?? [])] }))
    const undecided = await round(workshops, trials, Number(values['budget-ms']))
    const survivors = await round(workshops, undecided, Number(values['last-budget-ms']))
    const killed = chosen.length - survivors.length
    console.log(`\n${killed} of ${chosen.length} killed (${((killed / chosen.length) * 100).toFixed(1)} %). Survivors:`)
    for (const { mutant, left } of survivors) console.log(`  ${nameOf(mutant)}${left.length === 0 ? '' : ` (${left.length} tests not tried)`}`)
    await doubtKillers(workshops[0]!)
  } finally {
    await Promise.all(workshops.map(closeWorkshop))
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

/** @returns those that are still alive */
async function round(workshops: readonly Workshop[], trials: readonly Trial[], budgetMs: number): Promise<Trial[]> {
  const [queue, alive] = [[...trials], new Set<Trial>()]
  await Promise.all(workshops.map(async (workshop) => {
    for (let trial = queue.shift(); trial !== undefined; trial = queue.shift()) {
      const killer = trial.left.length === 0 ? undefined : await kill(workshop, trial, budgetMs)
      if (killer === undefined) alive.add(trial)
      else noteKill(trial.mutant, killer)
      const fate = killer !== undefined ? `killed by ${killer}` : trial.left.length === 0 ? 'SURVIVES' : `alive, ${trial.left.length} tests left`
      console.log(`${trials.length - queue.length}/${trials.length} ${nameOf(trial.mutant)}: ${fate}`)
    }
  }))
  return trials.filter((trial) => alive.has(trial))
}

function noteKill({ file }: Mutant, killer: string): void {
  killers.set(killer, (killers.get(killer) ?? 0) + 1)
  if (!killersOf.has(file)) killersOf.set(file, new Set())
  killersOf.get(file)!.add(killer)
}

/** Those that have killed in the file before look most closely, and then those that run more of its lines than others do. */
function inOrder({ file }: Mutant, covering: readonly CoveringTest[]): CoveringTest[] {
  const kills = ({ test }: CoveringTest): number => (killersOf.get(file)?.has(test) === true ? 1 : 0)
  const reach = ({ test }: CoveringTest): number => reachOf.get(file)?.get(test) ?? 0
  return covering.toSorted((a, b) => kills(b) - kills(a) || reach(b) - reach(a) || a.ms - b.ms)
}

function noteReach(lines: ReadonlyMap<string, readonly CoveringTest[]>): void {
  for (const [line, covering] of lines) {
    const file = line.slice(0, line.lastIndexOf(':'))
    if (!reachOf.has(file)) reachOf.set(file, new Map())
    const reach = reachOf.get(file)!
    for (const { test } of covering) reach.set(test, (reach.get(test) ?? 0) + 1)
  }
}

/** @returns the test that noticed */
async function kill(workshop: Workshop, { mutant, left }: Trial, budgetMs: number): Promise<string | undefined> {
  left.splice(0, left.length, ...inOrder(mutant, left)) // more is known by now of who kills
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

/** A test that fails by itself kills everything. */
async function doubtKillers(workshop: Workshop): Promise<void> {
  for (const [test, count] of killers) {
    if (!(await runTest(workshop, test))) console.log(`${test} FAILS WITHOUT A CHANGE: its ${count} are no kills`)
  }
  console.log(`${killers.size} tests have killed, and were run once more without a change`)
}

/** The same for the same seed. */
function sample<T>(from: readonly T[], count: number, seed: number): T[] {
  const random = new Random(seed)
  const left = [...from]
  return Array.from({ length: Math.min(count, left.length) }, () => left.splice(random.below(left.length), 1)[0]!)
}
