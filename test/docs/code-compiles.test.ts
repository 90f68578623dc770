// Every ```ts block of the documentation compiles. See support/snippet.ts for what a fence may say; code-runs.test.ts runs them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { type Complaint, typeCheck } from '../support/type-check.ts'
import { pages } from './support/markdown.ts'
import { root } from './support/program.ts'
import { type Snippet, writeSnippets } from './support/snippet.ts'

// The machine may be busy, and the types of MikroORM are large.
t.setTimeout(600_000)

const { folder, foreign, fragments, programs } = writeSnippets('compiled')

/** What a block may be that is not TypeScript: none of it is code that imports this package. */
const OTHERS = new Set(['sh', 'sql', 'diff', 'text'])

t.test('there is something to check', async (t) => {
  t.ok(fragments.length > 5, `${fragments.length} fragments`)
  t.ok(programs.length > 5, `${programs.length} programs`)
  const others = pages().flatMap(({ blocks }) => blocks.filter(({ language }) => language !== 'ts'))
  t.strictSame(others.filter(({ language, code }) => !OTHERS.has(language) || /^(?:import|export|const|await) /m.test(code)), [], 'all code is TypeScript, and says so in one way')
  const files = [...fragments, ...programs].map(({ file }) => file)
  t.strictSame(files, [...new Set(files)], 'no two blocks are one file')
})

t.test('every block compiles, and one that does not is found among them', async (t) => {
  const wrong = join(folder, 'wrong.ts')
  writeFileSync(wrong, `import { defineEngines } from 'fastify-sqlassist'\ndefineEngines({ writer: { readOnly: true } })\n`)
  const groups = [...Map.groupBy([...fragments, ...programs], compiledWith).values()]
  const found = await typeCheck(join(root, 'tsconfig.json'), groups.map((group) => [...group.map(({ file }) => file), wrong]))
  for (const [index, group] of groups.entries()) {
    const files = new Set(group.map(({ file }) => file))
    const [other, ...more] = found[index]!.filter(({ file }) => !files.has(file))
    t.match(other, { file: wrong, line: 2, text: /'readOnly' does not exist/ })
    t.strictSame(more, [])
    for (const snippet of group) t.strictSame(complaintsAbout(snippet, found[index]!), [], snippet.name)
  }
})

t.test('blocks that import what is not installed here are few, and have no mistake that can be seen without it', async (t) => {
  t.strictSame([...new Set(foreign.map(({ page }) => page))], ['docs/nestjs.md'])
  for (const { name, code, noCompile } of foreign) {
    t.match(noCompile, /\w+ \w+/, `${name} says why`)
    t.strictSame(mistakes(code), [], `${name}: ${noCompile}`)
  }
  t.strictSame(mistakes('const a = ('), ['Expression expected.'])
})

const mistakes = (code: string): unknown[] => ts.transpileModule(code, { reportDiagnostics: true, compilerOptions: { experimentalDecorators: true, target: ts.ScriptTarget.ES2024 } }).diagnostics!.map(({ messageText }) => messageText)

/** Which blocks are compiled together. Engines are declared once for a program: by the example, by a page, or not at all. */
function compiledWith({ page, name, isFragment, declaresEngines, isNamed }: Snippet): string {
  if (isFragment) return 'inside a request of the example'
  if (declaresEngines && !isNamed) return name
  return programs.some((other) => other.declaresEngines && other.isNamed && other.page === page) ? page : 'without engines'
}

/** As lines of the page. */
function complaintsAbout({ page, line, file }: Snippet, complaints: readonly Complaint[]): string[] {
  return complaints.filter((complaint) => complaint.file === file).map((complaint) => `${page}:${line + complaint.line - 1}: ${complaint.text}`)
}
