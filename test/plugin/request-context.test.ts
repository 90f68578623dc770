// The option `requestContext`: what MikroORM's own context gives inside a request is the request's session, and is opened when asked for.
import { setTimeout as sleep } from 'node:timers/promises'
import { defineEntity, type EntityManager, MikroORM, p, RequestContext } from '@mikro-orm/core'
import { CreateRequestContext, EnsureRequestContext, Transactional } from '@mikro-orm/decorators/es'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import sqlassist, { createSqlAssist, type EngineOptions, sqlAssistConfig } from 'fastify-sqlassist'
import t, { type Test } from 'tap'
import { type Database, gate, onEachDatabase, postgres, sqlite } from '../orm/sessions/fixtures/engines.ts'
import { Author, type AuthorRepository } from '../orm/sessions/fixtures/library.ts'

async function application(t: Test, engines: Record<string, EngineOptions>, requestContext: string, routes: (app: FastifyInstance) => void): Promise<FastifyInstance> {
  const app = Fastify()
  t.teardown(async () => await app.close())
  await app.register(sqlassist, { engines, requestContext })
  routes(app)
  await app.ready()
  return app
}

/** The global EntityManager of an application, as a service far from any request would hold it. */
const globalEm = (app: FastifyInstance, engine = 'writer'): EntityManager => app.sqlassist.engine(engine).orm.em

/** The end of a request comes a moment after its answer. */
async function allClosed(app: FastifyInstance): Promise<void> {
  await until(() => app.sqlassist.stats()['writer']!.sessions.open === 0)
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000 && !condition(); tries++) await sleep(10)
}

/** A body that comes in pieces. */
const slowly = (size: number): ReadableStream => new ReadableStream({
  async pull(controller) {
    if (size <= 0) return controller.close()
    await sleep(5)
    controller.enqueue(new Uint8Array(Math.min(size, 65_536)))
    size -= 65_536
  },
})

/** Runs a handler's work in a request, and hands its errors to the test. */
async function inRequest(app: FastifyInstance, t: Test, url = '/'): Promise<void> {
  const response = await app.inject(url)
  t.equal(response.statusCode, 200, response.body)
}

onEachDatabase(t, "inside a handler MikroORM's context is the request's session", async (t, database) => {
  const app = await application(t, { writer: { config: database.config() }, reader: { config: database.config(), readonly: true } }, 'writer', (app) => {
    app.get('/', async (request) => {
      const em = globalEm(app)
      t.equal(request.dbSession.status['writer' as never], 'INIT')
      t.equal(app.sqlassist.stats()['writer']!.sessions.opened, opened, 'an untouched context opens nothing')
      t.equal(em.getContext(), request.dbSession.writer)
      t.equal(RequestContext.getEntityManager(), request.dbSession.writer)
      t.equal(RequestContext.getEntityManager(em.name), request.dbSession.writer)
      t.equal(RequestContext.currentRequestContext()?.em, request.dbSession.writer)
      t.equal(em.id, request.dbSession.writer.id)
      t.equal(RequestContext.getEntityManager('another'), undefined)
      em.persist(new Author('by the global EntityManager'))
      await em.flush()
      t.equal(await request.dbSession.writer.count(Author), 1)
      await t.rejects(globalEm(app, 'reader').find(Author, {}), /global EntityManager/, 'other engines keep to themselves')
      return {}
    })
    app.get('/untouched', async () => ({}))
  })
  const opened = 0
  await inRequest(app, t, '/untouched')
  t.equal(app.sqlassist.stats()['writer']!.sessions.opened, 0)
  await inRequest(app, t)
  t.equal(RequestContext.currentRequestContext(), undefined)
  await allClosed(app)
  t.strictSame(app.sqlassist.stats()['writer']!.sessions, { open: 0, opened: 1, closed: 1 })
})

onEachDatabase(t, 'repositories of the global EntityManager', async (t, database) => {
  let repository: AuthorRepository | undefined
  const app = await application(t, { writer: { config: database.config() } }, 'writer', (app) => {
    app.get('/', async (request) => {
      repository ??= globalEm(app).getRepository(Author) // first asked for in a request, kept for all of them
      t.not(repository.getEntityManager(), request.dbSession.writer)
      repository.create({ name: `author of ${request.id}` })
      await repository.getEntityManager().flush()
      const author = await repository.named(`author of ${request.id}`)
      t.equal(request.dbSession.writer.getUnitOfWork().getById(Author, author.id), author)
      return {}
    })
  })
  await inRequest(app, t)
  await inRequest(app, t)
  await using session = app.sqlassist.session()
  t.equal(await session.writer.count(Author), 2)
})

