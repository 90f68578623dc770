// Options of replicas and consistency: what is wrong is refused at registration, and told without what is secret.
import { inspect } from 'node:util'
import Fastify from 'fastify'
import { sqlassist } from 'fastify-sqlassist'
import { type Consistency, createSqlAssist, type EngineOptions, sqlAssistConfig } from 'fastify-sqlassist/orm'
import { MikroORM } from '@mikro-orm/postgresql'
import t from 'tap'
import { sqliteFile } from '../../support/databases.ts'
import { Book, entities, errorOf, onPostgres, onSqlite, recordingLogger, untyped } from '../engines/library.ts'

const url = 'postgresql://somebody:s3cret@127.0.0.1:1/books'
const writer = { config: onPostgres(url) }
const replica = onPostgres(url.replace('127.0.0.1', 'replica'))
const reader = { readonly: true, follows: 'writer', replicas: [replica] }
const SECRET = 'correct horse battery staple, and more'

async function refusal(engines: object, options: object = {}): Promise<{ code: string; message: string }> {
  const error = await errorOf(async () => await createSqlAssist({ engines, ...options } as never))
  t.notMatch(`${inspect(error)} ${JSON.stringify(error)}`, /s3cret|battery/, 'nothing secret is told')
  return error
}

t.test('replicas of an engine', async (t) => {
  const orm = new MikroORM(onPostgres(url) as never)
  t.teardown(async () => await orm.close())
  const wrong: [RegExp, unknown][] = [
    [/'engines.reader.replicas' goes in place of 'config' and 'orm'/, { ...reader, config: replica }],
    [/'engines.reader.replicas' goes in place of 'config' and 'orm'/, { ...reader, orm }],
    [/'engines.reader.replicas' must be a list of MikroORM options/, { ...reader, replicas: [] }],
    [/'engines.reader.replicas' must be a list/, { ...reader, replicas: replica }],
    [/'engines.reader.replicas' must be a list/, { ...reader, replicas: [url] }],
    [/'engines.reader.replicas' must be a list/, { ...reader, replicas: null }],
    [/'engines.reader.replicas' is for readonly engines that follow another/, { ...reader, readonly: false }],
    [/'engines.reader.replicas' is for readonly engines that follow another/, { readonly: true, replicas: [replica] }],
    [/'engines.reader.replicas\[1\].clientUrl' is not a URL/, { ...reader, replicas: [replica, onPostgres('postgresql://somebody:s3cret@%zz/books')] }],
    [/'engines.reader.replicas\[0\].replicas' is refused/, { ...reader, replicas: [{ ...replica, replicas: [{ host: 'other' }] }] }],
    [/'engines.reader.replicas' must all have the same driver/, { ...reader, replicas: [replica, onSqlite('books.sqlite')] }],
    [/'engines.reader.limits.replicaWaitMs' must be a number of milliseconds/, { ...reader, limits: { replicaWaitMs: -1 } }],
    [/'engines.reader.limits.replicaLagMs' must be a number of milliseconds/, { ...reader, limits: { replicaLagMs: '1s' } }],
    [/'engines.reader.fallback'/, { ...reader, fallback: 'primary' }],
    [/'engines.reader.consistency' is unknown/, { ...reader, consistency: 'session' }],
  ]
  for (const [message, options] of wrong) t.match(await refusal({ writer, reader: options }), { code: 'SQLASSIST_INVALID_OPTIONS', message })
  for (const fallback of ['follows', 'error']) {
    t.match(await refusal({ writer: { orm }, reader: { ...reader, fallback } }), { message: /'engines.reader.follows' names an engine whose connections are made by the application/ })
  }
  t.match(await refusal({ writer, reader: { ...reader, follows: 'nobody' } }), { message: /follows/ })
  t.match(await refusal({ writer, reader: { ...reader, follows: 'reader' } }), { message: /follows/ })
})

