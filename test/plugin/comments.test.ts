// The comments of a request's statements, over HTTP, as the server sees them: in its views while they run, and among its prepared statements.
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { createSqlAssist, sqlassist } from 'fastify-sqlassist'
import { onSqlAssistEvent, type SqlCommentOptions } from 'fastify-sqlassist/orm'
import pg from 'pg'
import t, { type Test } from 'tap'
import { type Config, onEachDatabase, postgres, sqlite } from '../orm/sessions/fixtures/engines.ts'
import { eventually } from '../orm/postgres/fixtures/pool.ts'
import { Author } from '../orm/sessions/fixtures/library.ts'
import { type Writer, writerOf } from './endings/service.ts'

const TRACE = '00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01'
const ownText = 'select query from pg_stat_activity where pid = pg_backend_pid()'

interface Service {
  readonly app: FastifyInstance
  get(path: string, headers?: Record<string, string>): Promise<string>
}

/** A service that listens; its routes are added by `routes`. */
async function service(t: Test, config: Config, sqlComments: boolean | SqlCommentOptions, routes: (app: FastifyInstance) => void, server: object = {}): Promise<Service> {
  const app = Fastify(server) as unknown as FastifyInstance
  t.teardown(async () => await app.close())
  await app.register(sqlassist, { engines: { writer: { config } }, sqlComments })
  routes(app)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  return { app, get: async (path, headers = {}) => await (await fetch(`${origin}${path}`, { headers })).text() }
}

/** The comment of the statement that asks for it. */
const commentOf = async (request: FastifyRequest): Promise<string> => (await writerOf(request).execute<{ query: string }[]>(ownText))[0]!.query.slice(ownText.length + 1)

