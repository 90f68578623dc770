import assert from 'node:assert/strict'
import { onSqlAssistEvent, type SqlAssist } from 'fastify-sqlassist/orm'
import { enginesOn, type Feature, inSession, writing } from '../feature.ts'
import { Note, type Place } from '../place.ts'

/** Statements that are told of while something is done. */
async function toldOf(db: SqlAssist, fn: () => Promise<unknown>): Promise<string[]> {
  const told: string[] = []
  const [engine] = db.engineNames
  const stop = onSqlAssistEvent('sqlassist:query:end', (event) => void (event.engine === engine && event.session !== undefined && !event.internal && told.push(event.sql)))
  try {
    await fn()
  } finally {
    stop()
  }
  return told
}

const writeOne = async (place: Place, options: object): Promise<void> => {
  await using db = await enginesOn(place, { writer: options })
  await writing(db, async (writer) => await writer.persistAndFlush(new Note('one')))
  assert.deepEqual(await place.notes(), ['one'])
}

export const options: readonly Feature[] = [
  {
    title: '`check()`, `stats()`',
    async run(place) {
      await using db = await enginesOn(place)
      const health = await db.check()
      assert.equal(health.engines['writer']!.error, undefined)
      assert.equal(health.ok, true)
      assert.deepEqual(db.stats()['writer']!.sessions, { open: 0, opened: 0, closed: 0 })
    },
  },
  {
    title: '`reinitEngine()`',
    async run(place) {
      await using db = await enginesOn(place)
      await writing(db, async (writer) => await writer.persistAndFlush(new Note('before')))
      await db.reinitEngine('writer')
      await writing(db, async (writer) => await writer.persistAndFlush(new Note('after')))
      assert.deepEqual(await place.notes(), ['before', 'after'])
    },
  },
  {
    title: 'events tell of each statement',
    async run(place) {
      await using db = await enginesOn(place, { [place.name]: {} })
      const told = await toldOf(db, async () => await inSession(db, async ({ [place.name]: writer }) => await writer!.transactional(async (em) => await em.persistAndFlush(new Note('one')))))
      assert.deepEqual(told.flatMap((sql) => /^(?:begin|insert|commit)/.exec(sql) ?? []), ['begin', 'insert', 'commit'])
    },
  },
  {
    title: '`sqlComments`',
    async run(place) {
      await using db = await enginesOn(place, { [place.name]: { sqlComments: true } })
      const told = await toldOf(db, async () => await inSession(db, async ({ [place.name]: writer }) => await writer!.count(Note)))
      assert.match(told.join('\n'), new RegExp(`/\\*.*${place.name}.*\\*/`))
    },
  },
  { title: '`limits`', run: async (place) => await writeOne(place, { limits: { checkoutTimeoutMs: 1000 } }) },
  { title: "`resetOnRelease: 'session'`", run: async (place) => await writeOne(place, { resetOnRelease: 'session' }) },
  { title: '`preparedStatements: true`', run: async (place) => await writeOne(place, { preparedStatements: true }) },
  { title: '`fastPath: true`', run: async (place) => await writeOne(place, { fastPath: true }) },
  { title: '`batch`', run: async (place) => await writeOne(place, { autocommit: true, batch: {} }) },
  {
    title: '`pipeline`',
    async run(place) {
      await using db = await enginesOn(place, { writer: { autocommit: true, pipeline: true } })
      await writing(db, async (writer) => await writer.persistAndFlush([new Note('one'), new Note('two')]))
      const found = await Promise.all(['one', 'two'].map(async (text) => await writing(db, async (writer) => (await writer.findOneOrFail(Note, { text })).text)))
      assert.deepEqual(found, ['one', 'two'])
    },
  },
  {
    title: '`follows`',
    async run(place) {
      await using db = await enginesOn(place, { writer: {}, reader: { readonly: true, follows: 'writer' } })
      await inSession(db, async ({ writer, reader }) => {
        await writer!.persistAndFlush(new Note('one'))
        assert.equal(await reader!.count(Note), 1)
      })
    },
  },
  {
    title: '`joinTransaction`',
    async run(place) {
      await using db = await enginesOn(place, { writer: {}, reader: { readonly: true, follows: 'writer', joinTransaction: true } })
      await inSession(db, async ({ writer, reader, transaction }) => {
        await transaction.begin()
        await writer!.persistAndFlush(new Note('one'))
        assert.equal(await reader!.count(Note), 1)
        await transaction.abort()
      })
    },
  },
  {
    title: '`twoPhase`',
    async run(place) {
      await using db = await enginesOn(place, { writer: { twoPhase: true }, other: { twoPhase: true } })
      await db.transaction(async (session) => {
        const { writer, other } = session as unknown as Parameters<Parameters<typeof inSession>[1]>[0]
        writer!.persist(new Note('one'))
        other!.persist(new Note('two'))
      })
      assert.deepEqual((await place.notes()).toSorted(), ['one', 'two'])
    },
  },
]
