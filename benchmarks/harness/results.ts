import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { isPinned } from './pinning.ts'
import type { Sample } from './sample.ts'

/** When, where and how something was measured. */
export interface Circumstances {
  readonly at: string
  readonly command: string
  readonly machine: string
  readonly pinned: boolean
  readonly versions: Readonly<Record<string, string>>
  /** Average load of the machine just before; the benchmarks themselves make one. */
  readonly loadBefore: number
  readonly minutes: number
}

/** What is kept of a question, in benchmarks/results/. */
export interface Results {
  readonly question: string
  readonly runs: readonly Circumstances[]
  readonly samples: readonly Sample[]
}

const fileOf = (question: string): URL => new URL(`../results/${question}.json`, import.meta.url)

export function readResults(question: string): Results | undefined {
  return existsSync(fileOf(question)) ? (JSON.parse(readFileSync(fileOf(question), 'utf8')) as Results) : undefined
}

/** @param merge - adds to what is there, as more processes of the same variants */
export function writeResults(question: string, run: Circumstances, samples: readonly Sample[], merge: boolean): Results {
  const before = merge ? readResults(question) : undefined
  const runs = [...(before?.runs ?? []), run]
  const added = samples.map((sample) => ({ ...sample, process: `${runs.length}.${sample.process}`, figures: rounded(sample.figures) }))
  const results = { question, runs, samples: [...(before?.samples ?? []), ...added] }
  mkdirSync(new URL('.', fileOf(question)), { recursive: true })
  // A sample on a line, so that it can be looked through.
  const lines = results.samples.map((sample) => `    ${JSON.stringify(sample)}`)
  writeFileSync(fileOf(question), `{\n  "question": ${JSON.stringify(question)},\n  "runs": ${JSON.stringify(runs)},\n  "samples": [\n${lines.join(',\n')}\n  ]\n}\n`)
  return results
}

const rounded = (figures: Sample['figures']): Sample['figures'] =>
  Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, values.map((value) => Number(value.toPrecision(5)))]))

export const machine = (): string => `${cpus()[0]?.model ?? 'a processor without a name'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB`

export const pinned = isPinned