onEachDatabase(t, 'decorators', async (t, database) => {
  class Authors {
    readonly em: EntityManager
    constructor(em: EntityManager) {
      this.em = em
    }

    @Transactional()
    async add(name: string, check: () => void = () => {}): Promise<void> {
      this.em.persist(new Author(name))
      await this.em.flush()
      check()
    }

    @CreateRequestContext()
    async apart(): Promise<EntityManager> {
      await this.em.findAll(Author)
      return this.em.getContext()
    }

    @EnsureRequestContext()
    async here(): Promise<EntityManager> {
      return this.em.getContext()
    }
  }

  class Anywhere {
    @Transactional()
    async inTransaction(): Promise<boolean> {
      return RequestContext.getEntityManager()?.isInTransaction() ?? false
    }
  }

  const app = await application(t, { writer: { config: database.config() } }, 'writer', (app) => {
    const authors = new Authors(globalEm(app))
    app.get('/', async (request) => {
      const { writer } = request.dbSession
      await authors.add('Ada', () => t.ok(writer.isInTransaction(), "@Transactional is on the request's session"))
      t.equal(writer.getUnitOfWork().getIdentityMap().values().length, 1, 'what it has made belongs to the session')
      await t.rejects(authors.add('Bob', () => { throw new Error('undone') }), { message: 'undone' })
      t.notOk(writer.isInTransaction())
      await writer.transactional(async (em) => {
        await authors.add('Cyd', () => t.equal(writer.getContext(), em, 'it joins what the session has open'))
      })
      t.equal(await new Anywhere().inTransaction(), true, 'without any EntityManager in sight')
      t.equal(await writer.count(Author), 2)

      const apart = await authors.apart()
      t.not(apart, writer, '@CreateRequestContext makes a context of its own')
      t.equal((apart as typeof writer).info.request, request, 'that belongs to the request nevertheless')
      t.equal(await authors.here(), writer, '@EnsureRequestContext finds the one that is there')
      return {}
    })
  })
  await inRequest(app, t)
})

t.test('in a transaction of the session, also around one of another engine', async (t) => {
  const [one, two] = [await postgres(t), await postgres(t)]
  const app = await application(t, { writer: { config: one.config() }, other: { config: two.config() } }, 'writer', (app) => {
    app.get('/', async (request) => {
      const em = globalEm(app)
      const { writer } = request.dbSession
      const other = request.dbSession.get('other' as 'reader')
      await writer.transactional(async (tx) => {
        await writer.insert(Author, { name: 'Ada' })
        t.equal(em.getContext(), tx)
        await other.transactional(async (otherTx) => {
          t.equal(em.getContext(), tx)
          t.equal(await em.count(Author), 1)
          t.equal(RequestContext.getEntityManager(), tx)
          t.equal(globalEm(app, 'other').getContext(false), otherTx)
        })
        await em.transactional(async (inner) => {
          t.equal(writer.getContext(), inner, 'a transaction of the global EntityManager is one of the session')
          t.equal(em.getContext(), inner)
        })
      })
      await em.begin()
      t.ok(writer.isInTransaction())
      await em.insert(Author, { name: 'Bob' })
      await em.rollback()
      t.equal(await writer.count(Author), 1)
      return {}
    })
  })
  await inRequest(app, t)
})

onEachDatabase(t, 'what a session refuses, it refuses to the global EntityManager as well', async (t, database) => {
  class Stranger {}
  const app = await application(t, { writer: { config: database.config() }, reader: { config: database.config(), readonly: true } }, 'reader', (app) => {
    app.get('/', async (request) => {
      const em = globalEm(app, 'reader')
      t.throws(() => em.persist(new Author('Ada')), { code: 'SQLASSIST_READONLY_ENGINE' })
      await t.rejects(em.insert(Author, { name: 'Ada' }), { code: 'SQLASSIST_READONLY_ENGINE' })
      await t.rejects(em.find(Stranger, {}), { code: 'SQLASSIST_ENTITY_UNKNOWN' })
      await request.dbSession.writer.persistAndFlush(new Author('Ada'))
      const ada = await em.findOneOrFail(Author, { name: 'Ada' })
      ada.name = 'changed'
      await t.rejects(em.flush(), { code: 'SQLASSIST_READONLY_ENGINE' })
      t.throws(() => request.dbSession.writer.persist(ada), { code: 'SQLASSIST_ENTITY_OF_ANOTHER_SESSION' })
      return {}
    })
  })
  await inRequest(app, t)
})

