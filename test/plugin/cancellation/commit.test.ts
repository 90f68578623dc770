// Nothing is stopped any more once COMMIT has begun: the client leaves, the transaction is saved, and nobody is told otherwise.
import t from 'tap'
import { until } from '../endings/ending.ts'
import { http1 } from './clients.ts'
import { Book, Tag } from './model.ts'
import { type Act, leaveWhile, scene } from './scene.ts'
import { allBack, statsOf } from './service.ts'
import { kyselyOf, statements } from './statements.ts'

const insertTag = `insert into tag (label) values ('kept')`

const commits: Readonly<Record<string, Act>> = {
  'begin() and commit()': async (writer) => {
    await writer.begin()
    await writer.insert(Tag, { label: 'kept' })
    await writer.commit()
  },
  'transactional()': async (writer) => await writer.transactional(async (em) => await em.insert(Tag, { label: 'kept' })),
  'flush()': async (writer, { book }) => {
    book.tags.add(writer.create(Tag, { label: 'kept' }))
    await writer.flush()
  },
  'transactional() in a fork': async (writer) => await writer.fork().transactional(async (em) => await em.insert(Tag, { label: 'kept' })),
  'a transaction of kysely': async (writer) =>
    await kyselyOf(writer).transaction().execute(async (trx) => await trx.insertInto('tag').values({ label: 'kept' }).execute()),
  'a transaction of kysely, controlled by hand': async (writer) => {
    const trx = await kyselyOf(writer).startTransaction().execute()
    await trx.insertInto('tag').values({ label: 'kept' }).execute()
    await trx.commit().execute()
  },
  'getConnection().begin() and commit()': async (writer) => {
    const connection = writer.getConnection()
    const trx = (await connection.begin()) as never
    await connection.execute(insertTag, [], 'run', trx)
    await connection.commit(trx)
  },
  'getConnection().transactional()': async (writer) => {
    const connection = writer.getConnection()
    await connection.transactional(async (trx) => await connection.execute(insertTag, [], 'run', trx as never))
  },
  'raw SQL': async (writer) => await writer.execute(`begin; ${insertTag}; commit`),
}

/** The session does not hear of these, and does not wait for them. */
const PAST_THE_SESSION = new Set(['getConnection().transactional()', 'raw SQL'])

t.test('a COMMIT that has begun', async (t) => {
  const stage = await scene(t, { engine: { limits: { commitTimeoutMs: 120_000 } } })
  const other = await scene(t, { url: stage.url })
  const { admin, app } = stage
  await admin.putGateIntoCommits()
  for (const [name, act] of Object.entries(commits)) {
    await t.test(name, async (t) => {
      const before = (await admin.tags()).length
      const run = stage.next(act)
      const leave = await http1()(stage)
      await run.ready.promise
      await admin.shutGate()
      run.go.resolve()
      t.ok(await until(async () => (await admin.waiting()).length === 1), 'the commit runs')
      const [pid] = await admin.waiting()
      leave()
      await run.ended.promise
      // Somebody else's statement is stopped from beginning to end meanwhile, so this one would have been as well.
      await leaveWhile(t, other, http1(), async (writer) => await writer.execute('select * from author'), { tables: 'author' })
      t.strictSame(await admin.waiting(), [pid], 'it still runs')
      if (!PAST_THE_SESSION.has(name)) t.equal(statsOf(app.sqlassist).sessions.open, 1, 'and the end of the session waits for it')
      await admin.openGate()
      t.equal(await run.outcome.promise, 'done', 'the handler is told that it is saved')
      t.ok(await until(() => allBack(app.sqlassist)))
      t.ok((await admin.backends()).includes(pid!), 'the connection is not lost')
      t.equal((await admin.tags()).length, before + 1, 'it is saved')
    })
  }
})

t.test('what comes before COMMIT in the same flush is stopped, and nothing of it is saved', async (t) => {
  const stage = await scene(t)
  await leaveWhile(t, stage, http1(), async (writer, { book }) => {
    book.title = 'unwanted'
    book.tags.add(writer.create(Tag, { label: 'unwanted' }))
    await writer.flush()
  })
  await leaveWhile(t, stage, http1(), async (writer) => {
    await writer.begin()
    await writer.execute(`insert into tag (label) select 'unwanted' from book`)
    await writer.commit()
  })
})

t.test('a single statement is its own COMMIT, and is stopped as a statement: it is saved wholly or not at all', async (t) => {
  const stage = await scene(t)
  await leaveWhile(t, stage, http1(), statements['execute()']!)
  await leaveWhile(t, stage, http1(), async (writer) => await writer.insertMany(Book, Array.from({ length: 100 }, () => ({ title: 'unwanted', author: 1 }))))
  await leaveWhile(t, stage, http1(), async (writer) => await writer.persistAndFlush(writer.create(Book, { title: 'unwanted', author: 1 }))) // nor does its flush send one
})
