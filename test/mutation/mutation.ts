// Changes the sources in small ways, one at a time, and looks whether a test notices: npm run mutation -- --help
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Random } from '../soak/random.ts'
import { coveringTests } from './covering-tests.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { closeWorkshop, openWorkshop, runTest, type Workshop } from './workshop.ts'

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: 'orm/{sessions,engines}/**/*.ts plugin/request-end.ts' },
    tests: { type: 'string', default: 'test/orm/{sessions,engines,postgres}/**/*.test.ts test/plugin/**/*.test.ts' },
    sample: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    'budget-ms': { type: 'string', default: '90000' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(`npm run mutation -- [--files '<glob> <glob>'] [--tests '<glob> <glob>'] [--sample <count>] [--seed <number>] [--budget-ms <ms>]

Changes the sources one small thing at a time, in a copy, and runs the tests that reach the changed line, the quickest first, until one
fails (the mutant is killed) or --budget-ms are used up for it (it survives). --sample takes that many at random (0: all). Hours for all.`)
} else {
  await main()
}

async function main(): Promise<void> {
  const all = globSync(values.files.split(' ')).toSorted().flatMap((file) => mutantsOf(file, readFileSync(file, 'utf8')))
  const chosen = values.sample === '0' ? all : sample(all, Number(values.sample), Number(values.seed))
  console.log(`${all.length} mutants, ${chosen.length} are tried`)
  const workshop = await openWorkshop()
  try {
    const lines = await coveringTests(workshop, globSync(values.tests.split(' ')).toSorted(), console.log)
    const survivors: Mutant[] = []
    for (const [index, mutant] of chosen.entries()) {
      const killer = await kill(workshop, mutant, lines.get(`${mutant.file}:${mutant.line}`) ?? [])
      if (killer === undefined) survivors.push(mutant)
      console.log(`${index + 1}/${chosen.length} ${nameOf(mutant)}: ${killer === undefined ? 'SURVIVES' : `killed by ${killer}`}`)
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

/** @returns the test that noticed */
async function kill(workshop: Workshop, mutant: Mutant, covering: readonly { test: string; ms: number }[]): Promise<string | undefined> {
  const path = join(workshop.folder, mutant.file)
  const source = readFileSync(mutant.file, 'utf8')
  writeFileSync(path, source.slice(0, mutant.start) + mutant.replacement + source.slice(mutant.end))
  try {
    let left = Number(values['budget-ms'])
    for (const { test, ms } of covering) {
      if (left <= 0) return undefined
      if (!(await runTest(workshop, test))) return test
      left -= ms
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