t.test('the route, as it is declared, and never what was asked for', async (t) => {
  const database = await postgres(t)
  const { get } = await service(t, database.config(), { application: 'shop' }, (app) => {
    app.get('/authors/:name', commentOf)
    app.setNotFoundHandler(commentOf)
  })
  const expected = `/*application='shop',engine='writer',framework='fastify',route='%2Fauthors%2F%3Aname'*/`
  for (const path of ['/authors/Ada', '/authors/Ada?secret=1', `/authors/${encodeURIComponent(`'*/; drop table author --`)}`]) t.equal(await get(path), expected)
  t.equal(await get('/nowhere'), `/*application='shop',engine='writer',framework='fastify'*/`)
})

t.test('what is asked for, and what is not', async (t) => {
  const database = await postgres(t)
  const header = { traceparent: TRACE, 'x-request-id': `it's */` }
  const cases: [SqlCommentOptions | boolean, string][] = [
    [true, `/*engine='writer',framework='fastify',route='%2F'*/`],
    [{ route: false, framework: false, requestId: true }, `/*engine='writer',request_id='it%27s%20%2A%2F'*/`],
    [{ route: false, framework: false, engine: false, traceparent: true }, `/*traceparent='${TRACE}'*/`],
    [{ route: false, framework: false, engine: false, extra: ({ request }) => ({ method: request!.method }) }, `/*method='GET'*/`],
  ]
  for (const [sqlComments, comment] of cases) {
    const { get } = await service(t, database.config(), sqlComments, (app) => app.get('/', commentOf), { requestIdHeader: 'x-request-id' })
    t.equal(await get('/', header), comment)
  }
  const { get } = await service(t, database.config(), { traceparent: true }, (app) => app.get('/', commentOf))
  for (const traceparent of [`${TRACE}'*/`, TRACE.toUpperCase(), 'x', TRACE.replace('00-', 'ff-')]) t.notMatch(await get('/', { traceparent }), /traceparent/)
})

t.test('who watches the server sees which route holds a transaction open, and which statement is whose', async (t) => {
  const database = await postgres(t)
  const held = Promise.withResolvers<void>()
  const { get } = await service(t, database.config(), { requestId: true }, (app) => {
    app.get('/held', async (request) => {
      await writerOf(request).begin()
      await held.promise
      return 'done'
    })
    app.get('/slow/:number', async (request) => {
      await writerOf(request).execute('select pg_advisory_lock_shared(7), pg_advisory_unlock_shared(7)')
      return request.id
    })
  })
  const watcher = new pg.Client({ connectionString: database.config().clientUrl! })
  await watcher.connect()
  t.teardown(async () => await watcher.end())
  const seen = async (state: string): Promise<string[]> => {
    const { rows } = await watcher.query<{ query: string }>('select query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state = $1', [state])
    return rows.map(({ query }) => query)
  }

  const first = get('/held')
  await eventually(async () => (await seen('idle in transaction')).some((query) => /^begin .*route='%2Fheld'/.test(query)))
  held.resolve()
  t.equal(await first, 'done')

  await watcher.query('select pg_advisory_lock(7)')
  const requests = Promise.all(Array.from({ length: 5 }, async (_, index) => await get(`/slow/${index}`)))
  const waiting = async (): Promise<string[]> =>
    (await seen('active')).flatMap((query) => /request_id='([^']*)',route='%2Fslow%2F%3Anumber'\*\/$/.exec(query)?.[1] ?? [])
  await eventually(async () => (await waiting()).length === 5)
  const ids = await waiting()
  await watcher.query('select pg_advisory_unlock(7)')
  t.strictSame((await requests).toSorted(), ids.toSorted())
})

onEachDatabase(t, 'requests at the same time have each their own', async (t, database) => {
  const mixed: string[] = []
  let statements = 0
  const { get } = await service(t, database.config(), { requestId: true }, (app) => {
    for (const route of ['/one/:id', '/two/:id', '/three/:id']) {
      app.get(route, async (request) => {
        const writer = writerOf(request)
        for (let round = 0; round < 5; round++) await writer.find(Author, { name: request.id })
        await writer.transactional(async (em) => await em.count(Author))
        return request.id
      })
    }
  })
  t.teardown(onSqlAssistEvent('sqlassist:query:start', ({ sql, owner }) => {
    const { request } = owner?.info ?? {}
    if (request === undefined) return
    statements++
    if (!sql.includes(`request_id='${request.id}',route='${encodeURIComponent(request.routeOptions.url!)}'*/`)) mixed.push(sql)
  }))
  const ids = await Promise.all(Array.from({ length: 60 }, async (_, index) => await get(`/${['one', 'two', 'three'][index % 3]!}/${index}`)))
  t.equal(new Set(ids).size, 60)
  t.ok(statements >= 60 * 7)
  t.strictSame(mixed, [])
})

onEachDatabase(t, 'the hooks of a transaction belong to the request as well', async (t, database) => {
  const { get } = await service(t, database.config(), true, (app) => {
    app.get('/hooked', async (request) => {
      const { transaction } = request.dbSession
      await transaction.begin()
      transaction.afterCommit(async (sessions) => void (await (sessions as unknown as { writer: Writer }).writer.execute(`select 'hook' as what`)))
      await writerOf(request).execute('select 1 as one')
      await transaction.commit()
      return 'done'
    })
  })
  const told: string[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:start', ({ sql }) => void told.push(sql)))
  t.equal(await get('/hooked'), 'done')
  for (const text of ['select 1 as one', `select 'hook'`]) {
    const sent = told.filter((sql) => sql.includes(text))
    t.equal(sent.length, 1)
    t.match(sent[0], `route='%2Fhooked'`)
  }
})

const doubled = { name: 'double', text: 'select $1::int * 2 as doubled' }

/** In the way of kysely, for which pg takes an object as well as a text. */
async function sendPrepared(request: FastifyRequest): Promise<unknown> {
  const kysely = writerOf(request).getKysely() as unknown as { executeQuery(query: object): Promise<{ rows: unknown[] }> }
  return (await kysely.executeQuery({ sql: doubled, parameters: [21], query: { kind: 'RawNode' }, queryId: { queryId: 'x' } })).rows
}

t.test('a prepared statement is prepared once for each route, and for no more than twenty', async (t) => {
  const database = await postgres(t)
  const { get } = await service(t, database.config({ pool: { min: 1, max: 1 } }), true, (app) => {
    for (let number = 0; number < 25; number++) app.get(`/route/${number}`, sendPrepared)
    app.get('/prepared', async (request) => await writerOf(request).execute('select name, statement from pg_prepared_statements'))
  })
  for (let round = 0; round < 3; round++) {
    for (let number = 0; number < 25; number++) t.equal(await get(`/route/${number}`), '[{"doubled":42}]')
  }
  const prepared = JSON.parse(await get('/prepared')) as { name: string; statement: string }[]
  t.equal(prepared.length, 21)
  t.equal(new Set(prepared.map(({ statement }) => /route='[^']*'/.exec(statement)?.[0])).size, 21)
  t.strictSame(prepared.filter(({ name }) => name === 'double').map(({ statement }) => statement), [doubled.text], 'the rest share the one without a comment')
})

t.test('with a SqlAssist that is ready, the option is its own', async (t) => {
  const database = await sqlite(t)
  const ready = await createSqlAssist({ engines: { writer: { config: database.config() } } })
  t.teardown(async () => await ready.dispose())
  const app = Fastify() as unknown as FastifyInstance
  t.teardown(async () => await app.close())
  await t.rejects(async () => await app.register(sqlassist, { sqlassist: ready, sqlComments: true }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /'sqlComments'.*createSqlAssist/ })
})
