// What is recorded of a request: who it was, what it has used, and what has become of it.
import { channel } from 'node:diagnostics_channel'
import Fastify from 'fastify'
import { sqlassist } from 'fastify-sqlassist'
import { sqlassistDebug } from 'fastify-sqlassist/debug'
import { onSqlAssistEvent, type SessionRouteEvent } from 'fastify-sqlassist/orm'
import t from 'tap'
import { Author, Book, Note } from '../endings/model.ts'
import { configOf, postgres, sqlite, writerOf, type Writer } from '../endings/service.ts'
import { application, connected, Panel } from './fixtures/panel.ts'

t.test('a request that reads and writes', async (t) => {
  const app = await application(t, await postgres(t))
  app.post('/notes/:id', async (request) => {
    const { writer, reader } = request.dbSession as unknown as { writer: Writer; reader: Writer }
    await reader.find(Book, {})
    await writer.transactional(async () => await writer.persistAndFlush(writer.create(Note, { text: 'hello' })))
    return 'done'
  })
  await app.inject({ method: 'POST', url: '/notes/1?token=s3cret&page=2', headers: { authorization: 'Bearer s3cret', 'user-agent': 'a test' } })
  const panel = new Panel(app)
  const request = await panel.last()
  t.match(request, {
    id: 1, requestId: 'req-1', method: 'POST', url: '/notes/1?token=***&page=2', route: '/notes/:id', statusCode: 200, state: 'answered', attribute: 'dbSession', transaction: 'committed',
    engines: [{ name: 'writer', status: 'END', notClosed: false }, { name: 'reader', status: 'END', notClosed: false }],
    headers: { authorization: '***', 'user-agent': 'a test' }, failed: 0, nPlusOne: false, managed: 3, cut: { statements: 0, bytes: 0, timeline: 0, callers: 0 },
    sessions: [{ engine: 'writer', readonly: false, why: 'asked for by its name', managed: 1 }, { engine: 'reader', readonly: true, managed: 2 }],
    timeline: [{ kind: 'flush', engine: 'writer', text: `'writer' writes 1 entity`, error: null }],
  })
  t.notMatch(JSON.stringify(request), /s3cret/)
  t.ok(request.durationMs! > 0)
  t.ok(request.sqlMs > 0)
  t.ok(request.sessions.every(({ closedMs, openedMs }) => closedMs !== null && closedMs >= openedMs))
  const [found, ...rest] = request.records
  t.match(found, { n: 1, engine: 'reader', kind: 'other', internal: false, sql: 'select "b0".*\nfrom "book" as "b0"', rows: 1, error: null, parameters: [], explainable: false })
  t.equal(found!.pid, request.connections[0]!.pid)
  t.ok(request.connections.every(({ pid, pool, heldMs }) => pid! > 0 && pool!.max === 3 && heldMs !== null))
  const insert = rest.find(({ sql }) => sql.startsWith('insert'))!
  t.match(insert, { engine: 'writer', rows: 1, affected: 1, runnable: `insert into "note" ("text")\nvalues ('hello')\nreturning "id"` })
  t.strictSame(rest.map(({ kind }) => kind).filter((kind) => kind !== 'other'), ['begin', 'commit'])
  t.ok(rest.some(({ internal }) => internal), 'what the package asks for itself is shown as such')
  t.match(await panel.engines(), [
    { name: 'writer', default: true, readonly: false, dialect: 'postgresql', database: /^postgres@127\.0\.0\.1:\d+\/t_\w+$/, pool: { max: 3 }, sessions: { open: 0, opened: 1, closed: 1 } },
    { name: 'reader', default: false, readonly: true },
  ])
})

