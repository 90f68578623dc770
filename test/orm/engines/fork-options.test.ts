// How sessions of an engine are made: option `fork`.
import t from 'tap'
import { FlushMode } from '@mikro-orm/core'
import { createSqlAssist, type EngineOptions, type SessionInfo } from 'fastify-sqlassist/orm'
import { asSuperuser, postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { Book, errorOf, onPostgres, onSqlite, Shelf } from './library.ts'

const library = async (fork: EngineOptions['fork']) => {
  const sqlassist = await createSqlAssist({ engines: { writer: { config: onSqlite(sqliteFile(t)), ...(fork && { fork }) } } })
  t.teardown(async () => await sqlassist.dispose())
  await sqlassist.engine().orm.schema.create()
  const shelf = { id: 1, label: 'poetry' }
  const em = sqlassist.engine().orm.em.fork()
  await em.insert(Shelf, shelf)
  await em.insertMany(Book, [{ title: 'Odes', lent: false, shelf: 1 }, { title: 'Odes', lent: true, shelf: 1 }, { title: 'Emma', lent: false, shelf: 1 }] as never)
  return sqlassist
}

t.test('flushMode', async (t) => {
  const sqlassist = await library({ flushMode: FlushMode.ALWAYS })
  await using session = sqlassist.session()
  session.writer.create(Shelf, { label: 'drama' })
  t.equal((await session.writer.find(Shelf, { label: 'drama' })).length, 1, 'the query flushes first')
  const plain = await library({ flushMode: FlushMode.COMMIT })
  await using other = plain.session()
  other.writer.create(Shelf, { label: 'drama' })
  t.equal((await other.writer.find(Shelf, { label: 'drama' })).length, 0)
})

t.test('filters: defaults of every query of the session', async (t) => {
  const sqlassist = await library({ filters: { lent: true } })
  const titles = async (fn: (session: ReturnType<typeof sqlassist.session>) => Promise<readonly Book[]>): Promise<string[]> => {
    await using session = sqlassist.session()
    return (await fn(session)).map(({ title, lent }) => `${title}${lent ? ' (lent)' : ''}`).toSorted()
  }
  const unlent = ['Emma', 'Odes']
  const all = ['Emma', 'Odes', 'Odes (lent)']
  t.same(await titles(async ({ writer }) => await writer.find(Book, {})), unlent, 'find')
  t.same(await titles(async ({ writer }) => await writer.findAll(Book)), unlent, 'findAll')
  t.same(await titles(async ({ writer }) => (await writer.findAndCount(Book, {}))[0]), unlent, 'findAndCount')
  t.same(await titles(async ({ writer }) => [...(await writer.findByCursor(Book, { first: 9, orderBy: { id: 'asc' } })).items]), unlent, 'findByCursor')
  t.same(await titles(async ({ writer }) => await writer.getRepository(Book).findAll()), unlent, 'a repository')
  t.same(await titles(async ({ writer }) => (await writer.findOneOrFail(Shelf, 1, { populate: ['books'] })).books.getItems()), unlent, 'populate')
  t.same(await titles(async ({ writer }) => await (await writer.findOneOrFail(Shelf, 1)).books.loadItems()), unlent, 'a collection, later')
  t.same(await titles(async ({ writer }) => await writer.transactional(async (em) => await em.find(Book, {}))), unlent, 'in a transaction')
  t.same(await titles(async ({ writer }) => await writer.fork().find(Book, {})), unlent, 'in a fork')
  t.same(await titles(async ({ writer }) => {
    const found: Book[] = []
    for await (const book of writer.stream(Book)) found.push(book)
    return found
  }), unlent, 'stream')

  t.same(await titles(async ({ writer }) => await writer.find(Book, {}, { filters: { lent: false } })), all, 'one query without it')
  t.same(await titles(async ({ writer }) => await writer.find(Book, {}, { filters: false })), all, 'one query without any')
  t.same(await titles(async ({ writer }) => await writer.find(Book, {}, { filters: true })), unlent, 'true keeps the defaults')
  t.same(await titles(async ({ writer }) => await writer.find(Book, {}, { filters: ['lent'] })), unlent, 'an array that names it')
  t.same(await titles(async ({ writer }) => await writer.find(Book, {}, { filters: [] })), unlent, 'an empty array adds nothing')
  t.same(await titles(async ({ writer }) => await writer.find(Book, {}, { filters: { titled: { title: 'Emma' } } })), ['Emma'], 'another one beside it')

  await using session = sqlassist.session()
  t.equal(await session.writer.count(Book), 2, 'count')
  t.equal(await session.writer.nativeUpdate(Book, {}, { notes: 'seen' }), 2, 'nativeUpdate')
  t.equal(await session.writer.nativeDelete(Book, {}), 2, 'nativeDelete')
  t.equal(await session.writer.count(Book, {}, { filters: false }), 1)
})

t.test('filters with parameters, and several', async (t) => {
  const sqlassist = await library({ filters: { lent: true, titled: { title: 'Odes' } } })
  await using session = sqlassist.session()
  t.equal(await session.writer.count(Book), 1)
  t.equal(await session.writer.count(Book, {}, { filters: { lent: false } }), 2, 'only one of them off')
  t.equal(await session.writer.count(Book, {}, { filters: { titled: { title: 'Emma' } } }), 1, 'another parameter')
})

t.test('a filter that is on by default in MikroORM can be off here', async (t) => {
  const filters = { hidden: { name: 'hidden', cond: { title: { $ne: 'Emma' } }, entity: ['Book'], default: true } }
  await using sqlassist = await createSqlAssist({
    engines: { on: { config: onSqlite(sqliteFile(t), { filters } as never) }, off: { config: onSqlite(sqliteFile(t, 'off.sqlite'), { filters } as never), fork: { filters: { hidden: false } } } },
  })
  const counts: number[] = []
  for (const name of ['on', 'off'] as const) {
    await sqlassist.engine(name).orm.schema.create()
    await using session = sqlassist.session()
    await session[name].insertMany(Book, [{ title: 'Emma', lent: false }, { title: 'Odes', lent: false }])
    counts.push(await session[name].count(Book))
  }
  t.same(counts, [1, 2])
})

t.test('loggerContext', async (t) => {
  const contexts: unknown[] = []
  const config = onSqlite(':memory:', {
    debug: ['query'],
    loggerFactory: () => ({ log() {}, error() {}, warn() {}, setDebugMode() {}, isEnabled: () => true, logQuery: (context: unknown) => void contexts.push(context) }),
  })
  await using sqlassist = await createSqlAssist({ engines: { writer: { config, fork: { loggerContext: { component: 'library' } } } } })
  await sqlassist.engine().orm.schema.create()
  contexts.length = 0
  await using session = sqlassist.session()
  await session.writer.count(Shelf)
  t.match(contexts, [{ component: 'library', query: /select count/ }])
})

t.test('a function, called once per session with its info', async (t) => {
  const calls: SessionInfo[] = []
  const sqlassist = await library((info) => {
    calls.push(info)
    const { title } = info as { title?: string }
    return title === undefined ? {} : { filters: { titled: { title } } }
  })
  {
    const info = { title: 'Emma' }
    await using session = sqlassist.session({ info } as never)
    t.same(calls, [], 'not before the engine is touched')
    t.equal(await session.writer.count(Book), 1)
    t.equal(await session.writer.transactional(async () => await session.writer.count(Book)), 1)
    t.equal(await session.writer.fork().count(Book), 1)
    t.strictSame(calls, [info])
    t.equal(calls[0], info)
  }
  await using session = sqlassist.session()
  t.equal(await session.writer.count(Book), 3)
  t.equal(calls.length, 2)
})

t.test('what a function returns is checked', async (t) => {
  for (const [options, message] of [[7, /'engines.writer.fork' must be fork options/], [Promise.resolve({}), /must be fork options/], [{ clear: false }, /'engines.writer.fork.clear' is unknown/], [{ filters: 'lent' }, /fork.filters' must be/]] as const) {
    const sqlassist = await library((() => options) as never)
    await using session = sqlassist.session()
    t.match(await errorOf(() => session.writer), { code: 'SQLASSIST_INVALID_OPTIONS', message })
    t.equal(session.status.writer, 'INIT')
  }
  const sqlassist = await library((() => undefined) as never)
  await using session = sqlassist.session()
  t.equal(await session.writer.count(Book), 3, 'nothing is fine')
})

t.test('a function that throws: no session, and its error', async (t) => {
  const sqlassist = await library(() => {
    throw new Error('no tenant')
  })
  await using session = sqlassist.session()
  t.match(await errorOf(() => session.writer), { message: 'no tenant' })
  t.match(sqlassist.stats()['writer'], { sessions: { open: 0, opened: 0 } })
})

t.test('schema, by request', async (t) => {
  const url = await postgresDatabase(t)
  for (const tenant of ['north', 'south']) {
    await asSuperuser(url, `create schema ${tenant}; create table ${tenant}.shelf (id serial primary key, label varchar(255) not null)`)
    await asSuperuser(url, `insert into ${tenant}.shelf (label) values ('${tenant}')`)
  }
  await using sqlassist = await createSqlAssist({
    engines: { writer: { config: onPostgres(url), fork: (info) => ({ schema: (info as { tenant: string }).tenant }) } },
  })
  const labels = await Promise.all(['north', 'south'].map(async (tenant) => {
    await using session = sqlassist.session({ info: { tenant } } as never)
    return (await session.writer.findAll(Shelf)).map(({ label }) => label)
  }))
  t.same(labels, [['north'], ['south']])
})

t.test('disableTransactions', async (t) => {
  const sqlassist = await library({ disableTransactions: true })
  await using session = sqlassist.session()
  await session.writer.begin()
  t.equal(session.writer.isInTransaction(), false)
  await session.writer.transactional(async (em) => void em.create(Shelf, { label: 'drama' }))
  t.equal(await session.writer.count(Shelf), 2)
})
