// Each dependency is listed with its reason, and each is pinned.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { pages } from './support/markdown.ts'
import { root } from './support/program.ts'

const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, Record<string, string>>
const { text } = pages().find(({ path }) => path === 'docs/dependencies.md')!

for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
  t.match(text, `\`${name}\``, `${name} has a reason`)
  t.match(version, /^\d/, `${name} is pinned`)
}