onEachDatabase(t, 'the context is there after a body was read, in every hook that Fastify chains, and in error handlers', async (t, database) => {
  const seen: string[] = []
  const app = Fastify({ bodyLimit: 8 * 1024 * 1024 })
  t.teardown(async () => await app.close())
  await app.register(sqlassist, { engines: { writer: { config: database.config() } }, requestContext: 'writer' })
  const look = (where: string, request: FastifyRequest): void => {
    if (RequestContext.getEntityManager()?.getContext() === request.dbSession.writer) seen.push(where)
  }
  app.addContentTypeParser('application/octet-stream', async (_request: FastifyRequest, payload: AsyncIterable<Buffer>) => {
    let bytes = 0
    for await (const chunk of payload) bytes += chunk.length
    return { bytes }
  })
  app.addContentTypeParser('text/events', (_request, payload, done) => {
    let bytes = 0
    payload.on('data', (chunk: Buffer) => (bytes += chunk.length))
    payload.on('end', () => done(null, { bytes }))
  })
  app.addHook('onRequest', async (request) => look('onRequest', request))
  app.addHook('preParsing', async (request) => look('preParsing', request))
  app.addHook('preValidation', (request, _reply, done) => { look('preValidation', request); done() })
  app.addHook('preHandler', async (request) => look('preHandler', request))
  app.addHook('preSerialization', async (request) => look('preSerialization', request))
  app.addHook('onSend', async (request) => look('onSend', request))
  app.addHook('onError', async (request) => look('onError', request))
  app.addHook('onResponse', async (request) => look('onResponse', request))
  app.post('/', { schema: { body: { type: 'object' } } }, async (request) => {
    look('handler', request)
    return { bytes: (request.body as { bytes?: number }).bytes ?? JSON.stringify(request.body).length }
  })
  app.post('/failing', async () => { throw new Error('fails') })
  app.setErrorHandler(async (error, request, reply) => {
    look('errorHandler', request)
    await reply.code(500).send({ message: (error as Error).message })
  })
  app.setNotFoundHandler(async (request, reply) => {
    look('notFound', request)
    await reply.code(404).send({})
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const chain = ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'handler', 'preSerialization', 'onSend', 'onResponse']
  const responded = async (): Promise<void> => await until(() => seen.includes('onResponse'))
  const post = async (path: string, type: string, body: string | ReadableStream): Promise<Response> =>
    await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': type }, body, duplex: 'half' })
  for (const [what, send] of Object.entries({
    'a small body': async () => await post('/', 'application/json', '{"a":1}'),
    'a large body': async () => await post('/', 'application/json', JSON.stringify({ text: 'x'.repeat(4 * 1024 * 1024) })),
    'a body that comes in pieces': async () => await post('/', 'application/octet-stream', slowly(1_000_000)),
    'a parser that listens to events': async () => await post('/', 'text/events', slowly(1_000_000)),
  })) {
    seen.length = 0
    t.equal((await send()).status, 200, what)
    await responded()
    t.strictSame(seen, chain, what)
  }
  seen.length = 0
  t.equal((await post('/failing', 'application/json', '{}')).status, 500)
  await responded()
  t.strictSame(seen, ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'onError', 'errorHandler', 'preSerialization', 'onSend', 'onResponse'].filter((name) => seen.includes(name)))
  t.ok(['errorHandler', 'onError', 'onSend', 'onResponse'].every((name) => seen.includes(name)), seen.join())
  seen.length = 0
  t.equal((await fetch(`${url}/nowhere`)).status, 404)
  await responded()
  t.ok(['onRequest', 'notFound', 'onSend', 'onResponse'].every((name) => seen.includes(name)), seen.join())
})

onEachDatabase(t, 'parallel requests do not mix', async (t, database) => {
  const both = gate()
  let inside = 0
  const app = await application(t, { writer: { config: database.config() } }, 'writer', (app) => {
    app.get('/:name', async (request) => {
      const em = globalEm(app)
      const { name } = request.params as { name: string }
      em.create(Author, { name })
      if (++inside === 2) both.open()
      await both.opened
      t.equal(em.getContext(), request.dbSession.writer)
      t.equal(em.getUnitOfWork().getPersistStack().size, 1)
      await em.flush()
      return {}
    })
  })
  await Promise.all([inRequest(app, t, '/Ada'), inRequest(app, t, '/Bob')])
  await using session = app.sqlassist.session()
  t.equal(await session.writer.count(Author), 2)
})

