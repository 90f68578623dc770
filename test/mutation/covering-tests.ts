import { copyFileSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { Report } from 'c8'

/** A test file that runs a line, and how long it takes as a whole, in ms. */
export interface CoveringTest {
  readonly test: string
  readonly ms: number
}

/** What tap writes down of each process: which test it was, and how it ended. */
interface ProcessInfo {
  readonly uuid: string
  readonly externalID?: string
  readonly code: number | null
  readonly runtime: number
}

/**
 * Which test files run which line, as the last run of tap has counted it: `orm/x.ts:12` -> tests, the quickest first. A test that failed is left out.
 *
 * @param counted - the folder in which tap ran, on the same sources
 */
export async function coveringTests(counted: string): Promise<Map<string, CoveringTest[]>> {
  const lines = new Map<string, CoveringTest[]>()
  for (const file of globSync(join(counted, '.tap/processinfo/*.json'))) {
    const { uuid, externalID: test, code, runtime } = JSON.parse(readFileSync(file, 'utf8')) as ProcessInfo
    const coverage = join(counted, '.tap/coverage', `${uuid}.json`)
    if (test === undefined || !test.endsWith('.test.ts') || code !== 0 || !existsSync(coverage)) continue
    for (const line of await linesRun(counted, coverage)) lines.set(line, [...(lines.get(line) ?? []), { test, ms: Math.round(runtime) }])
  }
  if (lines.size === 0) throw new Error(`Nothing was counted in ${counted}: run npm run coverage there first.`)
  for (const covering of lines.values()) covering.sort((a, b) => a.ms - b.ms)
  return lines
}

async function linesRun(folder: string, coverage: string): Promise<string[]> {
  const [before, tempDirectory] = [process.cwd(), mkdtempSync(join(tmpdir(), 'sqlassist-coverage-'))]
  copyFileSync(coverage, join(tempDirectory, 'coverage.json'))
  process.chdir(folder) // c8 looks at nothing else
  try {
    const report = new Report({ tempDirectory, include: ['orm/**', 'plugin/**'], exclude: [], excludeNodeModules: true } as never)
    const map = await (report as unknown as { getCoverageMapFromAllCoverageFiles(): Promise<CoverageMap> }).getCoverageMapFromAllCoverageFiles()
    return map.files().flatMap((file) => Object.entries(map.fileCoverageFor(file).getLineCoverage()).flatMap(([line, hits]) => (hits > 0 ? `${relative('.', file)}:${line}` : [])))
  } finally {
    process.chdir(before)
    rmSync(tempDirectory, { recursive: true })
  }
}

interface CoverageMap {
  files(): string[]
  fileCoverageFor(file: string): { getLineCoverage(): Record<string, number> }
}
