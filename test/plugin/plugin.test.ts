// The plugin in an application: registration, scopes, and where request.dbSession may be used.
import Fastify, { type FastifyInstance, type FastifyPluginAsync, type FastifyRequest } from 'fastify'
import plugin, { createSqlAssist, DbSessionsContainer, type SqlAssistPluginOptions, sqlassist } from 'fastify-sqlassist'
import { SqlAssist } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { asSuperuser } from '../support/databases.ts'
import { gate, onEachDatabase, postgres, sqlite } from '../orm/sessions/fixtures/engines.ts'
import { Author } from '../orm/sessions/fixtures/library.ts'

function application(t: Test): FastifyInstance {
  const app = Fastify()
  t.teardown(async () => await app.close())
  return app
}

/** What happens when the plugin is registered with these options. */
const registering = async (t: Test, options: unknown): Promise<unknown> => await application(t).register(plugin, options as SqlAssistPluginOptions)

async function sessionsAreClosed(app: FastifyInstance): Promise<boolean> {
  for (let tries = 0; tries < 1000; tries++) {
    if (Object.values(app.sqlassist.stats()).every(({ sessions }) => sessions.open === 0)) return true
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return false
}

onEachDatabase(t, 'an application reads through reader and writes through writer', async (t, database) => {
  const app = application(t)
  await app.register(plugin, { engines: { writer: { config: database.config() }, reader: { config: database.config(), readonly: true } } })
  app.post('/authors', async (request, reply) => {
    const author = new Author((request.body as { name: string }).name)
    await request.dbSession.writer.persistAndFlush(author)
    return await reply.code(201).send({ id: author.id })
  })
  app.get('/authors', async (request) => {
    t.ok(request.dbSession instanceof DbSessionsContainer)
    t.equal(request.dbSession, request.dbSession)
    t.equal(request.dbSession.reader.info.request, request)
    t.equal(request.dbSession.reader.engineName, 'reader')
    return (await request.dbSession.reader.find(Author, {})).map(({ name }) => name)
  })
  t.equal((await app.inject({ method: 'POST', url: '/authors', payload: { name: 'Ada' } })).statusCode, 201)
  t.strictSame((await app.inject('/authors')).json(), ['Ada'])
  t.ok(await sessionsAreClosed(app))
  t.strictSame(Object.entries(app.sqlassist.stats()).map(([name, { sessions }]) => [name, sessions.opened]), [['writer', 1], ['reader', 1]])
})

t.test('a request that touches nothing opens nothing, and a service that nobody asks connects to nothing', async (t) => {
  const database = await postgres(t)
  const clientUrl = database.config().clientUrl!
  const app = application(t)
  await app.register(plugin, { engines: { writer: { config: database.config() }, reader: { config: database.config(), readonly: true } } })
  app.get('/nothing', async () => ({}))
  app.get('/container', async (request) => request.dbSession.status)
  app.get('/session', async (request) => ({ id: request.dbSession.writer.id }))
  app.get('/query', async (request) => await request.dbSession.writer.count(Author))
  await app.ready()
  const connections = async (): Promise<unknown> => (await asSuperuser<{ n: number }>(clientUrl, 'select count(*)::int as n from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()'))[0]!.n
  t.equal(await connections(), 0)
  await app.inject('/nothing')
  t.strictSame((await app.inject('/container')).json(), { writer: 'INIT', reader: 'INIT' })
  t.strictSame(Object.values(app.sqlassist.stats()).map(({ sessions }) => sessions.opened), [0, 0])
  await app.inject('/session')
  t.strictSame(Object.values(app.sqlassist.stats()).map(({ sessions }) => sessions.opened), [1, 0])
  t.equal(await connections(), 0, 'a session connects with its first statement')
  t.equal((await app.inject('/query')).statusCode, 200)
  t.equal(await connections(), 1)
})

t.test('its names', async (t) => {
  t.equal(plugin, sqlassist)
  t.equal((plugin as unknown as Record<symbol, { name: string; fastify: string }>)[Symbol.for('plugin-meta')]!.name, 'fastify-sqlassist')
  const app = application(t)
  await app.register(import('fastify-sqlassist'), { engines: { writer: { config: (await sqlite(t)).config() } } })
  app.get('/', async (request) => request.dbSession.status)
  t.strictSame((await app.inject('/')).json(), { writer: 'INIT' })
  t.match(app.printPlugins(), /fastify-sqlassist/)
  t.ok(app.hasPlugin('fastify-sqlassist'))
  t.ok(app.sqlassist instanceof SqlAssist)
  t.strictSame(app.sqlassist.engineNames, ['writer'])
})

t.test('twice in one scope is an error, in scopes side by side it is fine', async (t) => {
  const [one, two] = [await sqlite(t), await sqlite(t)]
  const engines = (database: typeof one): SqlAssistPluginOptions => ({ engines: { writer: { config: database.config() } } })
  const refused = { code: 'SQLASSIST_ALREADY_REGISTERED' }

  await t.test('in one scope', async (t) => {
    const app = application(t)
    await app.register(plugin, engines(one))
    await t.rejects(async () => await app.register(plugin, engines(two)), refused)
  })
  await t.test('in a scope inside', async (t) => {
    const app = application(t)
    await app.register(plugin, engines(one))
    const nested: FastifyPluginAsync = async (scope) => await scope.register(plugin, { ...engines(two), attribute: 'otherSession' })
    await t.rejects(async () => await app.register(nested), refused)
  })
  await t.test('side by side', async (t) => {
    const app = application(t)
    for (const [prefix, database, name] of [['/one', one, 'Ada'], ['/two', two, 'Bob']] as const) {
      await app.register(async (scope) => {
        await scope.register(plugin, engines(database))
        scope.get('/', async (request) => {
          await request.dbSession.writer.persistAndFlush(new Author(name))
          return (await request.dbSession.writer.findAll(Author)).map((author) => author.name)
        })
      }, { prefix })
    }
    app.get('/', async (request) => ({ dbSession: typeof request.dbSession, sqlassist: app.hasDecorator('sqlassist') }))
    t.strictSame((await app.inject('/one')).json(), ['Ada'])
    t.strictSame((await app.inject('/two')).json(), ['Bob'])
    t.strictSame((await app.inject('/')).json(), { dbSession: 'undefined', sqlassist: false }, 'outside of the scopes there is nothing')
  })
})

t.test('the attribute', async (t) => {
  const database = await sqlite(t)
  const engines = { writer: { config: database.config() } }
  await t.test('can have another name', async (t) => {
    const app = application(t)
    await app.register(plugin, { engines, attribute: 'db' })
    app.get('/', async (request) => {
      t.equal((request as { dbSession?: unknown }).dbSession, undefined)
      return (request as unknown as { db: DbSessionsContainer }).db.status
    })
    t.strictSame((await app.inject('/')).json(), { writer: 'INIT' })
  })
  const clash = { code: 'SQLASSIST_DECORATOR_CLASH' }
  for (const attribute of ['body', 'id', 'log', 'params', 'query', 'raw', 'headers', 'ip', 'method', 'url', 'server', 'hostname', 'routeOptions', 'constructor', 'toString', '__proto__']) {
    await t.rejects(registering(t, { engines, attribute }), { ...clash, message: new RegExp(`'${attribute}'.*'attribute'`) }, attribute)
  }
  await t.test('or that of a decorator, of either kind', async (t) => {
    for (const value of [null, { getter: () => 1 }]) {
      const app = application(t)
      app.decorateRequest('dbSession' as never, value as never)
      await t.rejects(async () => await app.register(plugin, { engines }), { ...clash, message: /'dbSession'/ })
    }
  })
  await t.test('and so for the name of the application\'s own', async (t) => {
    const app = application(t)
    app.decorate('sqlassist', { mine: true } as never)
    await t.rejects(async () => await app.register(plugin, { engines }), { ...clash, message: /application.*'sqlassist'/ })
  })
})

t.test('options that are wrong are named, before anything is made of them', async (t) => {
  const database = await sqlite(t)
  const engines = { writer: { config: database.config() } }
  const ready = await createSqlAssist({ engines })
  t.teardown(async () => await ready.dispose())
  const wrong: [option: string, options: unknown][] = [
    ['engines', {}],
    ['engines', undefined],
    ['engines', { engines, sqlassist: ready }],
    ['engins', { engins: engines }],
    ['sqlassist', { sqlassist: createSqlAssist({ engines }) }],
    ['sqlassist', { sqlassist: {} }],
    ['dispose', { sqlassist: ready, dispose: 'yes' }],
    ['dispose', { engines, dispose: true }],
    ['discovery', { engines, discovery: 'later' }],
    ['discovery', { sqlassist: ready, discovery: 'deferred' }],
    ['attribute', { engines, attribute: '' }],
    ['attribute', { engines, attribute: 7 }],
    ['attribute', { engines, attribute: Symbol('db') }],
    ['anyPreferences', { engines, anyPreferences: 'writer' }],
    ['anyPreferences', { engines, anyPreferences: [1] }],
    ['anyPreferences', { engines, anyPreferences: ['nobody'] }],
    ['anyPreferences', { sqlassist: ready, anyPreferences: ['nobody'] }],
    ['containerClass', { engines, containerClass: class {} }],
    ['requestContext', { engines, requestContext: 1 }],
    ['closeTimeoutMs', { engines, closeTimeoutMs: -1 }],
    ['closeTimeoutMs', { engines, closeTimeoutMs: Number.NaN }],
    ['closeTimeoutMs', { engines, closeTimeoutMs: '1s' }],
  ]
  for (const [option, options] of wrong) {
    await t.rejects(registering(t, options), { code: 'SQLASSIST_INVALID_OPTIONS', message: new RegExp(`'${option}'`) }, option)
  }
  class WithMembers extends DbSessionsContainer {
    async writer2(): Promise<void> {}
  }
  await t.rejects(registering(t, { engines: { writer2: engines.writer }, containerClass: WithMembers }), { code: 'SQLASSIST_ENGINE_NAME_INVALID' })
  const other = await createSqlAssist({ engines: { writer2: engines.writer } })
  t.teardown(async () => await other.dispose())
  await t.rejects(registering(t, { sqlassist: other, containerClass: WithMembers }), { code: 'SQLASSIST_ENGINE_NAME_INVALID' })
})

t.test('the options are read and left as they are', async (t) => {
  const database = await sqlite(t)
  const options = Object.freeze({
    engines: Object.freeze({ writer: Object.freeze({ config: Object.freeze(database.config()), fork: Object.freeze({}) }) }),
    anyPreferences: Object.freeze(['writer']),
    attribute: 'dbSession',
  })
  for (let round = 0; round < 2; round++) {
    const app = application(t)
    await app.register(plugin, options)
    app.get('/', async (request) => await request.dbSession.any.count(Author))
    t.equal((await app.inject('/')).body, '0')
    await app.close()
  }
  const app = application(t)
  await app.register(async (scope) => {
    await scope.register(plugin, { ...options, prefix: '/library', logLevel: 'warn' })
    scope.get('/', async (request) => await request.dbSession.any.count(Author))
  })
  t.equal((await app.inject('/')).body, '0', "Fastify's own options are not ours to judge")
})

onEachDatabase(t, 'a SqlAssist that is ready serves two applications and outlives them', async (t, database) => {
  class Sessions extends DbSessionsContainer {
    readonly shelf = 'left'
  }
  const shared = await createSqlAssist({ engines: { writer: { config: database.config() } } })
  t.teardown(async () => await shared.dispose())
  const [left, right] = [application(t), application(t)]
  await left.register(plugin, { sqlassist: shared, containerClass: Sessions })
  await right.register(plugin, { sqlassist: shared, attribute: 'sessions' })
  left.get('/', async (request) => {
    await request.dbSession.writer.persistAndFlush(new Author('Ada'))
    return { shelf: (request.dbSession as unknown as Sessions).shelf }
  })
  right.get('/', async (request) => {
    const { sessions } = request as unknown as { sessions: DbSessionsContainer }
    t.notOk(sessions instanceof Sessions)
    return await sessions.writer.count(Author)
  })
  t.strictSame((await left.inject('/')).json(), { shelf: 'left' })
  t.equal((await right.inject('/')).body, '1')
  t.equal(left.sqlassist, shared)
  await left.close()
  t.equal((await right.inject('/')).body, '1', 'one that closes leaves the other alone')
  await right.close()
  {
    await using session = shared.session()
    t.equal(await session.writer.count(Author), 1)
  }
  const owner = application(t)
  await owner.register(plugin, { sqlassist: shared, dispose: true })
  await owner.ready()
  await owner.close()
  t.throws(() => shared.session(), { code: 'SQLASSIST_DISPOSED' })
})

onEachDatabase(t, 'it can be used in every hook, in the error handler and where no route is', async (t, database) => {
  const used = new Map<string, Set<unknown>>()
  const use = (where: string) => async (request: FastifyRequest): Promise<void> => {
    await request.dbSession.writer.count(Author)
    used.set(where, (used.get(where) ?? new Set()).add(request.dbSession))
  }
  const app = application(t)
  await app.register(plugin, { engines: { writer: { config: database.config() } } })
  app.addHook('onRequest', use('onRequest'))
  app.addHook('preParsing', use('preParsing'))
  app.addHook('preValidation', use('preValidation'))
  app.addHook('preHandler', use('preHandler'))
  app.addHook('preSerialization', use('preSerialization'))
  app.addHook('onSend', use('onSend'))
  app.addHook('onError', use('onError'))
  let [answered, late] = [gate(), '']
  app.addHook('onResponse', async (request) => {
    used.set('onResponse', new Set([request.dbSession]))
    // The request ends here: what is to be written about it is written by a container of its own.
    late = await request.dbSession.writer.count(Author).then(() => 'in time', (error: { code: string }) => error.code)
    await using own = app.sqlassist.session()
    await own.writer.count(Author)
    answered.open()
  })
  app.setErrorHandler(async (error, request, reply) => {
    await use('error handler')(request)
    await reply.code(500).send({ message: (error as Error).message })
  })
  app.setNotFoundHandler(async (request, reply) => {
    await use('not-found handler')(request)
    await reply.code(404).send({})
  })
  app.get('/', async (request) => {
    await use('handler')(request)
    return {}
  })
  app.get('/failing', async () => { throw new Error('fails') })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const expected: Record<string, string[]> = {
    '/': ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'handler', 'preSerialization', 'onSend', 'onResponse'],
    '/failing': ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'onError', 'error handler', 'preSerialization', 'onSend', 'onResponse'],
    '/nowhere': ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'not-found handler', 'preSerialization', 'onSend', 'onResponse'],
  }
  for (const [path, places] of Object.entries(expected)) {
    used.clear()
    answered = gate()
    await (await fetch(url + path)).text()
    await answered.opened
    t.equal(late, 'SQLASSIST_SESSION_CLOSED', 'work that goes on after the answer is cut off')
    t.ok(await sessionsAreClosed(app))
    for (const place of places) t.equal(used.get(place)?.size, 1, `${path}: ${place}`)
    t.equal(new Set([...used.values()].flatMap((containers) => [...containers])).size, 1, `${path}: one container for all of them`)
  }
  t.strictSame(app.sqlassist.stats()['writer']!.sessions, { open: 0, opened: 6, closed: 6 })
})

