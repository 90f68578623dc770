// Links between the pages lead somewhere: to a file that is there, and to a heading of it.
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'
import { type Page, pages, read } from './support/markdown.ts'
import { root } from './support/program.ts'

/** What is wrong with the links of a page. Addresses elsewhere are not asked for: a test needs no network. */
function broken(page: Page, all: readonly Page[]): string[] {
  return page.links.flatMap(({ line, target }) => {
    if (/^[a-z]+:/.test(target)) return []
    const [file = '', anchor] = target.split('#')
    const path = file === '' ? page.path : normalize(join(dirname(page.path), decodeURIComponent(file)))
    const where = `${page.path}:${line}: ${target}`
    if (path !== page.path && !existsSync(join(root, path))) return [`${where}: there is no such file`]
    if (anchor === undefined) return []
    return all.find((candidate) => candidate.path === path)?.anchors.has(anchor) ? [] : [`${where}: there is no such heading`]
  })
}

const all = pages()

t.test('every link leads to a file or a heading that is there', async (t) => {
  t.ok(all.flatMap(({ links }) => links).length > 20, 'links were looked at')
  for (const page of all) t.strictSame(broken(page, all), [], page.path)
})

t.test('every page of docs/ can be reached from the README', async (t) => {
  const reached = new Set(['README.md'])
  for (const path of reached) {
    const page = all.find((candidate) => candidate.path === path)
    for (const { target } of page?.links ?? []) if (!/^[a-z]+:|^#/.test(target)) reached.add(normalize(join(dirname(path), target.split('#')[0]!)))
  }
  t.strictSame(all.map(({ path }) => path).filter((path) => path.startsWith('docs/') && !reached.has(path)), [])
})

/** What is wrong with the addresses elsewhere that a page names: nobody asks for them here. */
const odd = (page: Page): string[] =>
  page.links.filter(({ target }) => /^[a-z]+:|^\/\//.test(target) && !(URL.parse(target)?.protocol === 'https:' && !target.includes('localhost'))).map(({ line, target }) => `${page.path}:${line}: ${target}`)

t.test('addresses elsewhere can be read, and are https', async (t) => {
  t.ok(all.flatMap(({ links }) => links).filter(({ target }) => target.startsWith('https:')).length > 20, 'addresses were looked at')
  for (const page of all) t.strictSame(odd(page), [], page.path)
  t.strictSame(odd(read('docs/made-up.md', '[a](http://example.com) [b](https:///) [c](//example.com) [d](https://example.com/)')).length, 3)
})

t.test('a broken link is found', async (t) => {
  const page = read('docs/made-up.md', '# Title\n[a](nowhere.md) [b](#title) [c](#titel) `[d](code.md)` [e](../LICENSE)\n```md\n[f](in-a-block.md)\n```\n')
  t.strictSame(broken(page, [page]), ['docs/made-up.md:2: nowhere.md: there is no such file', 'docs/made-up.md:2: #titel: there is no such heading'])
})
