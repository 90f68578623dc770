import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { Report } from 'c8'
import { runTest, type Workshop } from './workshop.ts'

/** A test file that runs a line, and how long it takes as a whole, in ms. */
export interface CoveringTest {
  readonly test: string
  readonly ms: number
}

/** Which test files run which line: `orm/x.ts:12` -> tests, the quickest first. */
export async function coveringTests(workshop: Workshop, tests: readonly string[], told: (text: string) => void): Promise<Map<string, CoveringTest[]>> {
  const lines = new Map<string, CoveringTest[]>()
  for (const test of tests) {
    const temp = mkdtempSync(join(tmpdir(), 'sqlassist-coverage-'))
    const start = performance.now()
    const passed = await runTest(workshop, test, { NODE_V8_COVERAGE: temp })
    const ms = Math.round(performance.now() - start)
    told(`${test}: ${ms} ms${passed ? '' : ', FAILS WITHOUT A CHANGE, left out'}`)
    if (passed) {
      for (const line of await linesRun(workshop.folder, temp)) lines.set(line, [...(lines.get(line) ?? []), { test, ms }])
    }
    rmSync(temp, { recursive: true })
  }
  for (const covering of lines.values()) covering.sort((a, b) => a.ms - b.ms)
  return lines
}

async function linesRun(folder: string, tempDirectory: string): Promise<Set<string>> {
  const before = process.cwd()
  process.chdir(folder) // c8 looks at nothing else
  try {
    const report = new Report({ tempDirectory, include: ['orm/**', 'plugin/**'], exclude: [], excludeNodeModules: true } as never)
    const map = await (report as unknown as { getCoverageMapFromAllCoverageFiles(): Promise<CoverageMap> }).getCoverageMapFromAllCoverageFiles()
    const run = map.files().flatMap((file) => Object.entries(map.fileCoverageFor(file).getLineCoverage()).flatMap(([line, hits]) => (hits > 0 ? `${relative(folder, file)}:${line}` : [])))
    if (run.length === 0) throw new Error('no line was found to run: the coverage cannot be read')
    return new Set(run)
  } finally {
    process.chdir(before)
  }
}

interface CoverageMap {
  files(): string[]
  fileCoverageFor(file: string): { getLineCoverage(): Record<string, number> }
}
