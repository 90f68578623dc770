// Every ```ts block of the documentation compiles. See support/snippet.ts for what a fence may say; code-runs.test.ts runs them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { pages } from './support/markdown.ts'
import { type Snippet, writeSnippets } from './support/snippet.ts'
import { typeCheck } from './support/type-check.ts'

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

t.test('every block compiles', async (t) => {
  t.strictSame(typeCheck(fragments.map(({ file }) => file)), [], `${fragments.length} fragments`)
  for (const [name, group] of Map.groupBy(programs, compiledWith)) t.strictSame(typeCheck(group.map(({ file }) => file)), [], name)
})

t.test('a block that does not compile is found', async (t) => {
  const file = join(folder, 'wrong.ts')
  writeFileSync(file, `import { defineEngines } from 'fastify-sqlassist'\ndefineEngines({ writer: { readOnly: true } })\n`)
  t.match(typeCheck([file]), [/wrong\.ts:2: .*'readOnly' does not exist/s])
})

/** Which blocks are compiled together: those of a page that import each other, else all that do not declare their own engines. */
function compiledWith({ name, declaresEngines, isNamed }: Snippet): string {
  const page = name.split(':')[0]!
  const hasProject = programs.some((other) => other.isNamed && other.name.startsWith(`${page}:`))
  if (declaresEngines && !isNamed) return name
  return hasProject ? page : 'blocks that stand alone'
}
