// Engines in CommonJS: by hand, or compiled from a TypeScript file of a package that is not `"type": "module"`.
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readEnginesFile } from '../../../orm/cli/engines-file.ts'
import { Workplace } from './fixtures/workplace.ts'

const bin = fileURLToPath(new URL('../../../orm/cli/bin.ts', import.meta.url))

t.test('engines files of a CommonJS package', { timeout: 600_000 }, async (t) => {
  const place = new Workplace(t)
  const dbName = `${place.path}/shop.sqlite`
  {
    using file = new DatabaseSync(dbName)
    file.exec('create table shop (id integer primary key)')
  }
  place.write('package.json', '{ "name": "shop" }')
  const object = `{ shop: { config: defineConfig({ dbName: '${dbName}' }) } }`
  const required = `const { defineConfig } = require('@mikro-orm/sqlite')\n`
  const imported = `import { defineConfig } from '@mikro-orm/sqlite'\nenum OnlyALoaderReadsThis { now }\nexport const when = OnlyALoaderReadsThis.now\n`
  const files: Readonly<Record<string, string>> = {
    'named.cjs': `${required}exports.engines = ${object}`,
    'whole.js': `${required}module.exports = ${object}`,
    'compiled.js': `${required}Object.defineProperty(exports, '__esModule', { value: true })\nexports.default = () => (${object})`,
    'compiled-named.js': `${required}Object.defineProperty(exports, '__esModule', { value: true })\nconst all = { engines: ${object} }\nObject.assign(exports, all)`,
    'default.ts': `${imported}export default ${object}`,
    'function.ts': `${imported}export default async () => (${object})`,
    'named.cts': `${imported}export const engines = ${object}`,
  }
  for (const [file, text] of Object.entries(files)) {
    t.match(await place.node([bin, 'reflect', '--engines', place.write(file, text), '--dry-run']), { code: 0, err: /engine 'shop'/ }, file)
  }
  for (const engines of [`exports.default = () => ({ only: {} })`, `exports.engines = { only: {} }`]) {
    const path = place.write(`${engines.length}.js`, `Object.defineProperty(exports, '__esModule', { value: true })\n${engines}\n`)
    t.strictSame([...(await readEnginesFile(path)).keys()], ['only'], engines)
  }
  t.match(await place.sqlassist('reflect', '--engines', 'nowhere.js'), { code: 2, err: /^There is no file nowhere\.js\./ })
})
