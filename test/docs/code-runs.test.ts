// Every ```ts block of the documentation that can run is run, and prints what it says that it prints. See support/snippet.ts.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { postgresDatabase, sqliteFile } from '../support/databases.ts'
import { Program } from './support/program.ts'
import { type Snippet, writeSnippets } from './support/snippet.ts'

// The machine may be busy, and each program starts a compiler of its own.
t.setTimeout(600_000)

const { folder, fragments, programs } = writeSnippets('run')

t.test('every fragment runs inside a request', async (t) => {
  const runner = join(folder, 'fragments.ts')
  const runnable = fragments.filter(({ noRun }) => noRun === undefined)
  const runs = runnable.map(({ name, file }) => `
    console.log(${JSON.stringify(`${name} starts`)})
    console.log(await import(${JSON.stringify(file)}).then((fragment) => fragment.default()).then(() => 'done', (error) => error.code ?? error.stack))`)
  writeFileSync(runner, `${runs.join('\n')}\nexport {}\n`)
  const program = new Program(t, runner)
  t.strictSame(await program.end(), { code: 0, signal: null }, program.printed.slice(-1000))
  const sections = new Map(program.printed.split(/^(?=\S+:\d+ starts$)/m).map((section) => [section.slice(0, section.indexOf(' starts')), section.split('\n').slice(1, -1)]))
  t.equal(runnable.filter(({ name }) => sections.has(name)).length, runnable.length, 'all of them have started')
  for (const { name, prints, throws = 'done' } of runnable) t.strictSame(sections.get(name), [...prints, throws], name)
  for (const { name, noRun } of fragments) if (noRun !== undefined) t.pass(`${name} only compiles: ${noRun}`)
})

for (const snippet of programs) {
  if (snippet.noRun !== undefined) t.pass(`${snippet.name} only compiles: ${snippet.noRun}`)
  else if (!snippet.isNamed || snippet.serve !== undefined) t.test(`${snippet.name} runs`, async (t) => await run(t, snippet))
}

async function run(t: Test, { code, file, serve, throws, prints }: Snippet): Promise<void> {
  const database: Record<string, string> = /postgresql/.test(code) ? { DATABASE_URL: await postgresDatabase(t) } : {}
  const program = new Program(t, file, { ...database, PORT: '0' }, sqliteFile(t, ''))
  if (serve !== undefined) {
    const [address] = await program.until(/http:\/\/[^\s"]+:\d+/)
    const response = await fetch(new URL(serve, address))
    t.equal(response.status, 200, `GET ${serve} is answered: ${await response.text()}`)
    program.kill('SIGTERM')
    await program.end()
    return
  }
  const { code: exitCode } = await program.end()
  t.equal(exitCode, throws === undefined ? 0 : 1, program.printed)
  if (throws !== undefined) t.match(program.printed, throws)
  for (const line of prints) t.ok(program.printed.split('\n').includes(line), `it prints ${line}`)
}
