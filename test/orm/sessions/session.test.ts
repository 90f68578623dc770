// A session is the driver's EntityManager, whole: what is added stands in nobody's way.
import { inspect } from 'node:util'
import { EntityManager as CoreEntityManager, EntitySchema, FlushMode, helper, LockMode, serialize, wrap } from '@mikro-orm/core'
import { EntityManager as PostgresEntityManager, SqlEntityManager } from '@mikro-orm/postgresql'
import { EntityManager as SqliteEntityManager } from '@mikro-orm/sqlite'
import { onSqlAssistEvent, type SqlAssist } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { assist, type Database, onEachDatabase, sqlite } from './fixtures/engines.ts'
import { Author, AuthorRepository, Book, Shelf } from './fixtures/library.ts'

type SqlSession = SqlEntityManager & { persistAndFlush(entities: object | Iterable<object>): Promise<void>; removeAndFlush(entities: object | Iterable<object>): Promise<void> }

async function withWriter(t: Test, database: Database): Promise<{ db: SqlAssist; container: ReturnType<SqlAssist['session']>; writer: SqlSession }> {
  const db = await assist(t, { writer: { config: database.config() } })
  const container = db.session()
  t.teardown(async () => await container.close())
  return { db, container, writer: container.writer as unknown as SqlSession }
}

function bookBy(author: Author, title: string): Book {
  const book = new Book(title)
  author.books.add(book)
  return book
}

onEachDatabase(t, 'persistAndFlush and removeAndFlush take one entity, several, or anything that yields them', async (t, database) => {
  const { writer } = await withWriter(t, database)
  const [ada, bob, cyd, dan] = ['Ada', 'Bob', 'Cyd', 'Dan'].map((name) => new Author(name)) as [Author, Author, Author, Author]
  await writer.persistAndFlush(ada)
  await writer.persistAndFlush([bob])
  await writer.persistAndFlush(new Set([cyd]))
  function* more(): Generator<Author> {
    yield dan
  }
  await writer.persistAndFlush(more())
  await writer.persistAndFlush([])
  t.equal(await writer.fork().count(Author), 4)
  t.ok(dan.id > 0, 'what can be read only once has not been used up')
  await writer.removeAndFlush(ada)
  await writer.removeAndFlush([bob, cyd].values())
  t.strictSame((await writer.fork().findAll(Author)).map(({ name }) => name), ['Dan'])
  await t.rejects(writer.persistAndFlush({ name: 'no entity' }), /not discovered/)
})

onEachDatabase(t, "a session is the driver's own EntityManager", async (t, database) => {
  const { writer } = await withWriter(t, database)
  t.ok(writer instanceof CoreEntityManager)
  t.ok(writer instanceof SqlEntityManager)
  t.ok(writer instanceof (database.dialect === 'postgresql' ? PostgresEntityManager : SqliteEntityManager))
  t.equal(writer.getDriver().constructor.name, database.dialect === 'postgresql' ? 'PostgreSqlDriver' : 'SqliteDriver')
  t.ok(writer.fork() instanceof SqlEntityManager)
  await writer.transactional(async (em) => t.equal(em.constructor, writer.constructor))
})

onEachDatabase(t, 'an EntityManager class of your own stays what it is', async (t, database) => {
  class LibraryManager extends SqlEntityManager {
    async authors(): Promise<number> {
      return await this.count(Author)
    }
  }
  const db = await assist(t, { writer: { config: database.config({ entityManager: LibraryManager }) } })
  await using container = db.session()
  const writer = container.writer as unknown as LibraryManager & SqlSession
  await writer.persistAndFlush(new Author('Ada'))
  t.ok(writer instanceof LibraryManager)
  t.equal(await writer.authors(), 1)
  await writer.transactional(async (em) => t.equal(await em.authors(), 1))
})

