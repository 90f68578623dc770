// Savepoints over all engines at once, and what the sessions believe after going back to one.
import { wrap } from '@mikro-orm/core'
import { Entity, OneToOne, Property } from '@mikro-orm/decorators/es'
import type { Savepoint } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { type Database, postgres, sqlite } from '../sessions/fixtures/engines.ts'
import { Author, Book, library } from '../sessions/fixtures/library.ts'
import { type Company, company, onEachKind, type Sessions } from './fixtures/branches.ts'

/** Its key is a relation: of these MikroORM keeps the value in the entity itself. */
@Entity()
class Portrait {
  @OneToOne({ entity: () => Author, primary: true, owner: true })
  sitter: Author

  @Property({ type: 'string' })
  painter: string

  @Property({ type: 'string', lazy: true, nullable: true })
  story?: string | null

  constructor(sitter: Author, painter: string) {
    this.sitter = sitter
    this.painter = painter
  }
}

/** Ada and her notes are in the database; she is loaded without them in a new transaction, before a savepoint in it. */
async function adaLoaded({ transaction, paris }: Sessions): Promise<{ ada: Author; savepoint: Savepoint }> {
  const author = new Author('Ada')
  author.books.add(new Book('Notes'))
  await paris.persistAndFlush(author)
  paris.clear()
  await transaction.begin()
  return { ada: await paris.findOneOrFail(Author, { name: 'Ada' }), savepoint: await transaction.savepoint() }
}

/** A company that has portraits. */
async function gallery(t: Test, paris: Database): Promise<Company> {
  const portrayed = await company(t, paris, await sqlite(t), { config: { entities: library.concat(Portrait as never) } })
  await portrayed.db.engine('paris').orm.schema.update()
  return portrayed
}

onEachKind(t, 'going back undoes both engines, again and again, and what came before stays', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris, rome } = session
  await transaction.begin()
  paris.persist(new Author('before'))
  await rome.persistAndFlush(new Author('before'))
  const savepoint = await transaction.savepoint()
  for (let time = 0; time < 3; time++) {
    await paris.persistAndFlush(new Author(`after ${time}`))
    await rome.insert(Author, { name: `after ${time}` })
    t.equal(await rome.count(Author), 2)
    await savepoint.rollback()
    t.equal(await paris.count(Author), 1)
    t.equal(await rome.count(Author), 1)
  }
  paris.persist(new Author('at last'))
  await transaction.commit()
  t.strictSame(await saved(), { paris: ['at last', 'before'], rome: ['before'] })
})

onEachKind(t, 'nested, and invalid once an earlier one was gone back to or the transaction is over', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  await paris.persistAndFlush(new Author('1'))
  const outer = await transaction.savepoint()
  await paris.persistAndFlush(new Author('2'))
  const inner = await transaction.savepoint()
  await paris.persistAndFlush(new Author('3'))
  await inner.rollback()
  t.equal(await paris.count(Author), 2)
  await outer.rollback()
  t.equal(await paris.count(Author), 1)
  await t.rejects(inner.rollback(), { code: 'SQLASSIST_SAVEPOINT_INVALID' })
  t.equal(await paris.count(Author), 1)
  await transaction.commit()
  await t.rejects(outer.rollback(), { code: 'SQLASSIST_SAVEPOINT_INVALID' })
  t.strictSame((await saved()).paris, ['1'])
})

onEachKind(t, 'an engine that has joined since leaves, and may join again', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris, rome } = session
  await transaction.begin()
  await paris.persistAndFlush(new Author('before'))
  const savepoint = await transaction.savepoint()
  await rome.persistAndFlush(new Author('after'))
  await savepoint.rollback()
  t.notOk(rome.isInTransaction())
  t.equal(await rome.count(Author), 0)
  await rome.persistAndFlush(new Author('again'))
  await transaction.commit()
  t.strictSame(await saved(), { paris: ['before'], rome: ['again'] })
})

onEachKind(t, 'a statement that has failed is healed by going back', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  await paris.persistAndFlush(new Author('before'))
  const savepoint = await transaction.savepoint()
  await t.rejects(paris.execute('select * from nowhere'))
  await savepoint.rollback()
  await paris.persistAndFlush(new Author('after'))
  await transaction.commit()
  t.strictSame((await saved()).paris, ['after', 'before'])
})

