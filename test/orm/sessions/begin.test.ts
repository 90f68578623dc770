// Transactions by hand: begin(), commit() and rollback().
import t from 'tap'
import { desk } from './fixtures/desk.ts'
import { assist, onEachDatabase, postgres } from './fixtures/engines.ts'
import { Author, Book } from './fixtures/library.ts'

onEachDatabase(t, 'begin, commit and rollback', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  await writer.begin()
  t.ok(writer.isInTransaction())
  writer.persist(new Author('Ada'))
  await writer.commit()
  t.strictSame(await committed(), ['Ada'])
  await writer.begin()
  await writer.persistAndFlush(new Author('Bob'))
  t.equal(await writer.count(Author), 2)
  await writer.rollback()
  t.notOk(writer.isInTransaction())
  t.strictSame(await committed(), ['Ada'])
  await t.rejects(writer.commit(), /transaction is required/i)
  await t.rejects(writer.rollback(), /transaction is required/i)
  await writer.begin()
  await writer.transactional(async () => await writer.insert(Author, { name: 'Cyd' }))
  t.strictSame(await committed(), ['Ada'], 'transactional() inside is a savepoint')
  await writer.commit()
  t.strictSame(await committed(), ['Ada', 'Cyd'])
})

onEachDatabase(t, 'a second begin() is refused, and the first goes on', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  const refused = { code: 'SQLASSIST_TRANSACTION_OPEN' }
  await writer.begin()
  await t.rejects(writer.begin(), refused)
  await writer.insert(Author, { name: 'Ada' })
  await writer.commit()
  t.strictSame(await committed(), ['Ada'])

  const outcomes = await Promise.allSettled([writer.begin(), writer.begin(), writer.begin()])
  t.strictSame(outcomes.map(({ status }) => status), ['fulfilled', 'rejected', 'rejected'])
  t.match((outcomes[1] as PromiseRejectedResult).reason, refused)
  await writer.rollback()
  await writer.transactional(async (em) => {
    await t.rejects(writer.begin(), refused)
    await t.rejects(em.begin(), refused)
  })
})

t.test('forks of one session may begin at the same time', async (t) => {
  const { writer, committed } = await desk(t, await postgres(t))
  const forks = [writer.fork(), writer.fork(), writer]
  await Promise.all(forks.map(async (fork) => await fork.begin()))
  await Promise.all(forks.map(async (fork, index) => await fork.insert(Author, { name: `author ${index}` })))
  t.strictSame(await committed(), [])
  await Promise.all(forks.map(async (fork) => await fork.commit()))
  t.strictSame(await committed(), ['author 0', 'author 1', 'author 2'])
})

onEachDatabase(t, 'begin({ ctx }) is a savepoint, after which the transaction goes on', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  await writer.begin()
  const outer = writer.getTransactionContext()
  await writer.insert(Author, { name: 'outer' })
  await writer.begin({ ctx: outer })
  t.not(writer.getTransactionContext(), outer)
  await writer.insert(Author, { name: 'undone' })
  await writer.rollback()
  t.equal(writer.getTransactionContext(), outer, 'back in the outer transaction')
  t.equal(await writer.count(Author), 1)
  await writer.begin({ ctx: outer })
  await writer.insert(Author, { name: 'kept' })
  await writer.commit()
  t.equal(writer.getTransactionContext(), outer)
  t.strictSame(await committed(), [])
  await writer.commit()
  t.notOk(writer.isInTransaction())
  t.strictSame(await committed(), ['kept', 'outer'])
})

onEachDatabase(t, 'a commit that fails can be rolled back, and the connection is free again', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  const ada = new Author('Ada')
  ada.books.add(new Book('Engines'))
  await writer.persistAndFlush(ada)
  for (let round = 0; round < 12; round++) { // more often than the pool has connections
    await writer.begin()
    writer.create(Book, { title: 'Engines', author: ada })
    await t.rejects(writer.commit(), { name: 'UniqueConstraintViolationException' })
    await writer.rollback()
    writer.clear()
  }
  t.strictSame(await committed(), ['Ada'])
  t.equal(await writer.count(Author), 1)
})

onEachDatabase(t, 'on an autocommit engine there is no transaction to open', async (t, database) => {
  const db = await assist(t, { logger: { config: database.config(), autocommit: true } })
  await using session = db.session()
  const { logger } = session
  const refused = { code: 'SQLASSIST_AUTOCOMMIT_ENGINE' }
  await t.rejects(logger.begin(), refused)
  await t.rejects(logger.transactional(async () => {}), refused)
  await t.rejects(logger.fork().begin(), refused)
  await logger.persistAndFlush([new Author('Ada'), new Author('Bob')])
  t.equal(await logger.fork().count(Author), 2)
})

t.test('a commit that the database refuses can be rolled back, and the connection is free again', async (t) => {
  const database = await postgres(t)
  const { writer, committed } = await desk(t, database)
  await writer.execute('alter table book add constraint late_check unique (author_id) deferrable initially deferred')
  const ada = new Author('Ada')
  await writer.persistAndFlush(ada)
  for (let round = 0; round < 12; round++) {
    await writer.begin()
    await writer.insertMany(Book, [{ title: 'one', author: ada.id }, { title: 'two', author: ada.id }])
    await t.rejects(writer.commit(), { code: '23505' })
    await writer.rollback()
    t.notOk(writer.isInTransaction())
  }
  t.equal(await writer.count(Book), 0)
  t.strictSame(await committed(), ['Ada'])
})

onEachDatabase(t, 'with disableTransactions there are none, and the work is done all the same', async (t, database) => {
  const db = await assist(t, { writer: { config: database.config(), fork: { disableTransactions: true } } })
  await using session = db.session()
  const { writer } = session
  await writer.begin()
  t.notOk(writer.isInTransaction())
  writer.persist(new Author('Ada'))
  await writer.commit()
  await writer.begin()
  await writer.rollback()
  await writer.transactional(async (em) => {
    t.equal(em, writer)
    await em.insert(Author, { name: 'Bob' })
  })
  t.equal(await writer.count(Author), 2)
})

t.test('whoever ends a session that is ending waits for it', async (t) => {
  const db = await assist(t, { writer: { config: (await postgres(t)).config() } })
  const session = db.session()
  const { writer } = session
  await writer.begin()
  await writer.insert(Author, { name: 'Ada' })
  const ending = writer[Symbol.asyncDispose]()
  await session.close()
  const { pool } = db.stats()['writer']!
  t.equal(pool!.idle, pool!.total, 'the connection is back')
  await ending
})

t.test('a begin() that is still waiting for a connection when the session ends is refused, and keeps none', async (t) => {
  const db = await assist(t, { writer: { config: (await postgres(t)).config({ pool: { min: 0, max: 1 } }) } })
  await using holder = db.session()
  await holder.writer.begin()
  const session = db.session()
  const begun = session.writer.begin()
  begun.catch(() => {})
  await session.close()
  await holder.writer.rollback()
  await t.rejects(begun, { code: 'SQLASSIST_SESSION_CLOSED' })
  t.equal(await holder.writer.count(Author), 0, 'the only connection is free')
})
