// Connections that die in a request, or come back from it in a state that nobody else should find them in.
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { asSuperuser } from '../../support/databases.ts'
import { exchange } from '../../support/http-client.ts'
import { until } from './ending.ts'
import { LogLines } from './log-lines.ts'
import { Note } from './model.ts'
import { makeService, portOf, postgres, sqlite, statsOf, type Writer, writerOf } from './service.ts'
import { listening, noneLeft } from './service-checks.ts'

const writerIn = (container: object): Writer => (container as { writer: Writer }).writer

t.test('backends that are killed inside a transaction do not cost connections', async (t) => {
  const database = await postgres(t)
  const app = await makeService({ database })
  app.get('/', async (request) => {
    const writer = writerOf(request)
    await writer.begin()
    const [{ pid }] = await writer.execute<[{ pid: number }]>('select pg_backend_pid() pid')
    await asSuperuser(database.at, 'select pg_terminate_backend($1)', [pid])
    await writer.insert(Note, { text: 'dead' })
    return 'not reached'
  })
  app.get('/commit', async (request) => {
    const writer = writerOf(request)
    await writer.begin()
    const [{ pid }] = await writer.execute<[{ pid: number }]>('select pg_backend_pid() pid')
    await asSuperuser(database.at, 'select pg_terminate_backend($1)', [pid])
    await writer.commit()
    return 'not reached'
  })
  app.get('/alive', async (request) => await writerOf(request).transactional(async (em) => await em.count(Note)))
  await listening(t, app)
  for (let kills = 0; kills < 5; kills++) {
    t.equal(await exchange(portOf(app), 'GET', '/'), '503')
    t.equal(await exchange(portOf(app), 'GET', '/commit'), '503')
  }
  const alive = await Promise.all([1, 2, 3, 4, 5].map(async () => await exchange(portOf(app), 'GET', '/alive')))
  t.strictSame(alive, ['200', '200', '200', '200', '200'], 'a pool of three is as good as new')
  t.ok(await until(() => statsOf(app).sessions.open === 0))
  const { total, idle, waiting } = statsOf(app).pool!
  t.strictSame([total - idle, waiting], [0, 0])
  await app.close()
  t.ok(await noneLeft(database))
})

t.test('a transaction that raw SQL leaves open is ended, with a warning that names session and request', async (t) => {
  for (const make of [postgres, sqlite]) {
    const database = await make(t)
    const log = new LogLines()
    const app = await makeService({ database, server: { logger: { level: 'warn', stream: log } } })
    app.get('/', async (request: FastifyRequest) => {
      await writerOf(request).execute('begin')
      return 'done'
    })
    app.get('/next', async (request: FastifyRequest) => {
      await writerOf(request).insert(Note, { text: 'next' })
      return 'done'
    })
    await listening(t, app)
    t.equal(await exchange(portOf(app), 'GET', '/'), '200')
    t.ok(await until(() => log.lines.length > 0 && statsOf(app).sessions.open === 0))
    t.match(log.lines, [{ level: 40, engine: 'writer', session: Number, reqId: String, msg: /session writer#\d+/ }], database.dialect)
    t.equal(await exchange(portOf(app), 'GET', '/next'), '200')
    t.ok(await until(() => statsOf(app).sessions.open === 0))
    const fresh = await makeService({ database })
    {
      await using container = fresh.sqlassist.session()
      t.equal(await writerIn(container).count(Note), 1, 'the next request is not inside that transaction')
    }
    await fresh.close()
    await app.close()
  }
})

