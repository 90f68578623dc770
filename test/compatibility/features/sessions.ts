import assert from 'node:assert/strict'
import { defineConfig as onSqlite } from '@mikro-orm/sqlite'
import { getByColumnLower, getById, getByIds, getPage, getRange } from 'fastify-sqlassist/orm'
import { enginesOn, type Feature, inSession, writing } from '../feature.ts'
import { Note, type Sessions, type Writer } from '../place.ts'
import { eventually } from '../../support/eventually.ts'

/** What MikroORM keeps to itself. */
const isConnected = (writer: Writer): boolean => (writer.config.getDriver().getConnection() as unknown as { connected: boolean }).connected

export const sessions: readonly Feature[] = [
  {
    title: 'a session connects with its first statement, and not before',
    async run(place) {
      await using db = await enginesOn(place)
      await writing(db, async (writer) => {
        assert.equal(isConnected(writer), false)
        assert.equal(await writer.count(Note), 0)
        assert.equal(isConnected(writer), true)
      })
      assert.deepEqual(db.stats()['writer']!.sessions, { open: 0, opened: 1, closed: 1 })
    },
  },
  {
    title: 'each session has an identity map of its own',
    async run(place) {
      await using db = await enginesOn(place)
      await writing(db, async (writer) => await writer.persistAndFlush(new Note('one')))
      await inSession(db, async ({ writer: first }) => await inSession(db, async ({ writer: second }) => {
        const [mine, again, other] = [await first!.findOneOrFail(Note, { text: 'one' }), await first!.findOneOrFail(Note, { text: 'one' }), await second!.findOneOrFail(Note, { text: 'one' })]
        assert.equal(mine, again)
        assert.notEqual(mine, other)
      }))
    },
  },
  {
    title: '`persistAndFlush()`, `removeAndFlush()`',
    async run(place) {
      await using db = await enginesOn(place)
      await writing(db, async (writer) => {
        const [kept, removed] = [new Note('kept'), new Note('removed')]
        await writer.persistAndFlush([kept, removed])
        assert.notEqual(kept.id, removed.id)
        await writer.removeAndFlush(removed)
      })
      assert.deepEqual(await place.notes(), ['kept'])
    },
  },
  {
    title: '`getById()`, `getByIds()`, `getByColumnLower()`, `getRange()`, `getPage()`',
    async run(place) {
      await using db = await enginesOn(place)
      await writing(db, async (writer) => await writer.persistAndFlush(['Ada', 'Bea', 'Cleo'].map((text) => new Note(text))))
      await writing(db, async (writer) => {
        const [ada, , cleo] = await getRange(writer, Note)
        assert.equal((await getById(writer, Note, ada!.id))?.text, 'Ada')
        assert.deepEqual((await getByIds(writer, Note, [cleo!.id, ada!.id])).map(({ text }) => text).toSorted(), ['Ada', 'Cleo'])
        assert.equal((await getByColumnLower(writer, Note, 'text', 'BEA'))?.text, 'Bea')
        const page = await getPage(writer, Note, { first: 2 })
        assert.equal(page.items.length, 2)
      })
    },
  },
  {
    title: 'rows are streamed',
    async run(place) {
      await using db = await enginesOn(place)
      await writing(db, async (writer) => await writer.persistAndFlush(['Ada', 'Bea'].map((text) => new Note(text))))
      const read: string[] = []
      await writing(db, async (writer) => {
        for await (const { text } of writer.stream(Note)) read.push(text)
      })
      assert.deepEqual(read.toSorted(), ['Ada', 'Bea'])
    },
  },
  {
    title: 'entity classes are shared with an engine of another database',
    async run(place) {
      await using db = await enginesOn(place, { writer: {}, other: { config: onSqlite({ dbName: ':memory:', entities: [Note] }) } })
      await db.engine('other').orm.schema.create()
      await inSession(db, async ({ writer, other }) => {
        await writer!.persistAndFlush(new Note('here'))
        await other!.persistAndFlush(new Note('there'))
        const note = await writer!.findOneOrFail(Note, { text: 'here' })
        note.text = 'still here'
        await writer!.flush()
        assert.deepEqual((await other!.findAll(Note)).map(({ text }) => text), ['there'])
      })
      assert.deepEqual(await place.notes(), ['still here'])
    },
  },
  {
    title: 'an entity of another session is refused',
    async run(place) {
      await using db = await enginesOn(place)
      await writing(db, async (writer) => {
        const note = new Note('one')
        await writer.persistAndFlush(note)
        await writing(db, async (other) => await assert.rejects(async () => await other.persistAndFlush(note), { code: 'SQLASSIST_ENTITY_OF_ANOTHER_SESSION' }))
      })
    },
  },
  {
    title: 'a session that has ended refuses every use',
    async run(place) {
      await using db = await enginesOn(place)
      const late = await inSession(db, async ({ writer }) => (await writer!.count(Note), writer!))
      await assert.rejects(async () => await late.find(Note, {}), { code: 'SQLASSIST_SESSION_CLOSED' })
      await assert.rejects(async () => await late.execute('select 1'), { code: 'SQLASSIST_SESSION_CLOSED' })
    },
  },
  {
    title: 'an `autocommit` engine makes each flush durable',
    async run(place) {
      await using db = await enginesOn(place, { writer: { autocommit: true } })
      await writing(db, async (writer) => {
        await writer.persistAndFlush(new Note('line'))
        await assert.rejects(async () => await writer.begin(), { code: 'SQLASSIST_AUTOCOMMIT_ENGINE' })
      })
      assert.deepEqual(await place.notes(), ['line'])
    },
  },
  {
    title: '`readonly`: the session refuses to write',
    async run(place) {
      await using db = await enginesOn(place, { writer: { readonly: true } })
      await writing(db, async (reader) => await assert.rejects(async () => await reader.insert(Note, { text: 'no' }), { code: 'SQLASSIST_READONLY_ENGINE' }))
    },
  },
  {
    title: '`readonly`: the database refuses what gets past the session',
    async run(place) {
      await using db = await enginesOn(place, { writer: { readonly: true } })
      for (let round = 0; round < 2; round++) {
        await writing(db, async (reader) => assert.equal(await reader.count(Note), 0))
        const pastSessions = db.engine('writer').orm.driver.getConnection()
        for (const sql of [`insert into note (text) values ('no')`, `update note set text = 'no'`, 'drop table note']) {
          await assert.rejects(async () => await pastSessions.execute(sql), (error: Error & { code?: string }) => /read.?only/i.test(error.message) && error.code?.startsWith('SQLASSIST') !== true)
        }
      }
      assert.deepEqual(await place.notes(), [])
    },
  },
  {
    title: 'a readonly and a writable engine on one database',
    async run(place) {
      await using db = await enginesOn(place, { writer: {}, reader: { readonly: true } })
      await inSession(db, async ({ writer, reader }) => {
        await writer!.persistAndFlush(new Note('seen'))
        assert.deepEqual((await reader!.findAll(Note)).map(({ text }) => text), ['seen'])
      })
    },
  },
  {
    title: 'two writable engines on one database',
    async run(place) {
      await using db = await enginesOn(place, { writer: {}, logger: { autocommit: true } })
      await inSession(db, async ({ writer, logger }) => {
        await writer!.persistAndFlush(new Note('work'))
        await logger!.persistAndFlush(new Note('line'))
      })
      assert.deepEqual(await place.notes(), ['work', 'line'])
    },
  },
  {
    title: '`dispose()` leaves no connection',
    async run(place) {
      const db = await enginesOn(place)
      const left = db.session() as unknown as Sessions
      await Promise.all([1, 2, 3].map(async () => await writing(db, async (writer) => await writer.count(Note))))
      await left['writer']!.begin()
      const disposed = db.dispose()
      await left[Symbol.asyncDispose]()
      await disposed
      assert.throws(() => db.session(), { code: 'SQLASSIST_DISPOSED' })
      if (place.server !== undefined) await eventually(async () => (await place.server!.connections()) === 0, 'connections are closed')
    },
  },
]
