// Every ```ts block of the documentation that can run is run, and prints what it says that it prints. See support/snippet.ts.
import { cpSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { postgresDatabase, sqliteFile } from '../support/databases.ts'
import { Program } from './support/program.ts'
import type { Job } from './support/runner.ts'
import { type Snippet, writeSnippets } from './support/snippet.ts'

// The machine may be busy.
t.setTimeout(600_000)

const { folder, fragments, programs } = writeSnippets('run')
const all = [...fragments, ...programs]

for (const { name, noRun } of all) if (noRun !== undefined) t.pass(`${name} only compiles: ${noRun}`)

t.test('every block runs, prints what it says, and ends', async (t) => {
  const runnable = all.filter(({ noRun, isNamed, serve }) => noRun === undefined && serve === undefined && !isNamed)
  t.ok(runnable.length > 10, `${runnable.length} blocks`)
  const jobs: Job[] = []
  for (const snippet of runnable) {
    const { name, file, isFragment } = snippet
    const env: Record<string, string> = usesPostgres(snippet) ? { DATABASE_URL: await postgresDatabase(t) } : {}
    jobs.push({ name, file: byItself(file), isFragment, folder: sqliteFile(t, ''), env })
  }
  const { program, sections } = await runAll(t, jobs)
  for (const { name, prints, throws = 'done' } of runnable) t.strictSame(sections.get(name), [...prints, throws], name)
  t.strictSame(await program.end(), { code: 0, signal: null }, program.printed.slice(-1000))
})

t.test('a block that fails is found, and one that does not end', async (t) => {
  const wrong = { fails: `throw new TypeError('on purpose')`, stays: `setInterval(() => {}, 1000)` }
  const jobs = Object.entries(wrong).map(([name, code]) => {
    const file = join(folder, `${name}.ts`)
    writeFileSync(file, `${code}\nexport {}\n`)
    return { name: `${name}:1`, file, isFragment: false, folder, env: {} }
  })
  const { program, sections } = await runAll(t, jobs, 0)
  t.match(sections.get('fails:1')?.[0], /^TypeError: on purpose/)
  t.ok(sections.get('stays:1')?.includes('Timeout is still open'), sections.get('stays:1')?.join(', ') ?? '')
  t.strictSame(await program.end(), { code: 1, signal: null })
})

for (const snippet of programs) if (snippet.serve !== undefined) t.test(`${snippet.name} serves`, async (t) => await serves(t, snippet, snippet.serve!))

async function serves(t: Test, { file }: Snippet, path: string): Promise<void> {
  const program = new Program(t, file, { PORT: '0' }, sqliteFile(t, ''))
  const [address] = await program.until(/http:\/\/[^\s"]+:\d+/)
  const response = await fetch(new URL(path, address))
  t.equal(response.status, 200, `GET ${path} is answered: ${await response.text()}`)
  program.kill('SIGTERM')
  await program.end()
}

/** Runs blocks in one process, because to start one takes longer than most of them. Resolves to what each has printed. */
async function runAll(t: Test, jobs: readonly Job[], patienceMs = 30_000): Promise<{ program: Program; sections: Map<string, string[]> }> {
  const program = new Program(t, 'test/docs/support/runner.ts', { JOBS: JSON.stringify(jobs), PATIENCE_MS: String(patienceMs) })
  await program.end()
  const sections = program.out.split(/^(?=\S+:\d+ starts$)/m).map((section) => section.trimEnd().split('\n'))
  return { program, sections: new Map(sections.map(([heading = '', ...lines]) => [heading.replace(/ starts$/, ''), lines])) }
}

/** It does so itself, or what it imports from its page does. */
function usesPostgres({ page, code }: Snippet): boolean {
  return /postgresql/.test(code) || (/ from '\.\//.test(code) && all.some((other) => other.page === page && other.isNamed && /postgresql/.test(other.code)))
}

/** A copy among copies of the blocks that it may import, which nobody else has used. */
function byItself(file: string): string {
  const copy = join(folder, `${basename(dirname(file))}-${basename(file, '.ts')}`)
  cpSync(dirname(file), copy, { recursive: true })
  return join(copy, basename(file))
}
