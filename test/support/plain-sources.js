// The package's own sources run in the tests as they are written, their types only blanked out, so that a line counted is a line of the file. Everything else
// (tests, documentation, examples: they may use decorators) is compiled by tsx.
import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url).href
const ours = [`${root}orm/`, `${root}plugin/`]

// Node says once per process that the function is experimental: said of a test it would be an error to one that looks at its warnings.
const { emitWarning } = process
process.emitWarning = () => {}
stripTypeScriptTypes('')
process.emitWarning = emitWarning

registerHooks({
  load(url, context, next) {
    const [file = url] = url.split('?', 1)
    if (!file.endsWith('.ts') || !ours.some((folder) => file.startsWith(folder))) return next(url, context)
    return { format: 'module', shortCircuit: true, source: stripTypeScriptTypes(readFileSync(fileURLToPath(file), 'utf8')) }
  },
})