t.test('why a session reads where it does', async (t) => {
  const config = configOf(await postgres(t))
  const app = Fastify()
  t.teardown(async () => await app.close())
  // A replica that is never behind: the server itself.
  await app.register(sqlassist, { engines: { writer: { config }, reader: { readonly: true, follows: 'writer', replicas: [config] } } })
  await app.register(sqlassistDebug)
  await connected(app)
  app.get('/moves', async (request) => {
    const events: SessionRouteEvent[] = []
    const stop = onSqlAssistEvent('sqlassist:session:route', (event) => void events.push(event))
    await (request.dbSession as unknown as { reader: Writer }).reader.count(Book)
    stop()
    const moved = { ...events[0], server: 'writer', why: 'it had to', asked: '0/5', found: undefined }
    for (const event of [moved, { ...moved, session: -1 }, { ...moved, session: undefined }]) channel('sqlassist:session:route').publish(event)
    return 'done'
  })
  app.get('/', { config: { sqlassist: { consistency: 'strong' } } }, async (request) => await (request.dbSession as unknown as { reader: Writer }).reader.count(Book))
  app.post('/', async (request) => {
    const { writer, reader } = request.dbSession as unknown as { writer: Writer; reader: Writer }
    await writer.insert(Note, { text: 'hello' })
    return await reader.count(Note)
  })
  const panel = new Panel(app)
  const routesOf = async () => Object.fromEntries((await panel.last()).sessions.map(({ engine, routes }) => [engine, routes]))
  t.equal((await app.inject({ method: 'POST', url: '/' })).body, '1')
  const place = /^[\dA-F]+\/[\dA-F]+$/
  const { writer, reader } = await routesOf()
  t.strictSame(writer, [], 'there is one server to write to')
  t.match(reader, [{ server: 'replica 1', why: /^it has what the client has seen: /, asked: place, found: place }])
  t.ok(reader!.every(({ waitedMs, atMs }) => waitedMs >= 0 && atMs > 0))
  await app.inject('/')
  t.match((await routesOf())['reader'], [{ server: 'writer', why: `consistency: 'strong'`, asked: null, found: place }])
  await app.inject('/moves')
  t.match((await routesOf())['reader'], [{ server: 'replica 1', why: 'the client has seen nothing yet' }, { server: 'writer', why: 'it had to', asked: '0/5', found: null }])
  t.equal((await routesOf())['reader']!.length, 2, 'and nothing of sessions that are not of the request')
})

t.test('callers are lines of the application', async (t) => {
  const app = await application(t, await postgres(t))
  app.get('/', async (request) => {
    const { writer } = request.dbSession as unknown as { writer: Writer }
    await writer.find(Book, {}) // line A
    await readDeeply(writer)
    writer.create(Note, { text: 'x' })
    await writer.flush() // line B
    await writer.transactional(async (em) => void em.create(Note, { text: 'y' })) // line C
    for await (const book of writer.stream(Book, {})) t.ok(book) // line D
    await writer.getKysely().selectFrom('book' as never).selectAll().execute() // line E
    return 'done'
  })
  await app.inject('/')
  const { records } = await new Panel(app).last()
  const { readFileSync } = await import('node:fs')
  const { fileURLToPath } = await import('node:url')
  const lines = readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n')
  const marks = records.filter(({ internal }) => !internal).map(({ caller }) => {
    t.equal(caller?.file, fileURLToPath(import.meta.url))
    return /\/\/ line ([A-Z])$/.exec(lines[(caller?.line ?? 0) - 1] ?? '')?.[1]
  })
  t.strictSame(marks, ['A', 'Z', 'B', 'C', 'C', 'C', 'D', 'E'])
})

async function readDeeply(writer: Writer): Promise<void> {
  await Promise.resolve()
  await writer.count(Book, { title: 'x' }) // line Z
}

t.test('a loop over a relation is suspected, and named', async (t) => {
  const app = await application(t, await postgres(t))
  app.get('/', async (request) => {
    const { writer } = request.dbSession as unknown as { writer: Writer }
    for (let i = 0; i < 4; i++) writer.create(Book, { title: `Book ${i}`, author: writer.create(Author, { name: `Author ${i}`, books: [] }) })
    await writer.flush()
    const { reader } = request.dbSession as unknown as { reader: Writer }
    for (const book of await reader.find(Book, {})) await book.author.load()
    for (const author of await reader.find(Author, {})) await author.books.init()
    for (let i = 0; i < 2; i++) await reader.execute('select 7')
    return 'done'
  })
  await app.inject('/')
  const request = await new Panel(app).last()
  t.equal(request.nPlusOne, true)
  t.match(request.suspicions, [
    { engine: 'reader', entity: 'Author', relation: 'Book.author', count: 5, text: /5 queries for Author that differ only in id.*populate: \['author'\]/ },
    { engine: 'reader', entity: 'Book', relation: 'Author.books', count: 5, text: /populate: \['books'\]/ },
  ])
  t.equal(request.suspicions.length, 2)
  for (const { statements } of request.suspicions) t.equal(new Set(statements.map((n) => request.records[n - 1]!.fingerprint)).size, 1)
  t.match(request.groups.find(({ kind }) => kind === 'duplicate'), { engine: 'reader', sql: 'select 7', count: 2 })
  t.ok(request.distinct < request.statements)
})