onEachDatabase(t, 'every way of reading and writing takes the arguments it always took', async (t, database) => {
  const { writer } = await withWriter(t, database)
  const ada = new Author('Ada')
  bookBy(ada, 'Engines')
  bookBy(ada, 'Notes')
  await writer.persistAndFlush([ada, writer.create(Author, { name: 'Bob' })])

  await t.test('an entity named by class, by schema and by name', async (t) => {
    t.equal((await writer.find(Author, { name: 'Ada' }))[0], ada)
    t.equal(await writer.findOne('Author' as never, { name: 'Ada' }), ada)
    await writer.insert(Shelf, { id: 1, label: 'top' })
    t.equal((await writer.findOneOrFail(Shelf, { label: 'top' })).id, 1)
    t.equal(await writer.count('Shelf' as never), 1)
    t.equal(await writer.count(Shelf, { label: { $like: 't%' } }), 1)
  })

  await t.test('reading', async (t) => {
    t.strictSame((await writer.findAll(Author, { orderBy: { name: 'desc' } })).map(({ name }) => name), ['Bob', 'Ada'])
    const [found, total] = await writer.findAndCount(Author, {}, { limit: 1, orderBy: { id: 'asc' } })
    t.strictSame([found.length, total], [1, 2])
    const cursor = await writer.findByCursor(Author, { first: 1, orderBy: { id: 'asc' } })
    t.equal(cursor.items.length, 1)
    t.equal(cursor.hasNextPage, true)
    t.equal(await writer.findOne(Author, { name: 'Nobody' }), null)
    await t.rejects(writer.findOneOrFail(Author, { name: 'Nobody' }), { name: 'NotFoundError' })
    await t.rejects(writer.findOneOrFail(Author, { name: 'Nobody' }, { failHandler: () => new Error('no such author') }), { message: 'no such author' })
    const titles: string[] = []
    for await (const book of writer.fork().stream(Book, { orderBy: { title: 'asc' } })) titles.push(book.title)
    t.strictSame(titles, ['Engines', 'Notes'])
    t.strictSame(await writer.countBy(Book, 'author'), { [ada.id]: 2 })
    t.equal((await writer.fork().findOneOrFail(Author, ada.id, { populate: ['books'] })).books.length, 2)
    const detached = await writer.find(Author, {}, { disableIdentityMap: true })
    t.not(detached[0], ada)
  })

  await t.test('entities', async (t) => {
    t.equal(writer.getReference(Author, ada.id), ada)
    t.equal(writer.getReference(Author, 4711, { wrapped: true }).id, 4711)
    writer.clear()
    const again = await writer.findOneOrFail(Author, ada.id)
    t.equal(writer.assign(again, { name: 'Ada L.' }), again)
    await writer.flush()
    await writer.nativeUpdate(Author, { id: ada.id }, { name: 'Countess' })
    t.equal((await writer.refresh(again))?.name, 'Countess')
    await writer.populate(again, ['books'])
    t.equal(again.books.length, 2)
    await writer.populate([again], ['books'])
    await writer.lock(again, LockMode.NONE)
    t.equal(writer.map(Author, { id: 99, name: 'Mapped' }).name, 'Mapped')
    t.equal(writer.merge(Author, { id: 98, name: 'Merged' }).id, 98)
    t.ok(writer.canPopulate(Author, 'books'))
    t.strictSame([...writer.getUnitOfWork().getIdentityMap().keys()].length > 0, true)
    writer.clear()
  })

  await t.test('rows', async (t) => {
    await writer.insertMany(Shelf, [{ id: 2, label: 'middle' }, { id: 3, label: 'low' }])
    await writer.upsert(Shelf, { id: 3, label: 'lowest' })
    await writer.upsertMany(Shelf, [{ id: 3, label: 'ground' }, { id: 4, label: 'attic' }])
    t.equal(await writer.nativeDelete(Shelf, { id: 2 }), 1)
    t.strictSame((await writer.find(Shelf, {}, { orderBy: { id: 'asc' }, refresh: true })).map(({ label }) => label), ['top', 'ground', 'attic'])
    t.same(await writer.execute('select label from shelf where id = ?', [4]), [{ label: 'attic' }])
    t.same(await writer.execute('select count(*) as n from shelf', [], 'get'), { n: 3 })
    const kysely = writer.getKysely<{ shelf: { id: number; label: string } }>()
    t.same(await kysely.selectFrom('shelf').select('label').where('id', '=', 1).execute(), [{ label: 'top' }])
    t.equal((await writer.createQueryBuilder(Shelf, 's').where({ 's.id': 1 }).getSingleResult())?.label, 'top')
    const inner = writer.qb(Author, 'a').select('a.id')
    t.equal(await writer.createQueryBuilder(Book, 'b').where({ author: { $in: inner } }).getCount(), 2)
    t.equal(await writer.createQueryBuilder(inner as never, 'sub').select('*').execute().then((rows: unknown[]) => rows.length), 2, 'a query builder instead of an entity')
  })

  await t.test('repositories', async (t) => {
    const repository = writer.getRepository(Author)
    t.ok(repository instanceof AuthorRepository)
    t.equal(repository, writer.getRepository(Author))
    t.equal(repository.getEntityManager(), writer)
    t.equal((await repository.named('Bob')).name, 'Bob')
    t.equal(await writer.getRepository(Shelf).count(), 3)
    await writer.transactional(async (em) => {
      t.equal(em.getRepository(Author).getEntityManager(), em)
      await repository.insert({ name: 'Eve' })
      t.equal(await writer.fork().count(Author, { name: 'Eve' }), database.dialect === 'sqlite' ? 1 : 0, 'a repository of the outer session is in the transaction')
    }, database.dialect === 'sqlite' ? { propagation: 'not_supported' } : {}) // SQLite's only connection would make the fork wait
  })
})

