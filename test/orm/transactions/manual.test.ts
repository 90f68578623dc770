// transaction.begin() and what ends it: all engines that are used in between are decided together.
import t from 'tap'
import { postgres } from '../sessions/fixtures/engines.ts'
import { Author, Book } from '../sessions/fixtures/library.ts'
import { company, onEachKind } from './fixtures/branches.ts'

onEachKind(t, 'without begin() sessions flush and commit by themselves', async (t, { db, saved }) => {
  await using session = db.session()
  await session.paris.persistAndFlush(new Author('Ada'))
  t.strictSame(await saved(), { paris: ['Ada'], rome: [] })
  t.notOk(session.transaction.isActive)
  await t.rejects(session.transaction.commit(), { code: 'SQLASSIST_TRANSACTION_NOT_ACTIVE' })
  await t.rejects(session.transaction.savepoint(), { code: 'SQLASSIST_TRANSACTION_NOT_ACTIVE' })
  t.throws(() => session.transaction.doom(), { code: 'SQLASSIST_TRANSACTION_NOT_ACTIVE' })
  t.throws(() => session.transaction.afterCommit(() => {}), { code: 'SQLASSIST_TRANSACTION_NOT_ACTIVE' })
  await session.transaction.abort() // nothing to undo is no error: it belongs into every catch
})

t.test('the connection of what was only read comes back with the commit', async (t) => {
  const { db } = await company(t, await postgres(t), await postgres(t))
  await using session = db.session()
  const { transaction, paris, rome } = session
  await transaction.begin()
  t.equal(await paris.count(Author), 0)
  await rome.insert(Author, { name: 'Bruno' })
  t.match(db.engine('paris').stats().pool, { total: 1, idle: 0 })
  await transaction.commit()
  t.match(db.engine('paris').stats().pool, { total: 1, idle: 1 })
})

onEachKind(t, 'begin() and commit(): every way to write is in it', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris, rome } = session
  const early = paris.createQueryBuilder(Author)
  const kysely = paris.getKysely<{ author: { name: string } }>()
  await transaction.begin()
  t.ok(transaction.isActive)
  await early.insert({ name: 'by a query builder' }).execute()
  await kysely.insertInto('author').values({ name: 'by kysely' }).execute()
  await paris.insert(Author, { name: 'by insert' })
  await paris.execute(`insert into author (name) values ('by raw SQL')`)
  await paris.getConnection().execute(`insert into author (name) values ('by the connection')`)
  await paris.fork().persist(new Author('by a fork')).flush()
  await paris.getRepository(Author).insert({ name: 'by a repository' })
  await paris.persistAndFlush(new Author('by persistAndFlush'))
  await paris.transactional(async (em) => void em.persist(new Author('by transactional')))
  paris.persist(new Author('by persist'))
  rome.persist(new Author('in Rome'))
  t.ok(paris.isInTransaction())
  t.strictSame(await saved(), { paris: [], rome: [] })
  await transaction.commit()
  t.notOk(transaction.isActive)
  t.notOk(paris.isInTransaction())
  t.strictSame(await saved(), {
    paris: [
      'by a fork', 'by a query builder', 'by a repository', 'by insert', 'by kysely', 'by persist', 'by persistAndFlush', 'by raw SQL',
      'by the connection', 'by transactional',
    ],
    rome: ['in Rome'],
  })
})

onEachKind(t, 'abort() undoes all of it, on both', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris, rome } = session
  await transaction.begin()
  const ada = new Author('Ada')
  await paris.persistAndFlush(ada)
  await rome.persistAndFlush(new Author('Bruno'))
  await paris.fork().persist(new Author('by a fork')).flush()
  await transaction.abort('changed my mind')
  t.strictSame(await saved(), { paris: [], rome: [] })
  t.equal(await paris.count(Author), 0)
  t.equal(ada.id, undefined, 'the key that the database had given is gone with the row')
  await paris.persistAndFlush(ada)
  t.strictSame(await saved(), { paris: ['Ada'], rome: [] }, 'so that it can be written again')
})

onEachKind(t, 'an error of one engine at the commit undoes the others', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris, rome } = session
  await transaction.begin()
  await paris.persistAndFlush(new Author('Ada'))
  const author = new Author('Bruno')
  author.books.add(new Book('Nights'), new Book('Nights'))
  rome.persist(author)
  await t.rejects(transaction.commit(), { name: 'UniqueConstraintViolationException' })
  t.notOk(transaction.isActive)
  t.strictSame(await saved(), { paris: [], rome: [] })
})

onEachKind(t, 'one transaction at a time, and one after the other', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  await t.rejects(transaction.begin(), { code: 'SQLASSIST_TRANSACTION_ACTIVE' })
  await paris.persistAndFlush(new Author('Ada'))
  await transaction.commit()
  await transaction.begin()
  await paris.persistAndFlush(new Author('Bruno'))
  await transaction.abort()
  await transaction.begin()
  paris.persist(new Author('Carla'))
  await transaction.commit()
  t.strictSame(await saved(), { paris: ['Ada', 'Carla'], rome: [] })
})

onEachKind(t, 'left open at the end: aborted, with a warning', async (t, { db, saved, lines }) => {
  const session = db.session()
  await session.transaction.begin()
  await session.paris.persistAndFlush(new Author('Ada'))
  await session.close()
  t.strictSame(await saved(), { paris: [], rome: [] })
  t.match(lines.filter(({ level }) => level === 'warn'), [{ message: 'The container ended with its transaction open: it is aborted' }])
})

onEachKind(t, 'what a session does for itself alone is refused, with what to do', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  const kysely = paris.getKysely()
  await transaction.begin()
  await paris.persistAndFlush(new Author('Ada'))
  const refused = { code: 'SQLASSIST_TRANSACTION_MANAGED', message: /transaction\.commit\(\)/ }
  await t.rejects(paris.begin(), refused)
  await t.rejects(paris.commit(), refused)
  await t.rejects(paris.rollback(), refused)
  await t.rejects(paris.execute('commit'), refused)
  await t.rejects(paris.execute('  rollback ; '), refused)
  await t.rejects(kysely.transaction().execute(async () => {}), refused)
  await t.rejects(async () => await paris.getConnection().begin(), refused)
  await transaction.commit()
  t.strictSame(await saved(), { paris: ['Ada'], rome: [] })
})

onEachKind(t, 'a doomed transaction cannot be committed', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  await paris.persistAndFlush(new Author('Ada'))
  transaction.doom()
  t.ok(transaction.isDoomed)
  await t.rejects(transaction.commit(), { code: 'SQLASSIST_TRANSACTION_DOOMED' })
  t.notOk(transaction.isActive)
  t.strictSame(await saved(), { paris: [], rome: [] })
})

onEachKind(t, 'a session that is in a transaction of its own cannot join', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris, rome } = session
  await paris.begin()
  await paris.persistAndFlush(new Author('Ada'))
  await transaction.begin()
  await rome.persistAndFlush(new Author('Bruno'))
  await t.rejects(paris.find(Author, {}), { code: 'SQLASSIST_TRANSACTION_OPEN' })
  await paris.commit()
  t.strictSame(await saved(), { paris: ['Ada'], rome: [] })
  await transaction.commit()
  t.strictSame(await saved(), { paris: ['Ada'], rome: ['Bruno'] })
})