t.test('statements that fail, or are slow', async (t) => {
  const app = await application(t, await postgres(t), { debug: { slowQueryMs: 20 } })
  app.get('/', async (request) => {
    const writer = writerOf(request)
    await writer.execute('create unique index on note (text)')
    await writer.execute(`insert into note (text) values ('alice')`)
    await writer.execute(`insert into note (text) values ('alice')`).catch(() => {})
    await writer.execute('select pg_sleep(0.05)')
    return 'done'
  })
  await app.inject('/')
  const { records, failed, slow } = await new Panel(app).last()
  t.equal(failed, 1)
  t.ok(slow >= 1)
  t.match(records[2], { error: /^23505: duplicate key value .*\nKey \(text\)=\(alice\) already exists\.$/s, rows: null })
  t.equal(records[3]!.slow, true)
})

t.test('transactions over all engines', async (t) => {
  const app = await application(t, await postgres(t))
  app.get('/:way', async (request) => {
    const { transaction } = request.dbSession
    const writer = writerOf(request)
    await transaction.begin()
    transaction.beforeCommit(async function checkAll() {})
    await writer.persistAndFlush(writer.create(Note, { text: 'x' }))
    await (await transaction.savepoint()).rollback()
    if ((request.params as { way: string }).way === 'commit') await transaction.commit()
    else await transaction.abort(new Error('changed my mind'))
    return 'done'
  })
  const panel = new Panel(app)
  await app.inject('/commit')
  const committed = await panel.last()
  t.equal(committed.transaction, 'committed')
  t.strictSame(new Set(committed.timeline.map(({ kind }) => kind)), new Set(['begin', 'flush', 'savepoint', 'hook', 'commit']))
  t.match(committed.timeline.find(({ kind }) => kind === 'commit'), { text: 'Committed: writer', error: null })
  t.match(committed.timeline.find(({ kind }) => kind === 'hook'), { text: 'beforeCommit: checkAll' })
  await app.inject('/abort')
  const aborted = await panel.last()
  t.match(aborted, { transaction: 'aborted' })
  t.match(aborted.timeline.find(({ kind }) => kind === 'abort'), { error: 'changed my mind' })
})

t.test('two-phase commits', async (t) => {
  const app = Fastify()
  t.teardown(async () => await app.close())
  const [one, two] = [configOf(await postgres(t)), configOf(await postgres(t))]
  await app.register(sqlassist, { engines: { one: { config: one, twoPhase: true }, two: { config: two, twoPhase: true } } })
  await app.register(sqlassistDebug)
  app.get('/', async (request) => {
    const sessions = request.dbSession as unknown as Record<'one' | 'two', Writer>
    await request.dbSession.transaction.begin()
    for (const writer of [sessions.one, sessions.two]) await writer.persistAndFlush(writer.create(Note, { text: 'x' }))
    await request.dbSession.transaction.commit()
    return 'done'
  })
  t.equal((await app.inject('/')).body, 'done')
  const { timeline, transaction } = await new Panel(app).last()
  t.equal(transaction, 'committed')
  t.match(timeline.filter(({ kind }) => kind === 'prepare').map(({ text }) => text).toSorted(), [`'one' prepares to commit`, `'two' prepares to commit`])
  t.match(timeline.find(({ kind }) => kind === 'commit'), { text: 'Committed: one, two' })
})

t.test('values are masked where that was asked for', async (t) => {
  const app = await application(t, await sqlite(t), { debug: { parameters: 'mask' } })
  app.get('/', async (request) => {
    const writer = writerOf(request)
    await writer.persistAndFlush(writer.create(Note, { text: 'private words' }))
    await writer.getKysely().selectFrom('note' as never).selectAll().where('text' as never, '=', 'private words' as never).execute()
    return 'done'
  })
  await app.inject('/')
  const panel = new Panel(app)
  const request = await panel.last()
  t.notMatch(JSON.stringify(request), /private words/)
  t.match(request.records.at(-1), { sql: /where "text" = \?/, parameters: [`'***'`], runnable: null })
  t.match(await panel.info(), { parametersShown: false })
})

