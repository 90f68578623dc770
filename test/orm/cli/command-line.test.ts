// What `npx fastify-sqlassist` understands, and what it says when it does not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readCommandLine } from '../../../orm/cli/command-line.ts'
import { readEnginesFile } from '../../../orm/cli/engines-file.ts'
import { enginesFile, Workplace } from './fixtures/workplace.ts'

t.test('a full command', async (t) => {
  const words = 'reflect --engines e.js --engine writer --out o --schema a --schema b --take film* --take /^x/i --skip y --base UtilityObject --definition defineEntity --import-extension .ts --dry-run --force'
  t.strictSame(readCommandLine(words.split(' ')), {
    engines: 'e.js', engine: 'writer', out: 'o', schemas: ['a', 'b'], take: [/^film.*$/i, /^x/i], skip: ['y'], base: { name: 'UtilityObject', module: 'fastify-sqlassist/orm' },
    definition: 'defineEntity', extension: '.ts', dryRun: true, force: true,
  })
})

t.test('the shortest one', async (t) => {
  t.strictSame(readCommandLine(['reflect', '--engines', 'e.js']), {
    engines: 'e.js', engine: undefined, out: './entities', schemas: undefined, take: undefined, skip: undefined, base: { name: 'DeclaredTable', module: 'fastify-sqlassist/orm' },
    definition: 'decorators', extension: '.js', dryRun: false, force: false,
  })
  t.equal(readCommandLine([]), undefined)
  t.equal(readCommandLine(['reflect', '-h']), undefined)
})

t.test('a star stands for anything, and nothing else does', async (t) => {
  const [pattern] = readCommandLine(['reflect', '--engines', 'e', '--skip', 'a.b*(c)'])!.skip!
  t.ok((pattern as RegExp).test('A.Bxyz(c)'))
  t.notOk((pattern as RegExp).test('aXb(c)'))
})

t.test('mistakes are named', async (t) => {
  const mistakes: [string, RegExp][] = [
    ['tail', /no command 'tail'/],
    ['--engines e.js', /Which command\?/],
    ['reflect', /--engines <file>/],
    ['reflect film --engines e.js', /'film' is one word too many/],
    ['reflect --engines e.js --tables x', /Unknown option '--tables'.*--help/],
    ['reflect --engines', /argument missing/],
    ['reflect --engines e.js --definition classes', /--definition is decorators or defineEntity; not 'classes'/],
    ['reflect --engines e.js --import-extension ts', /--import-extension is \.js or \.ts/],
    ['reflect --engines e.js --base Thing', /--base is .* not 'Thing'/],
    ['reflect --engines e.js --take /(/', /\/\(\/ is no regular expression/],
  ]
  const place = new Workplace(t)
  for (const [words, message] of mistakes) {
    t.throws(() => readCommandLine(words.split(' ')), { code: 'SQLASSIST_COMMAND_LINE', message }, words)
    t.match(await place.sqlassist(...words.split(' ')), { code: 2, out: '', err: /\(SQLASSIST_COMMAND_LINE\)$/ })
  }
  t.match(await place.sqlassist('--help'), { code: 0, out: /^Usage: fastify-sqlassist reflect/, err: '' })
})

t.test('engines files', async (t) => {
  const place = new Workplace(t)
  const reflect = async (file: string, text: string, ...more: string[]): Promise<{ code: number; err: string }> =>
    await place.sqlassist('reflect', '--engines', place.write(file, text), '--dry-run', '--out', place.path, ...more)
  const engine = (dbName: string, more = ''): string => enginesFile('sqlite', { dbName: `${place.path}/${dbName}` }, more)
  const { DatabaseSync } = await import('node:sqlite')
  for (const name of ['one', 'two']) {
    using file = new DatabaseSync(`${place.path}/${name}`)
    file.exec(`create table ${name} (id integer primary key)`)
  }
  const both = `const config = (dbName) => defineConfig({ dbName: '${place.path}/' + dbName })`
  const imports = `import { defineConfig } from '@mikro-orm/sqlite'\n${both}\n`
  const objects = `{ first: { config: config('one') }, second: { config: config('two'), default: true, migrate: true, readonly: false } }`

  t.match(await reflect('a.mjs', engine('one')), { code: 0, err: /engine 'legacy'/ })
  t.match(await reflect('b.mjs', `${imports}export default ${objects}`), { code: 0, err: /engine 'second'/ }, 'the default engine, whose migrations do not run')
  t.match(await reflect('c.mjs', `${imports}export default async () => (${objects})`, '--engine', 'first'), { code: 0, err: /engine 'first'/ }, 'a function')
  t.match(await reflect('d.mjs', `${imports}export const engines = new Map(Object.entries(${objects}))`), { code: 0, err: /engine 'second'/ }, 'a Map')
  t.match(await reflect('e.mjs', `${imports}export const engines = Promise.resolve({ first: { config: config('one') } })`), { code: 0, err: /engine 'first'/ }, 'a promise')

  t.match(await reflect('f.mjs', `${imports}export const engines = ${objects}`, '--engine', 'third'), { code: 1, err: /no engine 'third'.*first, second.*SQLASSIST_ENGINE_UNKNOWN/ })
  t.match(await reflect('g.mjs', 'export const engines = {}'), { code: 1, err: /SQLASSIST_ENGINE_UNKNOWN/ })
  t.match(await reflect('h.mjs', 'export const engine = {}'), { code: 2, err: /exports no engines/ })
  t.match(await reflect('i.mjs', 'throw new Error("not today")'), { code: 2, err: /i\.mjs could not be read: not today\./ })
  t.match(await reflect('j.mjs', 'throw "text!"'), { code: 2, err: /could not be read: text! \[/ })
  t.match(await reflect('k.mts', 'export const engines: = 1'), { code: 2, err: /could not be read: .*install tsx/s })
  t.match(await reflect('l.mjs', 'export const engines = { odd: {} }'), { code: 2, err: /has no 'config'/ })
  t.match(await reflect('m.mjs', 'export const engines = { odd: { orm: {} } }'), { code: 2, err: /has an 'orm' and no 'config'/ })
  t.match(await reflect('n.mjs', engine('absent')), { code: 1, err: /unable to open database file/ }, 'a database that is not there is not made')
  t.match(await reflect('o.mjs', 'export const engines = () => { throw "no reason" }'), { code: 1, err: 'no reason' })
})

t.test('TypeScript where no loader is installed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sqlassist-engines-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'engines.mts')
  writeFileSync(file, 'export const engines: Record<string, object> = { only: {} }')
  t.strictSame([...(await readEnginesFile(file)).keys()], ['only'], 'Node reads it by itself')
})
