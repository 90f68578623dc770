// What is wrong with names and options is said at registration, before anything is made or connected.
import { existsSync } from 'node:fs'
import { inspect } from 'node:util'
import t from 'tap'
import { MikroORM } from '@mikro-orm/postgresql'
import { createSqlAssist, DbSessionsContainer, defineEngines, type EnginesInput } from 'fastify-sqlassist/orm'
import { postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { connectionsTo, errorOf, onPostgres, onSqlite } from './library.ts'

const url = await postgresDatabase(t)
const file = sqliteFile(t)
const engine = { config: onPostgres(url) }

const refusal = async (engines: unknown, options: object = {}): Promise<{ code: string; message: string }> => {
  const { code, message } = await errorOf(async () => await createSqlAssist({ ...options, engines: engines as EnginesInput }))
  return { code, message }
}

t.test('names that cannot be the name of an engine', async (t) => {
  const members = ['get', 'any', 'close', 'status', 'getReader', 'getWriter', 'getLogger', 'getAny', 'transaction']
  const inherited = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']
  const names = ['', ' ', '\t', '!all', '!default', ...members, ...inherited, '$retry', '_x', 'then', 'toJSON']
  for (const name of names) {
    const { code, message } = await refusal(new Map([['writer', engine], [name, engine]]))
    t.equal(code, 'SQLASSIST_ENGINE_NAME_INVALID', `'${name}' in a Map`)
    t.ok(message.startsWith(`'${name}' cannot be the name of an engine: `), message)
    t.equal((await refusal([[name, engine]])).code, 'SQLASSIST_ENGINE_NAME_INVALID', `'${name}' in pairs`)
    const object = Object.defineProperty({}, name, { value: engine, enumerable: true })
    t.equal((await refusal(object)).code, 'SQLASSIST_ENGINE_NAME_INVALID', `'${name}' in an object`)
  }
})

t.test('each of them is told why', async (t) => {
  const reasons: Record<string, string> = {
    ' ': 'it is empty',
    '!all': 'it is a reserved word',
    toString: 'every JavaScript object has a member of that name',
    toJSON: 'JavaScript looks for a member of that name by itself, which would open a session',
    $retry: `names that start with '$' are kept for members that are added later`,
    close: `request.dbSession has a member 'close' already`,
  }
  for (const [name, reason] of Object.entries(reasons)) {
    const { message } = await refusal(new Map([[name, engine]]))
    t.ok(message.startsWith(`'${name}' cannot be the name of an engine: ${reason}.`), message)
  }
})

t.test('a name is a string', async (t) => {
  const names = [undefined, null, 1, true, Symbol('writer'), Object('writer'), ['writer'], () => 'writer', Object.create(null)]
  for (const name of names) {
    t.match(await refusal([[name, engine]]), { code: 'SQLASSIST_ENGINE_NAME_INVALID', message: /a name is a string, not / }, typeof name)
  }
  for (const [name, kind] of [[null, 'null'], [undefined, 'undefined'], [1, 'of type number']] as const) {
    const { message } = await refusal([[name, engine]])
    t.ok(message.startsWith(`${name} cannot be the name of an engine: a name is a string, not ${kind}.`), message)
  }
  t.match(await refusal({ [Symbol('writer')]: engine }), { code: 'SQLASSIST_ENGINE_NAME_INVALID', message: /^Symbol\(writer\) cannot be/ })
})

t.test('a name and its options swapped do not show the password', async (t) => {
  const { code, message } = await refusal([[engine, 'writer']])
  t.equal(code, 'SQLASSIST_ENGINE_NAME_INVALID')
  t.notMatch(message, new URL(url).password)
})

t.test('a name given twice', async (t) => {
  t.match(await refusal([['writer', engine], ['writer', engine]]), { code: 'SQLASSIST_ENGINE_NAME_INVALID', message: /^'writer' .* it is given twice/ })
})

t.test('a literal __proto__ key changes the prototype, and is noticed all the same', async (t) => {
  t.match(await refusal({ writer: engine, __proto__: { hidden: engine } }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /__proto__/ })
  t.equal((await refusal(JSON.parse('{ "__proto__": {} }'))).code, 'SQLASSIST_ENGINE_NAME_INVALID')
  t.equal((await refusal({ writer: { __proto__: engine } })).code, 'SQLASSIST_INVALID_OPTIONS')
})

t.test('the member of an own container class is taken', async (t) => {
  class AppSessions extends DbSessionsContainer {
    audit(): string {
      return 'audit'
    }
  }
  t.match(await refusal({ audit: engine }, { containerClass: AppSessions }), { code: 'SQLASSIST_ENGINE_NAME_INVALID', message: /has a member 'audit' already/ })
  const sqlassist = await createSqlAssist({ engines: { audit: engine } })
  await sqlassist.dispose()
})

t.test('engines that are none', async (t) => {
  for (const engines of [undefined, null, 7, 'writer', [], {}, new Map(), [engine], [['writer']], [['writer', engine, 1]], new (class Engines {})()]) {
    t.equal((await refusal(engines)).code, 'SQLASSIST_INVALID_OPTIONS', inspect(engines))
  }
  for (const options of [undefined, null, 'writer', [engine], new Map([['config', engine.config]])]) {
    t.match(await refusal({ writer: options }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /^Option 'engines.writer' must be an object/ })
  }
})

t.test('two defaults', async (t) => {
  const options = { ...engine, default: true }
  t.match(await refusal({ reader: options, writer: options, logger: engine }), { code: 'SQLASSIST_DEFAULT_ENGINE', message: /\(reader, writer\)/ })
})

t.test('options of an engine', async (t) => {
  const orm = await MikroORM.init(onPostgres(url))
  t.teardown(async () => await orm.close())
  const wrong: [problem: RegExp, options: object][] = [
    [/'engines.writer.readOnly' is unknown; known are default, readonly/, { ...engine, readOnly: true }],
    [/'engines.writer.Symbol\(x\)' is unknown/, { ...engine, [Symbol('x')]: true }],
    [/'engines.writer.default' must be true or false, not string/, { ...engine, default: 'yes' }],
    [/'engines.writer.readonly' must be true or false, not number/, { ...engine, readonly: 1 }],
    [/'engines.writer.autocommit' must be true or false, not object/, { ...engine, autocommit: null }],
    [/'engines.writer.dispose' must be true or false/, { orm, dispose: 'yes' }],
    [/'engines.writer' needs either 'config' or 'orm'/, { ...engine, orm }],
    [/'engines.writer' needs either 'config' or 'orm'/, { default: true }],
    [/'engines.writer.orm' must be a MikroORM instance/, { orm: {} }],
    [/'engines.writer.orm' must be a MikroORM instance/, { orm: MikroORM.init(onPostgres(url)) }],
    [/'engines.writer.config' must be MikroORM options/, { config: 'postgresql://localhost' }],
    [/'engines.writer.config' must be MikroORM options/, { config: new Map() }],
    [/'engines.writer.config' has no driver: make it with defineConfig\(\)/, { config: { dbName: 'x' } }],
    [/'engines.writer.dispose' goes with 'orm'/, { ...engine, dispose: true }],
    [/'engines.writer' cannot be readonly and autocommit/, { ...engine, readonly: true, autocommit: true }],
    [/'engines.writer.fork' must be fork options/, { ...engine, fork: 'always' }],
    [/'engines.writer.fork.clear' is unknown/, { ...engine, fork: { clear: false } }],
    [/'engines.writer.fork.filters' must be an object/, { ...engine, fork: { filters: ['lent'] } }],
  ]
  for (const [message, options] of wrong) t.match(await refusal({ writer: options }), { code: 'SQLASSIST_INVALID_OPTIONS', message })
})

t.test("MikroORM's replicas are refused, with the way that we offer", async (t) => {
  const config = onPostgres(url, { replicas: [{ name: 'near', host: 'replica' }] } as never)
  const { code, message } = await refusal({ writer: { config } })
  t.equal(code, 'SQLASSIST_INVALID_OPTIONS')
  t.match(message, /'engines.writer.config.replicas' is refused/)
  t.match(message, /readonly: true, follows: 'writer', replicas: \[/)
  const sqlassist = await createSqlAssist({ engines: { writer: { config: onPostgres(url, { replicas: [] } as never) } } })
  await sqlassist.dispose()
})

t.test('options of createSqlAssist', async (t) => {
  const wrong: [problem: RegExp, options: object][] = [
    [/'engine' is unknown; known are engines, /, { engine }],
    [/'discovery' must be 'registration' or 'deferred'/, { discovery: 'lazy' }],
    [/'closeTimeoutMs' must be a number of milliseconds/, { closeTimeoutMs: '10' }],
    [/'closeTimeoutMs' must be/, { closeTimeoutMs: -1 }],
    [/'closeTimeoutMs' must be/, { closeTimeoutMs: Number.NaN }],
    [/'closeTimeoutMs' must be/, { closeTimeoutMs: Number.POSITIVE_INFINITY }],
    [/'closeTimeoutMs' must be/, { closeTimeoutMs: 2 ** 31 }],
    [/'containerClass' must be a subclass of DbSessionsContainer/, { containerClass: class {} }],
    [/'containerClass' must be a subclass/, { containerClass: {} }],
    [/'anyPreferences' must be an array/, { anyPreferences: 'writer' }],
    [/'anyPreferences' names 'reader', which is not an engine; there are writer/, { anyPreferences: ['writer', 'reader'] }],
    [/'anyPreferences' names '7'/, { anyPreferences: [7] }],
    [/'logger' must have the methods of pino's; missing: debug, info, warn, error/, { logger: 'pino' }],
    [/'logger' .* missing: info, error/, { logger: { debug() {}, warn() {} } }],
  ]
  for (const [message, options] of wrong) t.match(await refusal({ writer: engine }, options), { code: 'SQLASSIST_INVALID_OPTIONS', message })
  for (const options of [undefined, null, 'x', []]) {
    t.match(await errorOf(async () => await createSqlAssist(options as never)), { code: 'SQLASSIST_INVALID_OPTIONS', message: /needs an object of options/ })
  }
})

t.test('none of it has connected, or made a file', async (t) => {
  const second = { config: onSqlite(file), default: true }
  t.equal((await refusal({ writer: { ...engine, default: true }, logger: second })).code, 'SQLASSIST_DEFAULT_ENGINE')
  t.equal((await refusal({ logger: second, any: engine })).code, 'SQLASSIST_ENGINE_NAME_INVALID')
  t.notOk(existsSync(file))
  t.equal(await connectionsTo(url), 0)
})

t.test('an error says what it is and where it is explained', async (t) => {
  const error = await errorOf(async () => await createSqlAssist({ engines: {} }))
  t.match(error, { name: 'InvalidOptionsError', code: 'SQLASSIST_INVALID_OPTIONS', statusCode: 500, message: /\[docs\/errors\.md#sqlassist_invalid_options\]$/ })
})

t.test('any number of engines', async (t) => {
  const engines = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`tenant${index}`, { config: onPostgres(url) }]))
  const sqlassist = await createSqlAssist({ engines: defineEngines(engines) })
  t.same(sqlassist.engineNames, Object.keys(engines))
  t.equal(await connectionsTo(url), 0, 'and nothing has connected')
  t.equal(new Set(sqlassist.engineNames.map((name) => sqlassist.engine(name).orm.em.name)).size, 100, 'each has a name of its own in MikroORM')
  {
    await using sessions = sqlassist.session()
    t.same(await (sessions.get('tenant99') as never as { execute(sql: string): Promise<unknown> }).execute('select 1 as one'), [{ one: 1 }])
    t.equal(Object.values(sessions.status).filter((status) => status === 'START').length, 1)
  }
  await sqlassist.dispose()
})

t.test('engines as a Map and as pairs, in their order; the first is the default', async (t) => {
  const pairs = [['reader', { ...engine, readonly: true }], ['writer', engine]] as const
  for (const engines of [pairs, new Map(pairs)]) {
    await using sqlassist = await createSqlAssist({ engines })
    t.same(sqlassist.engineNames, ['reader', 'writer'])
    t.equal(sqlassist.engine().name, 'reader')
  }
  await using sqlassist = await createSqlAssist({ engines: { reader: engine, writer: { ...engine, default: true } } })
  t.equal(sqlassist.engine().name, 'writer')
  const { code, message } = await errorOf(() => sqlassist.engine('audit' as never))
  t.equal(code, 'SQLASSIST_ENGINE_UNKNOWN')
  t.match(message, /'audit'.* reader, writer\./)
})

t.test('options are copied: changing them later changes nothing', async (t) => {
  const engines: Record<string, { config: typeof engine.config; readonly?: boolean }> = { writer: { ...engine } }
  await using sqlassist = await createSqlAssist({ engines })
  engines['writer']!.readonly = true
  engines['audit'] = engine
  t.same(sqlassist.engineNames, ['writer'])
  t.equal(sqlassist.engine('writer').readonly, false)
})
