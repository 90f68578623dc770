// The package's own sources run in the tests as they are written, their types only blanked out, so that a line counted is a line of the file. Everything else
// (tests, documentation, examples: they may use decorators) is compiled by esbuild, once for all the processes of a run: a loader that did it for each of them anew
// took as long as the shorter half of the tests.
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url).href
const ours = [`${root}orm/`, `${root}plugin/`]
const compiled = new URL('node_modules/.cache/fastify-sqlassist/', root)

// Node says once per process that the function is experimental: said of a test it would be an error to one that looks at its warnings.
const { emitWarning } = process
process.emitWarning = () => {}
stripTypeScriptTypes('')
process.emitWarning = emitWarning
process.setSourceMapsEnabled(true)

registerHooks({
  load(url, context, next) {
    const [address = url] = url.split('?', 1)
    if (!address.endsWith('.ts') || address.includes('/node_modules/')) return next(url, context)
    const file = fileURLToPath(address)
    const source = readFileSync(file, 'utf8')
    return { format: 'module', shortCircuit: true, source: ours.some((folder) => address.startsWith(folder)) ? stripTypeScriptTypes(source) : compile(source, file) }
  },
})

/** @type {(typeof import('esbuild'))['transformSync'] | undefined} */
let transform

function compile(/** @type {string} */ source, /** @type {string} */ file) {
  const kept = new URL(`${hash('sha256', `${file}\0${source}`)}.js`, compiled)
  if (existsSync(kept)) return readFileSync(kept, 'utf8')
  transform ??= process.getBuiltinModule('node:module').createRequire(import.meta.url)('esbuild').transformSync
  const { code } = transform(source, { loader: 'ts', format: 'esm', target: 'es2024', sourcemap: 'inline', sourcefile: file })
  mkdirSync(compiled, { recursive: true })
  const partial = new URL(`${kept.href}.${process.pid}`)
  writeFileSync(partial, code)
  renameSync(partial, kept) // several processes may compile the same file at once
  return code
}