onEachDatabase(t, 'an entity that the engine does not know is an error that names both', async (t, database) => {
  const { writer } = await withWriter(t, database)
  class Stranger {
    id = 1
  }
  const StrangeSchema = new EntitySchema({ name: 'StrangeSchema', properties: { id: { type: 'integer', primary: true } } })
  const known = { code: 'SQLASSIST_ENTITY_UNKNOWN' }
  await t.rejects(writer.find(Stranger, {}), { ...known, message: /Stranger/ })
  await t.rejects(writer.find(StrangeSchema, {}), { ...known, message: /'writer' does not know the entity StrangeSchema/ })
  await t.rejects(writer.count('Nobody' as never), { ...known, message: /Nobody/ })
  t.throws(() => writer.getRepository(Stranger), known)
  t.throws(() => writer.create(Stranger, {}), known)
  t.throws(() => writer.getReference(Stranger, 1 as never), known)
})

onEachDatabase(t, 'forks end with the session', async (t, database) => {
  const { container, writer } = await withWriter(t, database)
  const fork = writer.fork()
  const forkOfFork = fork.fork()
  await container.close()
  for (const em of [fork, forkOfFork]) {
    await t.rejects(em.find(Author, {}), { code: 'SQLASSIST_SESSION_CLOSED' })
    t.throws(() => em.persist(new Author('Ada')), { code: 'SQLASSIST_SESSION_CLOSED' })
    t.throws(() => em.fork(), { code: 'SQLASSIST_SESSION_CLOSED' })
  }
})