t.test('before our own onRequest hook it is not ready, and says so', async (t) => {
  const app = application(t)
  app.addHook('onRequest', async (request) => void request.dbSession)
  await app.register(plugin, { engines: { writer: { config: (await sqlite(t)).config() } } })
  app.get('/', async () => ({}))
  const response = await app.inject('/')
  t.equal(response.statusCode, 500)
  t.equal(response.json().code, 'SQLASSIST_REQUEST_NOT_READY')
  t.match(response.json().message, /request\.dbSession.*Register fastify-sqlassist before/)
})

t.test('an engine that is unknown answers 500 with its code, and names the known ones', async (t) => {
  const app = application(t)
  await app.register(plugin, { engines: { writer: { config: (await sqlite(t)).config() } } })
  app.get('/', async (request) => request.dbSession.getReader())
  const response = await app.inject('/')
  t.equal(response.statusCode, 500)
  t.match(response.json(), { code: 'SQLASSIST_ENGINE_UNKNOWN', message: /Registered engines: writer/ })
})

t.test('engines whose names are no identifiers', async (t) => {
  const app = application(t)
  await app.register(plugin, { engines: { 'my-engine': { config: (await sqlite(t)).config() }, größe: { config: (await sqlite(t)).config() } } })
  app.get('/', async (request) => {
    const sessions = request.dbSession as unknown as Record<string, { engineName: string }>
    return [sessions['my-engine']!.engineName, sessions['größe']!.engineName]
  })
  t.strictSame((await app.inject('/')).json(), ['my-engine', 'größe'])
})
