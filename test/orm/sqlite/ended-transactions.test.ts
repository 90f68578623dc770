// A transaction that SQLite or raw SQL has ended behind the back of whoever began it: the one connection there is must come back.
import type { SqlEntityManager } from '@mikro-orm/sqlite'
import type { Session } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { Heard } from '../events/fixtures/heard.ts'
import { assist, recordingLogger, sqlite } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'

type Writer = Session<SqlEntityManager>

/** What SQLite undoes by itself when it fails, as it does on a full disk. */
async function undone(t: Test, em: SqlEntityManager): Promise<void> {
  await em.insert(Author, { name: 'undone' })
  await t.rejects(em.execute('insert or rollback into author (id, name) select id, name from author'), { name: 'UniqueConstraintViolationException' })
}

const ways: Record<string, (t: Test, writer: Writer) => Promise<void>> = {
  'undone by SQLite, and left open': async (t, writer) => {
    await writer.begin()
    await undone(t, writer)
  },
  'undone by SQLite, and rolled back': async (t, writer) => {
    await writer.begin()
    await undone(t, writer)
    await writer.rollback()
  },
  'undone by SQLite, and committed': async (t, writer) => {
    await writer.begin()
    await undone(t, writer)
    await t.rejects(writer.commit(), /no transaction is active/)
  },
  'undone by SQLite, in transactional()': async (t, writer) => {
    await t.rejects(writer.transactional(async (em) => await undone(t, em)), /no transaction is active/)
  },
  'rolled back in raw SQL': async (_t, writer) => {
    await writer.begin()
    await writer.insert(Author, { name: 'undone' })
    await writer.execute('rollback')
  },
  'committed in raw SQL': async (_t, writer) => {
    await writer.begin()
    await writer.execute('commit')
  },
}

for (const [name, end] of Object.entries(ways)) {
  t.test(name, async (t) => {
    const heard = new Heard(t)
    const { lines, logger } = recordingLogger()
    const db = await assist(t, { writer: { config: (await sqlite(t)).config() } }, { logger })
    {
      await using session = db.session()
      await end(t, session.writer as unknown as Writer)
    }
    const rollbacks = heard.of('sqlassist:query:end').filter(({ kind }) => kind === 'rollback')
    t.ok(rollbacks.length > 0)
    t.strictSame(rollbacks.filter(({ error }) => error !== undefined), [])
    t.notOk(lines.some(({ message }) => /failed/.test(message)), JSON.stringify(lines))
    await using session = db.session()
    t.equal(await session.writer.count(Author), 0)
    await session.writer.transactional(async (em) => await em.insert(Author, { name: 'Ada' }))
    t.equal(await session.writer.count(Author), 1)
  })
}