onEachDatabase(t, 'after the end: what reaches the database is refused, what looks at entities still works', async (t, database) => {
  const { container, writer } = await withWriter(t, database)
  const ada = new Author('Ada')
  const engines = bookBy(ada, 'Engines')
  await writer.persistAndFlush(ada)
  writer.clear()
  const lazy = await writer.findOneOrFail(Book, engines.id)
  const lazyAuthor = await writer.fork().findOneOrFail(Author, ada.id)
  const repository = writer.getRepository(Author)
  const builder = writer.createQueryBuilder(Author)
  const ofDriver = writer.getDriver().createQueryBuilder(Author)
  const { id } = writer
  await container.close()

  const closed = { code: 'SQLASSIST_SESSION_CLOSED', message: /writer#\d+/ }
  const uses: Record<string, () => unknown> = {
    find: async () => await writer.find(Author, {}),
    repository: async () => await repository.findAll(),
    flush: async () => await writer.flush(),
    persistAndFlush: async () => await writer.persistAndFlush(new Author('Bob')),
    begin: async () => await writer.begin(),
    commit: async () => await writer.commit(),
    rollback: async () => await writer.rollback(),
    transactional: async () => await writer.transactional(async () => {}),
    execute: async () => await writer.execute('select 1'),
    insert: async () => await writer.insert(Author, { name: 'Bob' }),
    nativeUpdate: async () => await writer.nativeUpdate(Author, {}, { name: 'Bob' }),
    stream: async () => { for await (const _ of writer.stream(Author)) break },
    'a lazy collection': async () => await lazyAuthor.books.loadItems(),
    'a lazy reference': async () => await lazy.author.load(),
    'wrap().init()': async () => await wrap(lazyAuthor).init(),
    'a query builder made before': async () => await builder.execute(),
    'one that the driver has made': async () => await ofDriver.execute(),
    refresh: async () => await writer.refresh(lazyAuthor),
  }
  for (const [name, use] of Object.entries(uses)) await t.rejects(use() as Promise<unknown>, closed, name)
  const throwing: Record<string, () => unknown> = {
    clear: () => writer.clear(),
    create: () => writer.create(Author, { name: 'Bob' }),
    merge: () => writer.merge(Author, { id: 7, name: 'Bob' }),
    getReference: () => writer.getReference(Author, 7),
    getKysely: () => writer.getKysely(),
    createQueryBuilder: () => writer.createQueryBuilder(Author),
    getConnection: () => writer.getConnection(),
    getDriver: () => writer.getDriver(),
    getRepository: () => writer.getRepository(Author),
  }
  for (const [name, use] of Object.entries(throwing)) t.throws(use, closed, name)
  await t.rejects(writer.getUnitOfWork().commit(), closed)

  t.equal(writer.id, id)
  t.match(inspect(writer), /^\[session writer#\d+, closed\]$/)
  t.match(inspect({ writer }), /closed/)
  t.same(wrap(lazyAuthor).toObject(), { id: ada.id, name: 'Ada' })
  t.equal(JSON.parse(JSON.stringify(lazyAuthor)).name, 'Ada')
  t.match(JSON.stringify(lazy), /Engines/)
  t.equal(serialize(lazy, { populate: [] }).title, 'Engines')
  wrap(lazyAuthor).assign({ name: 'Ada L.' })
  t.equal(lazyAuthor.name, 'Ada L.')
  t.match(inspect(lazyAuthor), /Ada L\./)
  t.ok(helper(lazyAuthor).isInitialized())
})

t.test('its methods have their names, and can be replaced, as by a spy', async (t) => {
  const { writer } = await withWriter(t, await sqlite(t))
  for (const name of ['find', 'persist', 'insert', 'merge', 'flush', 'transactional', 'getKysely'] as const) {
    t.equal(writer[name].name, name)
    t.match(Object.getOwnPropertyDescriptor(Object.getPrototypeOf(writer), name), { configurable: true, enumerable: false, writable: true }, 'as in any class')
  }
  const { count } = writer
  writer.count = async () => 7
  t.equal(await writer.count(Author), 7)
  writer.count = count
  t.equal(await writer.count(Author), 0)
  const builder = writer.createQueryBuilder(Author)
  builder.execute = async () => [] as never
  t.strictSame(await builder.execute(), [])
})

onEachDatabase(t, 'a stream whose session ends before its first row was asked for sends nothing', async (t, database) => {
  const { container, writer } = await withWriter(t, database)
  await writer.persistAndFlush(new Author('Ada'))
  const sent: string[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:start', ({ sql }) => void sent.push(sql)))
  const streams = [writer.stream(Author), writer.createQueryBuilder(Author).stream(), writer.getDriver().createQueryBuilder(Author).stream()]
  const asked = streams.map(async (rows) => await rows.next())
  await Promise.all([...asked.map(async (first) => await t.rejects(first, { code: 'SQLASSIST_SESSION_CLOSED' })), container.close()])
  t.strictSame(sent, [])
})

t.test('an open session shows itself by its name', async (t) => {
  const { db, writer } = await withWriter(t, await sqlite(t))
  t.match(inspect(writer), /^\[session writer#\d+\]$/)
  t.match(inspect(writer.fork()), /^\[session writer#\d+\]$/)
  t.match(inspect(db.engine('writer').orm.em), /^\[EntityManager<\d+>\]$/)
})

onEachDatabase(t, 'sessions start as the engine says', async (t, database) => {
  const filters = { named: { name: 'named', cond: ({ name }: { name: string }) => ({ name }), entity: ['Author'], default: false } }
  const db = await assist(t, {
    lazy: { config: database.config(), fork: { flushMode: FlushMode.COMMIT, loggerContext: { team: 'library' } } },
    only: { config: database.config({ filters } as never), readonly: true, fork: (info) => ({ filters: { named: { name: (info as { name?: string }).name } } }) },
  })
  await using session = db.session({ info: { name: 'Bob' } as object })
  const lazy = session.get('lazy' as 'writer')
  lazy.persist([new Author('Ada'), new Author('Bob')])
  t.equal(await lazy.count(Author), 0, 'a read does not flush')
  await lazy.flush()
  t.equal(lazy.getLoggerContext()['team'], 'library')
  const only = session.get('only' as 'writer')
  t.strictSame((await only.find(Author, {})).map(({ name }) => name), ['Bob'])
  t.equal(await only.count(Author, {}, { filters: false }), 2)
  t.equal(await only.count(Author, {}, { filters: { named: { name: 'Ada' } } }), 1)
  t.equal(await only.count(Author, {}, { filters: ['named'] }), 1)
  t.equal(await only.fork().count(Author), 1, 'forks too')
})

onEachDatabase(t, 'what the driver and its connection answer at once, they answer at once', async (t, database) => {
  const { writer } = await withWriter(t, database)
  const platform = writer.config.getPlatform()
  t.equal(writer.getConnection().getPlatform(), platform)
  t.equal(writer.getDriver().getPlatform(), platform)
  t.equal(writer.getDriver().config, writer.config)
})
