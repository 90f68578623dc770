import assert from 'node:assert/strict'
import Fastify, { type FastifyInstance } from 'fastify'
import { sqlassist } from 'fastify-sqlassist'
import { enginesOn, type Feature, inSession, writing } from '../feature.ts'
import { Note, type Place, type Sessions, type Writer } from '../place.ts'

const failing = new Error('of the application')

async function application(place: Place): Promise<FastifyInstance> {
  const app = Fastify() as unknown as FastifyInstance
  await app.register(sqlassist, { engines: { writer: { config: place.config() } }, transaction: 'request' })
  app.post<{ Params: { text: string; status: string } }>('/:text/:status', async (request, reply) => {
    const { writer } = request.dbSession as unknown as { writer: Writer }
    writer.persist(new Note(request.params.text))
    return await reply.code(Number(request.params.status)).send()
  })
  return app
}

export const transactions: readonly Feature[] = [
  {
    title: '`transactional()` is committed, or rolled back',
    async run(place) {
      await using db = await enginesOn(place)
      await writing(db, async (writer) => await writer.transactional(async (em) => void em.persist(new Note('kept'))))
      const undone = writing(db, async (writer) => await writer.transactional(async (em) => {
        await em.persistAndFlush(new Note('undone'))
        throw failing
      }))
      await assert.rejects(undone, failing)
      assert.deepEqual(await place.notes(), ['kept'])
    },
  },
  {
    title: 'one in the other is a savepoint',
    async run(place) {
      await using db = await enginesOn(place)
      await writing(db, async (writer) => await writer.transactional(async (em) => {
        await em.persistAndFlush(new Note('outer'))
        await assert.rejects(em.transactional(async (inner) => {
          await inner.persistAndFlush(new Note('inner'))
          throw failing
        }), failing)
        await em.transactional(async (inner) => await inner.persistAndFlush(new Note('second')))
      }))
      assert.deepEqual(await place.notes(), ['outer', 'second'])
    },
  },
  {
    title: 'a managed transaction, and its savepoints',
    async run(place) {
      await using db = await enginesOn(place)
      await db.transaction(async (session) => {
        const { writer, transaction } = session as unknown as Sessions
        await writer!.persistAndFlush(new Note('before'))
        const savepoint = await transaction.savepoint()
        await writer!.persistAndFlush(new Note('after'))
        await savepoint.rollback()
      })
      await db.transaction(async (session) => {
        const { writer, transaction } = session as unknown as Sessions
        await writer!.persistAndFlush(new Note('doomed'))
        transaction.doom()
      })
      assert.deepEqual(await place.notes(), ['before'])
    },
  },
  {
    title: "`transaction: 'request'`: a reply of 2xx commits, one of 4xx aborts",
    async run(place) {
      await using app = await application(place)
      for (const [text, status] of [['kept', 201], ['undone', 422], ['kept too', 200]] as const) {
        assert.equal((await app.inject({ method: 'POST', url: `/${encodeURIComponent(text)}/${status}` })).statusCode, status)
      }
      assert.deepEqual(await place.notes(), ['kept', 'kept too'])
    },
  },
  {
    title: 'sessions at the same time do not share a transaction',
    async run(place) {
      await using db = await enginesOn(place)
      const inside = Promise.withResolvers<void>()
      const undone = writing(db, async (writer) => await writer.transactional(async (em) => {
        await em.persistAndFlush(new Note('undone'))
        inside.resolve()
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
        throw failing
      }))
      await inside.promise
      const kept = writing(db, async (writer) => {
        assert.equal(await writer.count(Note), 0)
        await writer.transactional(async (em) => await em.persistAndFlush(new Note('kept')))
      })
      await assert.rejects(undone, failing)
      await kept
      assert.deepEqual(await place.notes(), ['kept'])
    },
  },
  {
    title: 'a commit that succeeds has kept everything, whatever has failed before it',
    async run(place) {
      await using db = await enginesOn(place)
      await writing(db, async (writer) => await writer.persistAndFlush(new Note('there')))
      const outcome = await writing(db, async (writer) => {
        await writer.begin()
        await writer.execute(`insert into note (text) values ('one')`)
        await assert.rejects(async () => await writer.execute(`insert into note (text) values ('there')`))
        await writer.execute(`insert into note (text) values ('two')`).catch(() => {})
        return await writer.commit().then(() => 'committed', (error: { code?: string }) => error.code)
      })
      assert.ok(outcome === 'committed' || outcome === 'SQLASSIST_TRANSACTION_ROLLED_BACK', outcome)
      assert.deepEqual(await place.notes(), outcome === 'committed' ? ['there', 'one', 'two'] : ['there'])
    },
  },
  {
    title: 'a transaction that raw SQL has left open is not met by the next session',
    async run(place) {
      await using db = await enginesOn(place, { writer: { config: place.config({ pool: { min: 0, max: 1 } }) } })
      await writing(db, async (writer) => {
        await writer.execute('begin')
        await writer.execute(`insert into note (text) values ('whatever becomes of it')`)
      })
      await writing(db, async (writer) => await writer.persistAndFlush(new Note('kept')))
      assert.ok((await place.notes()).includes('kept'))
    },
  },
  {
    title: 'a session that ends inside a transaction rolls it back',
    async run(place) {
      await using db = await enginesOn(place)
      await writing(db, async (writer) => {
        await writer.begin()
        await writer.persistAndFlush(new Note('undone'))
      })
      await inSession(db, async ({ writer }) => assert.equal(await writer!.count(Note), 0))
      assert.deepEqual(await place.notes(), [])
    },
  },
]
