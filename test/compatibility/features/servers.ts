import assert from 'node:assert/strict'
import Fastify, { type FastifyInstance } from 'fastify'
import { sqlassist } from 'fastify-sqlassist'
import { RawClient } from '../../support/http-client.ts'
import { enginesOn, type Feature, writing } from '../feature.ts'
import { Note, type Place, type Writer } from '../place.ts'
import { eventually } from '../../support/eventually.ts'

export const servers: readonly Feature[] = [
  {
    title: 'connections are killed: the next sessions get new ones',
    needsServer: true,
    async run(place) {
      await using db = await enginesOn(place, { writer: { config: place.config({ pool: { min: 0, max: 2 } }) } })
      await Promise.all([1, 2].map(async () => await writing(db, async (writer) => await writer.transactional(async (em) => await em.count(Note)))))
      await place.server!.killConnections()
      for (const text of ['one', 'two', 'three']) await writing(db, async (writer) => await writer.persistAndFlush(new Note(text)))
      assert.deepEqual(await place.notes(), ['one', 'two', 'three'])
    },
  },
  {
    title: 'a connection is killed in a transaction: nothing of it is kept',
    needsServer: true,
    async run(place) {
      await using db = await enginesOn(place, { writer: { config: place.config({ pool: { min: 0, max: 1 } }) } })
      await assert.rejects(writing(db, async (writer) => await writer.transactional(async (em) => {
        await em.persistAndFlush(new Note('undone'))
        await place.server!.killConnections()
        await em.persistAndFlush(new Note('undone too'))
      })))
      await writing(db, async (writer) => await writer.persistAndFlush(new Note('kept')))
      assert.deepEqual(await place.notes(), ['kept'])
    },
  },
  {
    title: '`limits.statementTimeoutMs` stops a statement',
    needsServer: true,
    async run(place) {
      await using db = await enginesOn(place, { writer: { limits: { statementTimeoutMs: 100 } } })
      await assert.rejects(writing(db, async (writer) => await writer.execute(place.server!.slow)), { code: 'SQLASSIST_STATEMENT_TIMEOUT' })
      await eventually(async () => (await place.server!.running()) === 0, 'the statement is stopped')
    },
  },
  {
    title: 'a client leaves: its session is closed, and its transaction rolled back',
    async run(place) {
      await using scene = await leaving(place, {}, async (writer) => {
        await writer.begin()
        await writer.persistAndFlush(new Note('undone'))
      })
      await scene.left
      assert.equal(await scene.late(), 'SQLASSIST_SESSION_CLOSED')
      await eventually(() => scene.app.sqlassist.stats()['writer']!.sessions.open === 0, 'the session is closed')
      assert.deepEqual(await place.notes(), [])
    },
  },
  {
    title: '`cancelOnDisconnect: true`: what runs for a client that leaves is stopped',
    needsServer: true,
    async run(place) {
      const started = Promise.withResolvers<unknown>()
      await using scene = await leaving(place, { cancelOnDisconnect: true }, async (writer) => {
        started.resolve(writer.execute(place.server!.slow).catch(() => {}))
        await eventually(async () => (await place.server!.running()) === 1, 'the statement runs')
      })
      await scene.left
      await eventually(async () => (await place.server!.running()) === 0, 'the statement is stopped')
      await started.promise
    },
  },
]

interface Leaving extends AsyncDisposable {
  readonly app: FastifyInstance
  /** The client has gone. */
  readonly left: Promise<void>
  /** What becomes of a statement that comes too late. */
  late(): Promise<unknown>
}

/** A request whose client leaves when some work is done. */
async function leaving(place: Place, options: object, work: (writer: Writer) => Promise<void>): Promise<Leaving> {
  const app = Fastify() as unknown as FastifyInstance
  await app.register(sqlassist, { engines: { writer: { config: place.config() } }, closeTimeoutMs: 1000, ...options })
  const [worked, left] = [Promise.withResolvers<Writer>(), Promise.withResolvers<void>()]
  app.get('/', async (request, reply) => {
    const { writer } = request.dbSession as unknown as { writer: Writer }
    reply.raw.once('close', () => left.resolve())
    await work(writer)
    worked.resolve(writer)
    return await new Promise(() => {})
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const client = (await RawClient.connect((app.server.address() as { port: number }).port)).request('GET', '/')
  const writer = await worked.promise
  client.leave()
  return {
    app,
    left: left.promise,
    late: async () => await writer.count(Note).catch((error: { code?: string }) => error.code),
    [Symbol.asyncDispose]: async () => await app.close(),
  }
}