onEachDatabase(t, 'after the end of the request the context is closed', async (t, database) => {
  let [ended, closed] = [gate(), gate()]
  let late: Promise<unknown> | undefined
  const app = await application(t, { writer: { config: database.config() } }, 'writer', (app) => {
    app.get('/:touched', async (request, reply) => {
      reply.raw.once('close', () => closed.open())
      if ((request.params as { touched: string }).touched === 'yes') await globalEm(app).count(Author)
      late = ended.opened.then(async () => await globalEm(app).count(Author))
      late.catch(() => {})
      return {}
    })
  })
  for (const url of ['/yes', '/no']) {
    ;[ended, closed] = [gate(), gate()]
    await inRequest(app, t, url)
    await closed.opened
    ended.open()
    await t.rejects(late!, { code: 'SQLASSIST_SESSION_CLOSED' }, url)
  }
  t.equal(app.sqlassist.stats()['writer']!.sessions.opened, 1)
})

t.test('names that are wrong', async (t) => {
  const database = await sqlite(t)
  for (const [requestContext, code] of [['nobody', 'SQLASSIST_ENGINE_UNKNOWN'], [true, 'SQLASSIST_INVALID_OPTIONS'], [null, 'SQLASSIST_INVALID_OPTIONS'], ['', 'SQLASSIST_ENGINE_UNKNOWN']] as const) {
    const app = Fastify()
    t.teardown(async () => await app.close())
    await t.rejects(async () => await app.register(sqlassist, { engines: { writer: { config: database.config() } }, requestContext: requestContext as string }), { code })
  }
})

t.test('the engine is still discovered at first use, if that was asked for', async (t) => {
  const database = await sqlite(t)
  const app = Fastify()
  t.teardown(async () => await app.close())
  await app.register(sqlassist, { engines: { writer: { config: database.config({ entities: [class NoEntity {}] }) } }, discovery: 'deferred', requestContext: 'writer' })
  app.get('/', async () => RequestContext.getEntityManager('somebody else') ?? {})
  app.get('/touch', async () => RequestContext.getEntityManager() ?? {})
  t.equal((await app.inject('/')).statusCode, 200)
  t.equal((await app.inject('/touch')).json().code, 'SQLASSIST_DISCOVERY_FAILED')
})

const made: Record<string, (database: Database) => Promise<MikroORM>> = {
  'with sqlAssistConfig()': async (database) => await MikroORM.init(sqlAssistConfig('writer', database.config())),
  'without it': async (database) => await MikroORM.init(database.config()),
}
for (const [how, make] of Object.entries(made)) {
  onEachDatabase(t, `a MikroORM that the application has made ${how}`, async (t, database) => {
    const orm = await make(database)
    t.teardown(async () => await orm.close())
    const app = await application(t, { writer: { orm } }, 'writer', (app) => {
      class Authors {
        readonly orm = orm
        @Transactional()
        async add(name: string): Promise<void> {
          this.orm.em.persist(new Author(name))
        }
      }
      app.get('/', async (request) => {
        const { writer } = request.dbSession
        t.equal(orm.em.getContext(), writer)
        orm.em.persist(new Author('Ada'))
        await orm.em.flush()
        await new Authors().add('Bob')
        t.equal(await writer.count(Author), 2)
        await writer.transactional(async (em) => {
          t.equal(orm.em.getContext(), em)
          t.equal(await orm.em.getRepository(Author).count(), 2)
        })
        return {}
      })
    })
    await inRequest(app, t)
    await t.rejects(orm.em.find(Author, {}), /global EntityManager/)
  })
}

t.test('a MikroORM of another engine that would get the wrong sessions is refused', async (t) => {
  const [mine, theirs] = [await sqlite(t), await sqlite(t)]
  const Note = defineEntity({ name: 'Note', properties: { id: p.integer().primary() } })
  const unnamed = await MikroORM.init(theirs.config({ entities: [Note] }))
  const named = await MikroORM.init(theirs.config({ entities: [Note], contextName: 'notes' }))
  t.teardown(async () => await Promise.all([unnamed.close(), named.close()]))
  const refused = Fastify()
  t.teardown(async () => await refused.close())
  await t.rejects(async () => await refused.register(sqlassist, { engines: { writer: { config: mine.config() }, notes: { orm: unnamed } }, requestContext: 'writer' }),
    { code: 'SQLASSIST_INVALID_OPTIONS', message: /'requestContext' is 'writer'.*'notes' has the contextName 'default'/ })
  const sqlassistOfBoth = await createSqlAssist({ engines: { writer: { config: mine.config() }, notes: { orm: named } } })
  t.teardown(async () => await sqlassistOfBoth.dispose())
  const app = Fastify()
  t.teardown(async () => await app.close())
  await app.register(sqlassist, { sqlassist: sqlassistOfBoth, requestContext: 'writer' })
  app.get('/', async () => {
    await t.rejects(named.em.find(Note, {}), /global EntityManager/)
    return {}
  })
  await inRequest(app, t)
})
