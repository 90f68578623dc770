// Every ```ts block of the documentation compiles. See support/snippet.ts for what a fence may say; code-runs.test.ts runs them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Complaint, typeCheck } from '../support/type-check.ts'
import { pages } from './support/markdown.ts'
import { root } from './support/program.ts'
import { type Snippet, writeSnippets } from './support/snippet.ts'

// The machine may be busy, and the types of MikroORM are large.
t.setTimeout(600_000)

const { folder, fragments, programs } = writeSnippets('compiled')

t.test('there is something to check', async (t) => {
  t.ok(fragments.length > 5, `${fragments.length} fragments`)
  t.ok(programs.length > 5, `${programs.length} programs`)
  const others = pages().flatMap(({ blocks }) => blocks.filter(({ language }) => ['typescript', 'js', 'javascript', 'mts'].includes(language)))
  t.strictSame(others, [], 'all code is TypeScript, and says so in one way')
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
