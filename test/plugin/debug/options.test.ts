// Options are checked once, at registration, and a set-up that cannot work says what to do.
import Fastify, { type FastifyInstance } from 'fastify'
import { createSqlAssist, sqlassist } from 'fastify-sqlassist'
import { sqlassistDebug, type SqlAssistDebugOptions } from 'fastify-sqlassist/debug'
import { MikroORM } from '@mikro-orm/sqlite'
import t, { type Test } from 'tap'
import { configOf, postgres, sqlite } from '../endings/service.ts'
import { databaseOf } from '../../../plugin/debug/engines.ts'
import { application, Panel } from './fixtures/panel.ts'

const database = await sqlite(t)

async function withPlugin(t: Test): Promise<FastifyInstance> {
  const app = Fastify() as unknown as FastifyInstance
  t.teardown(async () => await app.close())
  await app.register(sqlassist, { engines: { writer: { config: configOf(database) } } })
  return app
}

t.test('wrong options', async (t) => {
  const wrong: [object, RegExp][] = [
    [{ pth: '/x' }, /'debug\.pth' is unknown; known are path, maxRequests/], [{ path: 'x' }, /'debug\.path' must be a path/], [{ path: '/' }, /debug\.path/], [{ path: '/x/' }, /debug\.path/],
    [{ path: '/:x' }, /debug\.path/], [{ path: 5 }, /debug\.path/], [{ maxRequests: 0 }, /'debug\.maxRequests' must be a whole number of 1 or more/], [{ maxRequests: 1.5 }, /maxRequests/], [{ maxStatements: -1 }, /maxStatements/],
    [{ maxBytes: Infinity }, /maxBytes/], [{ slowQueryMs: 'x' }, /slowQueryMs/], [{ slowQueryMs: NaN }, /slowQueryMs/], [{ parameters: 'hide' }, /must be 'show' or 'mask'/], [{ explain: 'writer' }, /debug\.explain/],
    [{ serverTiming: 1 }, /serverTiming/], [{ handle: 'yes' }, /handle/], [{ allowInProduction: true }, /'debug\.allowInProduction' must be an object such as \{ guard \}/],
    [{ allowInProduction: {} }, /allowInProduction\.guard' must be a function/], [{ allowInProduction: { guard: () => {}, gard: 1 } }, /allowInProduction\.gard/],
  ]
  for (const [options, message] of wrong) {
    await t.rejects(async () => await (await withPlugin(t)).register(sqlassistDebug, options as SqlAssistDebugOptions), { code: 'SQLASSIST_INVALID_OPTIONS', message }, JSON.stringify(options))
  }
  await t.rejects(async () => await (await withPlugin(t)).register(sqlassistDebug, { explain: ['reader'] }), { code: 'SQLASSIST_ENGINE_UNKNOWN', message: /'reader'.*writer/ })
})

t.test('without the plugin, or twice', async (t) => {
  const app = Fastify()
  t.teardown(async () => await app.close())
  await t.rejects(async () => await app.register(sqlassistDebug), { code: 'SQLASSIST_PLUGIN_MISSING', message: /Register that first/ })
  const twice = await withPlugin(t)
  await twice.register(sqlassistDebug)
  await t.rejects(async () => await twice.register(sqlassistDebug, { path: '/other' }), { code: 'SQLASSIST_PANEL_REGISTERED_TWICE' })
})

t.test('elsewhere, and under a prefix', async (t) => {
  const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } }) as unknown as FastifyInstance
  t.teardown(async () => await app.close())
  await app.register(async (scope) => {
    await scope.register(sqlassist, { engines: { writer: { config: configOf(database) } } })
    await scope.register(sqlassistDebug, { path: '/tools/sql.panel', handle: true })
    scope.get('/page', async (_request, reply) => await reply.type('text/html').send('<body></body>'))
  }, { prefix: '/app' })
  app.get('/outside', async () => 'done')
  await app.inject('/outside')
  t.match((await app.inject('/app/page')).body, 'href="/app/tools/sql.panel/?request=1"')
  t.match(await new Panel(app, '/app/tools/sql.panel').requests(), [{ url: '/app/page' }])
  t.equal((await app.inject('/app/tools/sql.panel/')).statusCode, 200)
  t.equal((await app.inject('/app/tools/sql.panel')).headers['location'], '/app/tools/sql.panel/')
})

t.test('hints: engines whose statements nobody sees', async (t) => {
  const orm = await MikroORM.init({ dbName: ':memory:', entities: [], discovery: { warnWhenNoEntities: false }, contextName: 'foreign' })
  t.teardown(async () => await orm.close())
  const db = await createSqlAssist({ engines: { writer: { config: configOf(database) }, foreign: { orm } }, discovery: 'deferred' })
  t.teardown(async () => await db.dispose())
  const app = Fastify() as unknown as FastifyInstance
  t.teardown(async () => await app.close())
  await app.register(sqlassist, { sqlassist: db })
  await app.register(sqlassistDebug)
  const panel = new Panel(app)
  t.match((await panel.info()).hints, [/The MikroORM of engine 'foreign' was made without sqlAssistConfig\('foreign', \.\.\.\): its statements and connections are not seen/])
  t.match(await panel.engines(), [{ name: 'writer', dialect: 'not known before its first use', database: '' }, { name: 'foreign', dialect: 'sqlite', database: ':memory:', pool: null }])
  t.match(await panel.info(), { attribute: 'dbSession', explain: false, slowQueryMs: 100, maxRequests: 25, maxStatements: 500, maxBytes: 500_000, parametersShown: true, pid: process.pid, versions: { node: process.versions.node, fastify: app.version, '@mikro-orm/core': '7.2.1', 'fastify-sqlassist': '0.1.0' } })
})

const shown = (config: object): string => databaseOf({ config: { get: (name: string) => ({ driver: { name: 'PostgreSqlDriver' }, ...config } as Record<string, unknown>)[name] } } as never)

t.test('no password of a database, wherever it stands', async (t) => {
  const { at } = await postgres(t)
  const app = await application(t, { dialect: 'postgresql', at })
  const { password } = new URL(at)
  t.ok(password.length > 5)
  app.get('/', async () => { throw new Error(`cannot connect to ${at}`) })
  await app.inject(`/?url=${encodeURIComponent('x')}`)
  for (const path of ['info', 'engines', 'requests', 'requests/1']) t.notMatch((await app.inject(`/_sqlassist/api/${path}`)).body, password, path)
  t.equal(shown({ clientUrl: 'postgresql://ada:s3@h:5/d?password=s4', dbName: undefined }), 'ada@h:5/d')
  t.equal(shown({ clientUrl: 'postgresql://%E0%A4%A@h/d' }), '%E0%A4%A@h/d')
  t.equal(shown({ host: 'h', user: 'ada', password: 's3', port: 5, dbName: 'd' }), 'ada@h:5/d')
})