t.test('several applications in one process, and requests to the panel', async (t) => {
  const database = await sqlite(t)
  const [one, two] = [await application(t, database), await application(t, database)]
  for (const app of [one, two]) app.get('/', async (request) => await writerOf(request).count(Note))
  await one.inject('/')
  await one.inject('/')
  await two.inject('/')
  const counts = async (app: typeof one): Promise<number[]> => (await new Panel(app).requests()).map(({ statements }) => statements)
  t.strictSame(await counts(one), [1, 1])
  t.strictSame(await counts(two), [1])
  t.strictSame((await one.inject('/_sqlassist/')).statusCode, 200)
  await one.inject('/_sqlassist/nothing')
  await one.inject({ url: '/_sqlassist/', headers: { host: 'example.com' } })
  t.strictSame(await counts(one), [1, 1])
})

t.test('requests without sessions, without a route, and in scopes', async (t) => {
  const app = await application(t, await sqlite(t))
  app.get('/plain', async () => 'done')
  app.addHook('onRequest', async (request, reply) => {
    if (request.url === '/answered-by-a-hook') await reply.code(401).send('no')
  })
  await app.register(async (scope) => {
    scope.get('/inner', async (request) => await writerOf(request).count(Note))
    scope.get('/fails', async () => { throw new Error('no') })
  }, { prefix: '/scope' })
  for (const url of ['/plain', '/nowhere', '/scope/inner', '/scope/fails', '/answered-by-a-hook']) await app.inject(url)
  const panel = new Panel(app)
  t.match((await panel.requests()).toReversed(), [
    { url: '/plain', route: '/plain', statusCode: 200, engines: [], statements: 0, transaction: 'none' }, { url: '/nowhere', route: null, statusCode: 404 },
    { url: '/scope/inner', route: '/scope/inner', statements: 1 }, { url: '/scope/fails', statusCode: 500 }, { url: '/answered-by-a-hook', statusCode: 401, state: 'answered' },
  ])
  const found = async (query: string): Promise<string[]> => (await panel.requests(query)).map(({ url }) => url)
  t.strictSame(await found('?status=4xx'), ['/answered-by-a-hook', '/nowhere'])
  t.strictSame(await found('?status=500'), ['/scope/fails'])
  t.strictSame(await found('?path=SCOPE&method=get'), ['/scope/fails', '/scope/inner'])
  t.strictSame(await found('?engine=writer'), ['/scope/inner'])
  t.strictSame(await found('?engine=reader'), [])
  t.equal(await panel.clear(), 204)
  t.strictSame(await found(''), [])
})

t.test('what an earlier hook does with sessions belongs to its request', async (t) => {
  const app = Fastify()
  t.teardown(async () => await app.close())
  await app.register(sqlassist, { engines: { writer: { config: configOf(await sqlite(t)) } }, attribute: 'db' })
  app.addHook('onRequest', async (request) => void (await (request as unknown as { db: { writer: Writer } }).db.writer.count(Note)))
  await app.register(sqlassistDebug, { path: '/tools/sql' })
  await connected(app)
  app.get('/', async () => 'done')
  await app.inject('/')
  t.match(await new Panel(app, '/tools/sql').last(), { statements: 1, attribute: 'db', statusCode: 200 })
})

t.test('the same statement is the same, whatever span its comment names', async (t) => {
  let span = 0
  const traceparent = (): string => `00-${'a'.repeat(32)}-${(++span).toString(16).padStart(16, '0')}-01`
  const app = await application(t, await postgres(t), { plugin: { sqlComments: { traceparent } } })
  app.get('/', async (request) => {
    const { reader } = request.dbSession as unknown as { reader: Writer }
    for (let i = 0; i < 3; i++) await reader.execute('select 7')
    return 'done'
  })
  await app.inject('/')
  const request = await new Panel(app).last()
  t.equal(new Set(request.records.map(({ sql }) => sql)).size, 3)
  t.match(request.groups, [{ kind: 'duplicate', count: 3 }])
  t.equal(request.groups.length, 1)
})
