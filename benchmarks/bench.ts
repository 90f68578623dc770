// How fast is it, beside what else there is? Each question is a file in questions/, measured by itself, and kept in results/; docs/benchmarks.md is made of those.
//
//   npm run bench -- --help
import { loadavg } from 'node:os'
import { Undo } from '../test/consistency/undo.ts'
import { makeDatabase } from './harness/database.ts'
import { installPeers } from './harness/peers-installed.ts'
import { pin } from './harness/pinning.ts'
import { machine, pinned, readResults, writeResults } from './harness/results.ts'
import { SqliteFiles } from './harness/sqlite-files.ts'
import { EXTENTS, type Stage } from './harness/stage.ts'
import { versions } from './harness/versions.ts'
import { HELP, readOptions } from './options.ts'
import { QUESTIONS } from './questions/index.ts'
import type { Question } from './questions/question.ts'
import { printReport } from './report/terminal.ts'
import { writePage } from './report/page.ts'

const options = readOptions(process.argv.slice(2))
if (options.help) {
  console.log(HELP)
  process.exit()
}

const asked = QUESTIONS.filter(({ name }) => options.only?.has(name) ?? true)
if (!options.report) await measureAll()
for (const question of asked) {
  const results = readResults(question.name)
  if (results !== undefined && options.report) printReport(question.title, question.conclude(results.samples))
}
if (options.write) writePage()

async function measureAll(): Promise<void> {
  if (asked.some(({ needsPeers }) => needsPeers)) installPeers()
  pin(process.pid, 'rest')
  const undo = new Undo()
  undo.listen()
  const files = new SqliteFiles()
  undo.add(() => files.remove())
  try {
    const database = await makeDatabase()
    undo.add(async () => await database.remove())
    for (const question of asked) await measure(question, { database, files })
  } finally {
    await undo.unlessEnding()
    await undo.run()
  }
}

async function measure(question: Question, { database, files }: { readonly database: Stage['database']; readonly files: SqliteFiles }): Promise<void> {
  const began = performance.now()
  const [loadBefore] = loadavg()
  console.log(`\n## ${question.title}\n`)
  const tell = (text: string): void => console.log(`  ${text}, ${((performance.now() - began) / 1000).toFixed(0)} s`)
  const stage: Stage = { ...EXTENTS[options.extent], ...options.given, database, variants: options.variants, makeSqliteFile: () => files.make(), tell }
  const samples = await question.measure(stage)
  printReport(question.title, question.conclude(samples))
  if (!options.write) return
  const minutes = Number(((performance.now() - began) / 60_000).toFixed(1))
  const command = `npm run bench${process.argv.length > 2 ? ` -- ${process.argv.slice(2).join(' ')}` : ''}`
  writeResults(question.name, { at: new Date().toISOString(), command, machine: machine(), pinned, versions: versions(database.version), loadBefore: loadBefore!, minutes }, samples, options.merge)
}
