// What the release check finds in a tarball that is not as it should be. The real one is made by `npm run release-check`: that takes minutes.
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { Report } from '../soak/report.ts'
import { checkContents } from './contents.ts'

type Exports = Record<string, string | Record<string, string>>
const { exports, bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Exports; bin: Record<string, string> }
const named = [...Object.values(exports), bin].flatMap((to) => (typeof to === 'string' ? [to] : Object.values(to))).map((path) => path.replace('./', ''))
const docs = ['docs', 'docs/images'].flatMap((folder) => readdirSync(folder).filter((name) => /\.(?:md|svg|png)$/.test(name)).map((name) => `${folder}/${name}`))
const whole = [...new Set([...named, 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE', 'orm/cli/bin.ts', ...docs])]

async function broken(files: readonly string[]): Promise<readonly string[]> {
  const report = new Report('contents')
  await checkContents({ tarball: { path: '', files, bytes: 1 }, report, databaseUrl: '', say: () => {} })
  return report.broken
}

t.test('nothing is wrong with all that is needed', async (t) => t.strictSame(await broken(whole), []))

for (const [what, files, complaint] of [
  ['a file that is missing', whole.filter((file) => file !== 'dist/orm/index.js'), /what package\.json names is there.*\(dist\/orm\/index\.js\)/],
  ['a test', [...whole, 'test/soak.test.ts'], /nothing else is \(test\/soak\.test\.ts\)/],
  ['a secret', [...whole, '.npmrc'], /nothing else is \(\.npmrc\)/],
  ['what an older build has left', [...whole, 'dist/orm/gone.js'], /older build \(dist\/orm\/gone\.js\)/],
  ['a page that is linked and left out', whole.filter((file) => file !== 'docs/errors.md'), /links.*-> docs\/errors\.md/],
] as const) t.test(`${what} is found`, async (t) => {
  const [complaintMade, ...more] = await broken(files)
  t.match(complaintMade, complaint)
  t.strictSame(more, [])
})