onEachKind(t, 'created entities are new again, with their relations', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  const ada = new Author('Ada')
  await paris.persistAndFlush(ada)
  const savepoint = await transaction.savepoint()
  const bruno = new Author('Bruno')
  bruno.books.add(new Book('Nights'), new Book('Days'))
  ada.books.add(new Book('Notes'))
  await paris.persistAndFlush(bruno)
  t.equal(await paris.count(Book), 3)
  const [notes] = ada.books
  await savepoint.rollback()
  t.equal(bruno.id, undefined)
  t.notOk(wrap(bruno).isManaged())
  t.equal(ada.books.length, 0)
  t.ok(wrap(ada).isManaged())
  await paris.flush()
  t.equal(await paris.count(Book), 0, 'nothing comes back by itself')
  paris.persist(bruno)
  ada.books.add(notes!)
  await transaction.commit()
  t.ok(bruno.id > 0)
  t.strictSame((await saved()).paris, ['Ada', 'Bruno'])
  await using later = db.session()
  const titles = (await later.paris.find(Book, {}, { populate: ['author'], orderBy: { title: 'asc' } })).map((book) => `${book.title} by ${book.author.$.name}`)
  t.strictSame(titles, ['Days by Bruno', 'Nights by Bruno', 'Notes by Ada'])
})

onEachKind(t, 'what was given up by going back can be saved elsewhere, and an abort leaves it alone', async (t, { db, saved }) => {
  await using session = db.session()
  await using other = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  await paris.count(Author)
  const savepoint = await transaction.savepoint()
  const ada = new Author('Ada')
  await paris.persistAndFlush(ada)
  await savepoint.rollback()
  await other.rome.persistAndFlush(ada)
  const { id } = ada
  await transaction.abort()
  t.equal(ada.id, id)
  ada.name = 'Ada L.'
  await other.rome.flush()
  t.strictSame(await saved(), { paris: [], rome: ['Ada L.'] })
})

onEachKind(t, 'changed entities are as they were, and a change that is made again is written', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  const [ada, bruno] = [new Author('Ada'), new Author('Bruno')]
  await paris.persistAndFlush([ada, bruno])
  const savepoint = await transaction.savepoint()
  ada.name = 'Ada L.'
  await paris.flush()
  bruno.name = 'not flushed'
  await savepoint.rollback()
  t.equal(ada.name, 'Ada')
  t.equal(bruno.name, 'Bruno')
  ada.name = 'Ada L.'
  await transaction.commit()
  t.strictSame((await saved()).paris, ['Ada L.', 'Bruno'])
})

onEachKind(t, 'removed entities are managed again', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  const ada = new Author('Ada')
  await paris.persistAndFlush(ada)
  const { id } = ada
  const savepoint = await transaction.savepoint()
  await paris.removeAndFlush(ada)
  t.equal(await paris.count(Author), 0)
  await savepoint.rollback()
  t.equal(ada.id, id)
  t.equal(await paris.findOneOrFail(Author, { name: 'Ada' }), ada, 'the same object')
  ada.name = 'Ada L.'
  await transaction.commit()
  t.strictSame((await saved()).paris, ['Ada L.'])
})

onEachKind(t, 'what was loaded since is loaded once more, or let go', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await paris.insertMany(Author, [{ name: 'Ada' }, { name: 'Bruno' }])
  await transaction.begin()
  await paris.count(Author)
  const savepoint = await transaction.savepoint()
  await paris.nativeUpdate(Author, { name: 'Ada' }, { name: 'changed' })
  await paris.insert(Author, { name: 'gone' })
  const [changed, bruno, gone] = await paris.find(Author, {}, { orderBy: { id: 'asc' } })
  bruno!.name = 'not flushed'
  await savepoint.rollback()
  t.equal(changed!.name, 'Ada')
  t.equal(bruno!.name, 'Bruno')
  t.notOk(wrap(gone!).isManaged())
  changed!.name = 'Ada L.'
  await transaction.commit()
  t.strictSame((await saved()).paris, ['Ada L.', 'Bruno'])
})

onEachKind(t, 'a collection that was loaded since can be loaded again', async (t, { db }) => {
  await using session = db.session()
  const { transaction, paris } = session
  const { ada, savepoint } = await adaLoaded(session)
  await ada.books.init()
  ada.books.add(new Book('More notes'))
  await paris.flush()
  await savepoint.rollback()
  t.strictSame((await ada.books.loadItems()).map(({ title }) => title), ['Notes'])
  await transaction.commit()
  t.equal(await paris.count(Book), 1)
})

