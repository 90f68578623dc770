import { readFileSync } from 'node:fs'
import type { CheckScene } from './check.ts'

/** What belongs into the tarball; the sources, because source maps and types lead to them. */
const BELONGS: readonly RegExp[] = [
  /^package\.json$/,
  /^(?:README|CHANGELOG|SECURITY)\.md$/,
  /^LICENSE$/,
  /^docs\/[\w-]+\.md$/,
  /^docs\/images\/[\w-]+\.(?:svg|png)$/,
  /^(?:orm|plugin)\/.+\.ts$/,
  /^plugin\/debug\/assets\/[\w.-]+\.(?:js|css|html)$/,
  /^dist\/(?:orm|plugin)\/.+\.(?:js|d\.ts)(?:\.map)?$/,
  /^dist\/plugin\/debug\/assets\/[\w.-]+\.(?:js|css|html)$/,
]

const NEEDED = ['package.json', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE']

type Exports = Record<string, string | Record<string, string>>

/** All that is needed, and nothing else. */
export async function checkContents({ tarball: { files, bytes }, report }: CheckScene): Promise<void> {
  const present = new Set(files)
  const { exports, bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Exports; bin: Record<string, string> }
  const named = [...Object.values(exports).flatMap((to) => (typeof to === 'string' ? [to] : Object.values(to))), ...Object.values(bin)].map((path) => path.replace(/^\.\//, ''))
  const missing = [...named, ...NEEDED].filter((path) => !present.has(path))
  report.promise('what package.json names is there, and what readers need', missing.length === 0, missing.length === 0 ? `${named.length + NEEDED.length} files` : missing.join(', '))

  const stray = files.filter((path) => !BELONGS.some((pattern) => pattern.test(path)))
  report.promise('nothing else is', stray.length === 0, stray.length === 0 ? `${files.length} files, ${(bytes / 1e6).toFixed(1)} MB` : stray.join(', '))

  const stale = files.filter((path) => path.startsWith('dist/') && path.endsWith('.js') && !path.includes('/assets/') && !present.has(path.replace(/^dist\//, '').replace(/\.js$/, '.ts')))
  report.promise('no file of an older build', stale.length === 0, stale.length === 0 ? 'each has its source' : stale.join(', '))

  const pages = files.filter((path) => path.endsWith('.md'))
  const dead = pages.flatMap((page) => linksOf(page).filter((link) => !present.has(link) && !FOR_READERS_OF_THE_REPOSITORY.test(link)).map((link) => `${page} -> ${link}`))
  report.promise('links of its pages lead to what is there', dead.length === 0, dead.length === 0 ? `${pages.length} pages` : dead.join(', '))
}

/** Shown by npm and by GitHub from the repository. */
const FOR_READERS_OF_THE_REPOSITORY = /^(?:CONTRIBUTING\.md|docs\/example(?:\/.*)?|benchmarks(?:\/.*)?|test\/.*)$/

function linksOf(page: string): string[] {
  const text = readFileSync(page, 'utf8').replaceAll(/^```.*?^```/gms, '')
  return [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map(([, link]) => link!).filter((link) => !/^[a-z]+:/.test(link)).map((link) => new URL(link, `file:///${page}`).pathname.slice(1).replace(/\/$/, ''))
}