t.test('on SQLite: the same file, and no other', async (t) => {
  const file = sqliteFile(t)
  const config = onSqlite(file)
  for (const replicas of [[onSqlite(sqliteFile(t))], [onSqlite(':memory:')], [config, onSqlite(sqliteFile(t))]]) {
    t.match(await refusal({ writer: { config }, reader: { ...reader, replicas } }), { message: /'engines.reader.replicas' must name the file of engine 'writer'/ })
  }
  t.match(await refusal({ writer: { config: onSqlite(':memory:') }, reader: { ...reader, replicas: [onSqlite(':memory:')] } }), { message: /must name the file/ })
  t.match(await refusal({ writer, reader: { ...reader, replicas: [config] } }), { code: 'SQLASSIST_INVALID_OPTIONS' }, 'nor another database than that of the followed engine')

  for (const replicas of [[config], [{ driver: config.driver!, dbName: file }, config]]) {
    await using db = await createSqlAssist({ engines: { writer: { config }, reader: { ...reader, replicas: replicas as EngineOptions['replicas'] } as EngineOptions }, consistency: { maxLagMs: 1 } })
    await db.engine('writer').orm.schema.update()
    for (const consistency of ['strong', 'eventual', 'session', { maxLagMs: 5 }, undefined] as const) {
      await using session = db.session({ consistency, after: 'whatever it is' })
      const before = await untyped(session.get('reader')).count(Book)
      await untyped(session.get('writer')).persistAndFlush(new Book('new'))
      t.equal(await untyped(session.get('reader')).count(Book), before + 1)
      t.equal(await session.$token(), undefined)
    }
    t.equal(db.engine('reader').stats().replicas, undefined)
    await t.rejects(async () => await db.engine('reader').orm.em.getConnection().execute('delete from book'), 'it may not write')
  }
})

t.test('without replicas all of it is accepted, and there is no token', async (t) => {
  await using db = await createSqlAssist({ engines: { writer: { config: onSqlite(sqliteFile(t)) } }, consistency: 'strong', consistencyToken: { secret: [SECRET, SECRET] } })
  await using session = db.session({ after: 'x', consistency: 'eventual' })
  await db.engine('writer').orm.schema.update()
  t.equal(await untyped(session.get('writer')).count(Book), 0)
  t.equal(await session.$token(), undefined)
  const app = Fastify()
  t.teardown(async () => await app.close())
  await app.register(sqlassist, { sqlassist: db, consistency: { maxLagMs: 10 }, consistencyToken: { transport: 'header' } })
  app.get('/', { config: { sqlassist: { consistency: 'strong' } } }, async (request) => [await (request.dbSession as unknown as { writer: { count(entity: typeof Book): Promise<number> } }).writer.count(Book), await request.dbSession.$token()])
  const { headers, body } = await app.inject({ url: '/', headers: { 'sqlassist-after': 'x' } })
  t.equal(body, '[0,null]')
  t.notOk(headers['sqlassist-after'])
})

t.test(`'follows' with a 'config' keeps no consistency, which is said at registration`, async (t) => {
  const orm = await MikroORM.init(sqlAssistConfig('reader', replica, { readonly: true }))
  t.teardown(async () => await orm.close())
  const elsewhere = { readonly: true, follows: 'writer', config: replica }
  for (const consistency of ['session', 'strong', { maxLagMs: 5 }] as const) t.ok(await warned(consistency, elsewhere), inspect(consistency))
  t.ok(await warned('session', { ...elsewhere, fallback: 'error' }))
  t.ok(await warned('session', { readonly: true, follows: 'writer', orm }))
  t.notOk(await warned('eventual', elsewhere), 'which it does keep')
  t.notOk(await warned(undefined, elsewhere), 'nobody has asked for one')
  t.notOk(await warned('session', { readonly: true, config: replica }), 'it follows nobody')
  t.notOk(await warned('session', { ...elsewhere, config: onPostgres(url.replace('somebody:s3cret', 'another:s3cret')) }), 'another role on the same server')
})

async function warned(consistency: Consistency | undefined, engine: EngineOptions): Promise<boolean> {
  const logger = recordingLogger()
  await using _ = await createSqlAssist({ engines: { writer, reader: engine }, discovery: 'deferred', logger, ...(consistency === undefined ? {} : { consistency }) })
  return logger.lines.some(({ level, message }) => level === 'warn' && /'consistency' does not hold for engine 'reader', which follows 'writer'.* name it in 'replicas'/.test(message))
}

const WRONG_CONSISTENCIES = ['Session', 'none', '', null, 1, true, {}, { maxLagMs: 0 }, { maxLagMs: -1 }, { maxLagMs: '5' }, { maxLagMs: Infinity }, { maxLagMs: Number.NaN }, { maxLagMs: 5, session: true }, ['session'], new Map([['maxLagMs', 5]])]

