// The page's files: what they must not hold, and that they are found where the package is published.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t from 'tap'
import { pageFiles } from '../../../../plugin/debug/page.ts'
import { hostileStrings } from './fixtures/hostile.ts'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const files = pageFiles()
const scripts = [...files].filter(([name]) => name.endsWith('.js'))

t.test('nothing makes nodes from text, or comes from elsewhere', (t) => {
  t.ok(scripts.length > 10, `${scripts.length} scripts`)
  for (const [name, { body }] of files) {
    t.notMatch(body, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|createContextualFragment|setHTML|cssText/, name)
    t.notMatch(body.replaceAll('http://www.w3.org/2000/svg', ''), /https?:\/\//, `${name}: no address`)
    t.notMatch(body, /\.setAttribute\('style'/, name)
  }
  t.notMatch(files.get('')!.body, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/, 'nothing inline')
  t.end()
})

t.test('all that is imported and linked is there', (t) => {
  for (const [name, { body }] of scripts) for (const [, file] of body.matchAll(/from '\.\/([^']+)'/g)) t.ok(files.has(`assets/${file}`), `${name} -> ${file}`)
  for (const [, file] of files.get('')!.body.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)) t.ok(files.has(file!), file!)
  t.end()
})

t.test('the build puts them where the compiled server looks for them', async (t) => {
  const { scripts: { build } } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { build: string } }
  const [clean, compile, copy] = build.split(' && ')
  t.match(clean, /^node -e "fs\.rmSync\('dist'/, 'what an older build has left would be packed')
  t.match(compile, /^tsc -p tsconfig\.build\.json$/)
  const folder = t.testdir()
  symlinkSync(join(root, 'plugin'), join(folder, 'plugin'))
  mkdirSync(join(folder, 'dist/plugin/debug'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  execFileSync('sh', ['-c', copy!], { cwd: folder })
  writeFileSync(join(folder, 'dist/plugin/debug/page.js'), stripTypeScriptTypes(readFileSync(join(root, 'plugin/debug/page.ts'), 'utf8')))
  const compiled = await import(pathToFileURL(join(folder, 'dist/plugin/debug/page.js')).href) as { pageFiles: typeof pageFiles }
  t.strictSame([...compiled.pageFiles()], [...files])
})

t.test('the colours of SQL add nothing and lose nothing', async (t) => {
  const folder = t.testdir({ 'package.json': '{ "type": "module" }' })
  cpSync(join(root, 'plugin/debug/assets'), folder, { recursive: true })
  const { tokens } = await import(pathToFileURL(join(folder, 'sql.js')).href) as { tokens(sql: string): Iterable<[kind: string, text: string]> }
  const kinds = (sql: string): string[] => [...tokens(sql)].filter(([kind]) => kind !== '').map(([kind, text]) => `${kind} ${text.trim()}`)
  t.strictSame(kinds(`select "a""b", 'it''s', $1, 12.5 from t -- end\nwhere x = ? /* all */`), [
    'keyword select', 'name "a""b"', `string 'it''s'`, 'parameter $1', 'number 12.5', 'keyword from', 'comment -- end', 'keyword where', 'parameter ?', 'comment /* all */',
  ])
  t.strictSame(kinds(`do $x$ select '$y$' $x$`), ['keyword do', `string $x$ select '$y$' $x$`])
  const wrong = [...hostileStrings(10_000), `'${'x'.repeat(5_000_000)}`, '/*'.repeat(1_000_000), '$a$'.repeat(500_001), '"'.repeat(999_999)]
    .filter((sql) => [...tokens(sql)].map(([, text]) => text).join('') !== sql)
  t.strictSame(wrong.map((sql) => sql.slice(0, 80)), [])
})