onEachKind(t, 'a collection that was loaded and changed since is as it is in the database', async (t, { db }) => {
  await using session = db.session()
  const { transaction, paris } = session
  const { ada, savepoint } = await adaLoaded(session)
  await ada.books.init()
  const bruno = new Author('Bruno')
  bruno.books.add(ada.books[0]!)
  ada.books.add(new Book('not flushed'))
  await savepoint.rollback()
  t.strictSame((await ada.books.loadItems()).map(({ title }) => title), ['Notes'])
  await transaction.commit()
  t.strictSame((await paris.fork().find(Book, {})).map(({ title }) => title), ['Notes'])
})

onEachKind(t, 'session.transactional() that fails leaves the session as it was', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  const ada = new Author('Ada')
  await paris.persistAndFlush(ada)
  const waiting = new Author('waiting')
  paris.persist(waiting)
  const lost = new Author('lost')
  await t.rejects(paris.transactional(async (em) => {
    ada.name = 'changed'
    em.persist(lost)
    await em.flush()
    throw new Error('no')
  }), { message: 'no' })
  t.equal(ada.name, 'Ada')
  t.notOk(wrap(lost).isManaged())
  await transaction.commit()
  t.strictSame((await saved()).paris, ['Ada', 'waiting'])
})

onEachKind(t, 'a collection that was changed and not flushed is still to be written after a transactional() that has failed', async (t, { db }) => {
  await using session = db.session()
  const { transaction, paris } = session
  const ada = new Author('Ada')
  ada.books.add(new Book('Letters'))
  await paris.persistAndFlush(ada)
  await transaction.begin()
  ada.books[0]!.title = 'All letters'
  ada.books.add(new Book('Diary'))
  await t.rejects(paris.transactional(async (em) => {
    await em.flush()
    throw new Error('no')
  }))
  t.strictSame(ada.books.getItems().map(({ title }) => title), ['All letters', 'Diary'])
  await transaction.commit()
  t.strictSame((await paris.fork().find(Book, {}, { orderBy: { title: 'asc' } })).map(({ title }) => title), ['All letters', 'Diary'])
})

onEachKind(t, 'a fork that has joined since knows nothing any more', async (t, { db, saved }) => {
  await using session = db.session()
  const { transaction, paris } = session
  await transaction.begin()
  await paris.count(Author)
  const savepoint = await transaction.savepoint()
  const fork = paris.fork()
  const ada = new Author('Ada')
  await fork.persist(ada).flush()
  await savepoint.rollback()
  t.equal(fork.getUnitOfWork().getIdentityMap().keys().length, 0)
  ada.name = 'nobody writes this'
  await fork.flush()
  await transaction.commit()
  t.strictSame((await saved()).paris, [])
})

for (const [dialect, database] of Object.entries({ postgresql: postgres, sqlite })) {
  t.test(`what was loaded late is loaded again (${dialect})`, async (t) => {
    const { db } = await gallery(t, await database(t))
    await using session = db.session()
    const { transaction, paris } = session
    await paris.persistAndFlush(Object.assign(new Portrait(new Author('Ada'), 'Clara'), { story: 'a long one' }))
    paris.clear()
    await transaction.begin()
    const [portrait] = await paris.find(Portrait, {})
    const savepoint = await transaction.savepoint()
    const story = async (): Promise<unknown> => (await paris.findOneOrFail(Portrait, { sitter: portrait!.sitter.id }, { populate: ['story'] })).story
    t.equal(await story(), 'a long one')
    await savepoint.rollback()
    t.equal(portrait!.story, undefined)
    t.equal(await story(), 'a long one')
    await transaction.commit()
  })

  t.test(`a relation that is a key (${dialect})`, async (t) => {
    const { db } = await gallery(t, await database(t))
    await using session = db.session()
    const { transaction, paris } = session
    const [ada, bruno] = [new Author('Ada'), new Author('Bruno')]
    const portrait = new Portrait(ada, 'Clara')
    await paris.persistAndFlush([portrait, bruno])
    await transaction.begin()
    await paris.count(Author)
    const savepoint = await transaction.savepoint()
    portrait.sitter = bruno
    portrait.painter = 'somebody else'
    await savepoint.rollback()
    t.equal(portrait.sitter, ada)
    t.equal(portrait.painter, 'Clara')
    portrait.painter = 'Clara, later'
    await transaction.commit()
    t.strictSame(await paris.execute('select painter, sitter_id from portrait'), [{ painter: 'Clara, later', sitter_id: ada.id }])
  })
}