t.test('consistency of the application, the plugin, a route and a session', async (t) => {
  await using db = await createSqlAssist({ engines: { writer } })
  for (const consistency of WRONG_CONSISTENCIES) {
    const expected = { code: 'SQLASSIST_INVALID_OPTIONS', message: /consistency' must be 'eventual', 'session', 'strong' or \{ maxLagMs/ }
    const what = inspect(consistency)
    t.match(await refusal({ writer }, { consistency }), expected, what)
    t.match(await errorOf(() => db.session({ consistency } as never)), expected, what)
    t.match(await errorOf(async () => await db.transaction(async () => {}, { consistency } as never)), expected, what)
    t.match(await errorOf(async () => await Fastify().register(sqlassist, { sqlassist: db, consistency } as never)), expected, what)
    const app = Fastify()
    await app.register(sqlassist, { sqlassist: db })
    t.match(await errorOf(() => app.get('/x', { config: { sqlassist: { consistency } } } as never, async () => 1)), { ...expected, message: /GET \/x: consistency' must be/ }, what)
    await app.close()
  }
  for (const after of [null, 1, {}, [], Buffer.from('x')]) {
    t.match(await errorOf(() => db.session({ after } as never)), { code: 'SQLASSIST_INVALID_OPTIONS', message: /'after' must be a token/ })
  }
  t.match(await errorOf(() => db.session({ afterwards: 'x' } as never)), { message: /'afterwards' is unknown; known are .*after, consistency/ })
})

t.test('consistencyToken', async (t) => {
  const secrets = ['battery, too short', '', [], [SECRET, 'battery'], [SECRET, null], 7, null, { secret: SECRET }, new Uint8Array(31), Symbol('battery')]
  for (const secret of secrets) {
    const expected = { code: 'SQLASSIST_INVALID_OPTIONS', message: /'consistencyToken.secret' must be a text of at least 32 characters, or several, of which the first one signs \(not shown\)/ }
    t.match(await refusal({ writer }, { consistencyToken: { secret } }), expected)
    t.match(await pluginRefusal({ secret }), expected)
  }
  for (const options of [null, 'x', [], SECRET]) {
    t.match(await refusal({ writer }, { consistencyToken: options }), { message: /'consistencyToken' must be an object/ })
    t.match(await pluginRefusal(options), { message: /'consistencyToken' must be an object/ })
  }
  t.match(await refusal({ writer }, { consistencyToken: { secret: SECRET, transport: 'cookie' } }), { message: /'consistencyToken.transport' is unknown; known are secret/ }, 'which is for requests')
  const wrong: [string, object][] = [
    ['secrets', { secrets: SECRET }], ['transport', { transport: 'cookies' }], ['transport', { transport: null }], ['name', { name: '' }], ['name', { name: 'a b' }], ['name', { name: 'a=b' }], ['name', { name: 'a;b' }],
    ['name', { name: 'a\r\nb' }], ['name', { name: 7 }], ['maxAgeMs', { maxAgeMs: -1 }], ['maxAgeMs', { maxAgeMs: 0 }], ['maxAgeMs', { maxAgeMs: '1h' }], ['maxAgeMs', { maxAgeMs: Infinity }], ['domain', { domain: '' }], ['domain', { domain: 'a;b' }],
    ['domain', { domain: 'a\r\nset-cookie: x' }], ['path', { path: '/a b' }], ['path', { path: '/;secure' }], ['sameSite', { sameSite: 'Lax' }], ['sameSite', { sameSite: false }], ['secure', { secure: 'yes' }],
    ['secure', { secure: false, sameSite: 'none' }],
  ]
  for (const [option, options] of wrong) t.match(await pluginRefusal(options), { code: 'SQLASSIST_INVALID_OPTIONS', message: new RegExp(`'consistencyToken.${option}' `) }, inspect(options))
  await using db = await createSqlAssist({ engines: { writer } })
  t.match(await errorOf(async () => await Fastify().register(sqlassist, { sqlassist: db, consistencyToken: { secret: SECRET } })), { message: /'consistencyToken.secret' goes with 'engines'; give it to createSqlAssist/ })
})

async function pluginRefusal(consistencyToken: unknown): Promise<Error> {
  const error = await errorOf(async () => await Fastify().register(sqlassist, { engines: { writer }, consistencyToken } as never))
  t.notMatch(`${inspect(error)} ${JSON.stringify(error)}`, /s3cret|battery/, 'nothing secret is told')
  return error
}

t.test('a secret is nowhere to be seen afterwards', async (t) => {
  const app = Fastify()
  t.teardown(async () => await app.close())
  const lines: string[] = []
  const engines = { writer: { config: onPostgres(url, { entities }) }, reader: { ...reader, replicas: [replica] } as EngineOptions }
  await app.register(sqlassist, { engines, discovery: 'deferred', consistencyToken: { secret: SECRET } })
  lines.push(inspect(app.sqlassist, { depth: 10, showHidden: true }), JSON.stringify(app.sqlassist.stats()), inspect(app, { depth: 4 }), app.printPlugins())
  t.notMatch(lines.join('\n'), /battery/)
})
