// What is kept has bounds, in number and in bytes, and says where they cut; and when the panel fails, the application does not notice.
import { channel } from 'node:diagnostics_channel'
import { onSqlAssistEvent, SQLASSIST_EVENTS } from 'fastify-sqlassist/orm'
import t from 'tap'
import { Carefully } from '../../../plugin/debug/recording/carefully.ts'
import { Note } from '../endings/model.ts'
import { LogLines } from '../endings/log-lines.ts'
import { sqlite, writerOf } from '../endings/service.ts'
import { application, Panel } from './fixtures/panel.ts'

const database = await sqlite(t)

t.test('requests', async (t) => {
  const app = await application(t, database, { debug: { maxRequests: 3 } })
  app.get('/:n', async () => 'done')
  for (let n = 1; n <= 5; n++) await app.inject(`/${n}`)
  const panel = new Panel(app)
  t.strictSame((await panel.requests()).map(({ id, url }) => [id, url]), [[5, '/5'], [4, '/4'], [3, '/3']])
  const gone = await app.inject('/_sqlassist/api/requests/2')
  t.equal(gone.statusCode, 404)
  t.match(gone.json(), { error: { code: 'SQLASSIST_RECORD_UNKNOWN', message: /request 2: .*others have taken its place/ } })
  for (const id of ['x', '0', '-1', '1e0', '../info', '%00']) t.equal((await app.inject(`/_sqlassist/api/requests/${id}`)).statusCode === 200, id === '../info', id)
  t.match(await panel.info(), { hints: [/None of the last 3 requests has used request\.dbSession/] })
})

t.test('statements, and callers', async (t) => {
  const app = await application(t, database, { debug: { maxStatements: 120 } })
  app.get('/', async (request) => {
    for (let n = 0; n < 150; n++) await writerOf(request).execute(`select ${n}`)
    return 'done'
  })
  await app.inject('/')
  const { records, statements, cut, sqlMs } = await new Panel(app).last()
  t.equal(records.length, 120)
  t.equal(statements, 150)
  t.match(cut, { statements: 30, callers: 20, bytes: 0, timeline: 0 })
  t.ok(records.slice(0, 100).every(({ caller }) => caller !== null))
  t.ok(records.slice(100).every(({ caller }) => caller === null))
  t.ok(sqlMs >= records.reduce((sum, { durationMs }) => sum + durationMs!, 0), 'what was not kept is in the sums')
})

t.test('bytes', async (t) => {
  const app = await application(t, database, { debug: { maxBytes: 10_000, explain: true } })
  app.get('/', async (request) => {
    const writer = writerOf(request)
    await writer.execute(`select '${'a'.repeat(5000)}'`)
    await writer.execute(`select '${'b'.repeat(20_000)}'`)
    await writer.getKysely().selectFrom('note' as never).selectAll().where('text' as never, '=', 'c'.repeat(20_000) as never).execute()
    await writer.execute('select 1')
    return 'done'
  })
  await app.inject('/')
  const { records, cut } = await new Panel(app).last()
  t.equal(records.length, 4)
  t.ok(JSON.stringify(records).length < 30_000)
  t.ok(cut.bytes > 39_000, `${cut.bytes} characters were cut`)
  t.match(records[0], { explainable: true, runnable: /a{5000}/ })
  t.match(records[1], { explainable: false, runnable: null, sql: /^select 'b+ \.\.\.$/, rows: 1 })
  t.match(records[2], { explainable: false, runnable: null, parameters: [] })
  t.match(records[3], { explainable: true })
})

t.test('what else happens in a request', async (t) => {
  const app = await application(t, database)
  app.get('/', async (request) => {
    for (let n = 0; n < 600; n++) await writerOf(request).persistAndFlush(writerOf(request).create(Note, { text: 'x' }))
    return 'done'
  })
  await app.inject('/')
  const { timeline, cut } = await new Panel(app).last()
  t.equal(timeline.length, 500)
  t.equal(cut.timeline, 100)
})

t.test('when the recorder fails, the application does not notice, and the log has one line', async (t) => {
  const log = new LogLines()
  const app = await application(t, database, { debug: { serverTiming: true, handle: true }, server: { logger: { level: 'warn', stream: log } } })
  const broken = { get message(): string { throw new RangeError('no message to be had') } }
  app.get('/', async (request, reply) => {
    const { transaction } = request.dbSession
    for (let n = 0; n < 3; n++) {
      await transaction.begin()
      await writerOf(request).execute('select 1')
      await transaction.abort(broken)
    }
    return await reply.type('text/html').send('<body></body>')
  })
  const uncaught: unknown[] = []
  const catchIt = (error: unknown): void => void uncaught.push(error)
  process.on('uncaughtException', catchIt)
  t.teardown(() => process.off('uncaughtException', catchIt))
  t.equal((await app.inject('/')).statusCode, 200)
  t.ok((await new Panel(app).last()).records.length >= 3)
  await new Promise((resolve) => setImmediate(resolve)) // a listener that throws does so on the next turn
  t.strictSame(uncaught, [])
  t.match(log.lines, [{ msg: /The debug panel has failed to record something; the application is not affected/, err: { message: 'no message to be had' } }])
  t.equal(log.lines.length, 1)
})

const heard = (): string[] => SQLASSIST_EVENTS.filter((name) => channel(name).hasSubscribers)

t.test('a log that fails does no harm either', async (t) => {
  const broken = { warn: () => { throw new Error('disk full') } }
  t.equal(new Carefully(broken as never).run(() => { throw new Error('no') }), undefined)
})

t.test('nothing listens any more when the application is closed', async (t) => {
  t.strictSame(heard(), [])
  const app = await application(t, database)
  t.ok(heard().length > 10, 'all channels are listened to')
  await app.close()
  t.strictSame(heard(), [])
  const end = onSqlAssistEvent('sqlassist:leak', () => {})
  t.strictSame(heard(), ['sqlassist:leak'], 'one that listens is found')
  end()
})
