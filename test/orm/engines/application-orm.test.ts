// MikroORM instances that the application has made itself.
import { inspect } from 'node:util'
import t from 'tap'
import type { Dictionary, Options } from '@mikro-orm/core'
import { MikroORM as SqliteORM, SqliteDriver } from '@mikro-orm/sqlite'
import { MikroORM, PostgreSqlDriver, type Options as PostgreSqlOptions, SqlEntityManager } from '@mikro-orm/postgresql'
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import { createSqlAssist, sqlAssistConfig } from 'fastify-sqlassist/orm'
import { asSuperuser, postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { Book, connectionsTo, disconnected, errorOf, onPostgres, onSqlite, Shelf, untyped } from './library.ts'

abstract class Dated {
  @Property({ type: 'Date' })
  createdAt: Date = new Date()
}

@Entity()
class Visit extends Dated {
  @PrimaryKey({ type: 'integer' })
  id!: number
}

@Entity()
class Loan extends Dated {
  @PrimaryKey({ type: 'integer' })
  id!: number
}

const url = await postgresDatabase(t)
const initialised = async (options: PostgreSqlOptions): Promise<MikroORM> => await MikroORM.init(options)
{
  const orm = await initialised(onPostgres(url))
  await orm.schema.update()
  await orm.close()
}

t.test('made with sqlAssistConfig: all guarantees', async (t) => {
  const writer = await initialised(sqlAssistConfig('writer', onPostgres(url)))
  const reader = await initialised(sqlAssistConfig('reader', onPostgres(url)))
  const sqlassist = await createSqlAssist({ engines: { writer: { orm: writer, dispose: true }, reader: { orm: reader, readonly: true, dispose: true } } })
  t.equal(sqlassist.engine('writer').orm, writer)
  t.equal(await connectionsTo(url), 0)
  {
    await using session = sqlassist.session()
    const shelf = session.writer.create(Shelf, { label: 'shared class' })
    await session.writer.flush()
    t.match(await session.reader.findOneOrFail(Shelf, shelf.id), { label: 'shared class' })
    t.equal((await errorOf(() => untyped(session.reader).persist(new Book('x')))).code, 'SQLASSIST_READONLY_ENGINE')
    const direct = reader.em.fork() as SqlEntityManager
    t.equal((await errorOf(async () => await direct.execute(`insert into shelf (label) values ('x')`))).code, '25006', 'the database refuses too, past any session')
    t.match(sqlassist.stats()['writer']!.pool, { total: 1, max: 10 })
  }
  await sqlassist.dispose()
  t.equal((await errorOf(async () => await (writer.em.fork() as SqlEntityManager).execute('select 1'))).code, 'SQLASSIST_DISPOSED')
})

t.test('one that is connected already cannot become readonly any more', async (t) => {
  const orm = await initialised(sqlAssistConfig('reader', onPostgres(url)))
  t.teardown(async () => await orm.close(true))
  await orm.connect()
  const error = await errorOf(async () => await createSqlAssist({ engines: { reader: { orm, readonly: true } } }))
  t.equal(error.code, 'SQLASSIST_ORM_CONNECTED')
  t.match(error.message, /sqlAssistConfig\('reader', options, \{ readonly: true \}\)/)
})

t.test('one that was made readonly may be connected', async (t) => {
  const orm = await initialised(sqlAssistConfig('reader', onPostgres(url), { readonly: true }))
  await orm.connect()
  await using sqlassist = await createSqlAssist({ engines: { reader: { orm, readonly: true, dispose: true } } })
  await using session = sqlassist.session()
  t.type(await session.reader.count(Shelf), 'number')
  const error = await errorOf(async () => await (orm.em.fork() as SqlEntityManager).execute('create table made_readonly (id int)'))
  t.equal(error.code, '25006')
})

t.test('rights of one MikroORM are the same in all its engines', async (t) => {
  const orm = await initialised(sqlAssistConfig('writer', onPostgres(url)))
  const readonly = await initialised(sqlAssistConfig('reader', onPostgres(url), { readonly: true }))
  t.teardown(async () => await Promise.all([orm.close(true), readonly.close(true)]))
  const twice = await errorOf(async () => await createSqlAssist({ engines: { writer: { orm }, reader: { orm, readonly: true } } }))
  t.match(twice, { code: 'SQLASSIST_INVALID_OPTIONS', message: /'engines.reader.orm' is the MikroORM of a writable engine too/ })
  const wider = await errorOf(async () => await createSqlAssist({ engines: { reader: { orm: readonly } } }))
  t.match(wider, { code: 'SQLASSIST_INVALID_OPTIONS', message: /'engines.reader.orm' was made readonly/ })

  const sqlassist = await createSqlAssist({ engines: { writer: { orm }, again: { orm } } })
  const later = await errorOf(async () => await createSqlAssist({ engines: { reader: { orm, readonly: true } } }))
  t.match(later, { code: 'SQLASSIST_INVALID_OPTIONS', message: /writable engine too/ })
  {
    await using session = sqlassist.session()
    session.writer.create(Shelf, { label: 'still writable' })
    await session.writer.flush()
    t.equal(await session.again.count(Shelf, { label: 'still writable' }), 1)
  }
  await sqlassist.dispose()
})

t.test('made without sqlAssistConfig', async (t) => {
  t.test('is accepted and never patched', async (t) => {
    const orm = await initialised(onPostgres(url))
    const snapshot = (): string =>
      [orm, orm.em, orm.driver, orm.config, orm.driver.getConnection(), orm.em.getEventManager(), orm.getMetadata()]
        .map((part) => {
          const prototypes = [part, Object.getPrototypeOf(part), Object.getPrototypeOf(Object.getPrototypeOf(part))] as object[]
          return prototypes.map((object) => inspect(Object.getOwnPropertyDescriptors(object), { depth: 4, showHidden: true })).join('\n')
        })
        .join('\n')
    const prototypes = [orm, orm.em, orm.driver].map((part) => Object.getPrototypeOf(part) as unknown)
    await orm.connect()
    const before = snapshot()
    const sqlassist = await createSqlAssist({ engines: { writer: { orm } } })
    const session = sqlassist.session()
    session.writer.create(Shelf, { label: 'plain' })
    await session.writer.flush()
    await session.writer.transactional(async (em) => await em.count(Shelf))
    await session.close()
    t.equal(snapshot(), before)
    t.strictSame([orm, orm.em, orm.driver].map((part) => Object.getPrototypeOf(part) as unknown), prototypes)
    t.notOk('persistAndFlush' in orm.em)
    await sqlassist.dispose()
    t.equal(await orm.em.fork().count(Shelf, { label: 'plain' }), 1, 'and it is not closed')
    await orm.close()
  })

  t.test('has sessions that end, and own their entities', async (t) => {
    const orm = await initialised(onPostgres(url))
    t.teardown(async () => await orm.close(true))
    await using sqlassist = await createSqlAssist({ engines: { writer: { orm } } })
    const mine = sqlassist.session({ info: { job: 'mine' } as object })
    const theirs = sqlassist.session()
    const shelf = mine.writer.create(Shelf, { label: 'owned' })
    await mine.writer.persistAndFlush(shelf)
    t.match(mine.writer, { engineName: 'writer', info: { job: 'mine' } })
    t.type(mine.writer, SqlEntityManager)
    t.equal((await errorOf(() => theirs.writer.persist(shelf))).code, 'SQLASSIST_ENTITY_OF_ANOTHER_SESSION')
    const related = theirs.writer.create(Book, { title: 'Odes', lent: false })
    related.shelf = shelf
    t.equal((await errorOf(async () => await theirs.writer.flush())).code, 'SQLASSIST_ENTITY_OF_ANOTHER_SESSION', 'found at the flush, by our subscriber')
    t.equal((await errorOf(async () => await mine.writer.count(Visit))).code, 'SQLASSIST_ENTITY_UNKNOWN')
    await theirs.close()
    await mine.writer.begin()
    const { writer } = mine
    await mine.close()
    t.equal((await errorOf(async () => await writer.count(Shelf))).code, 'SQLASSIST_SESSION_CLOSED')
    const [open] = await asSuperuser<{ n: number }>(url, `select count(*)::int as n from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`)
    t.equal(open!.n, 0)
    t.equal(sqlassist.stats()['writer']!.pool, null, 'its pool is not ours to look at')
  })

  t.test("has the application's filters, parameters and subscribers", async (t) => {
    const seen: string[] = []
    const orm = await initialised(onPostgres(url, { allowGlobalContext: true, subscribers: [{ afterFlush: () => void seen.push('from the options') }] }))
    t.teardown(async () => await orm.close(true))
    orm.em.addFilter({ name: 'onlyLabelled', cond: (args: Dictionary) => ({ label: String(args['label']) }), entity: Shelf, args: true })
    orm.em.getEventManager().registerSubscriber({ afterFlush: () => void seen.push('added later') })
    await using sqlassist = await createSqlAssist({ engines: { writer: { orm } } })
    orm.em.setFilterParams('onlyLabelled', { label: 'seen' })
    await using session = sqlassist.session()
    for (const label of ['seen', 'hidden']) session.writer.create(Shelf, { label })
    await session.writer.flush()
    t.same((await session.writer.findAll(Shelf)).map(({ label }) => label), ['seen'])
    t.same(seen, ['from the options', 'added later'])
  })

  t.test('is closed only if the application says so', async (t) => {
    const orm = await initialised(onPostgres(url, { pool: { max: 2 } }))
    const sqlassist = await createSqlAssist({ engines: { writer: { orm, dispose: true } } })
    await orm.connect()
    await sqlassist.dispose()
    t.equal(await orm.isConnected(), false)
    t.equal((await errorOf(async () => await (orm.em.fork() as SqlEntityManager).execute('select 1'))).code, 'SQLASSIST_DISPOSED')
    t.ok(await disconnected(url))
  })

  t.test('cannot be readonly', async (t) => {
    const orm = await initialised(onPostgres(url))
    t.teardown(async () => await orm.close())
    const error = await errorOf(async () => await createSqlAssist({ engines: { reader: { orm, readonly: true } } }))
    t.equal(error.code, 'SQLASSIST_ORM_WITHOUT_CONFIG')
    t.match(error.message, /MikroORM\.init\(sqlAssistConfig\('reader', /)
  })

  t.test('cannot share an entity class with another engine', async (t) => {
    const orm = await initialised(onPostgres(url))
    const another = await initialised(onPostgres(url))
    const guaranteed = await initialised(sqlAssistConfig('other', onPostgres(url)))
    t.teardown(async () => await Promise.all([orm, another, guaranteed].map(async (each) => await each.close())))
    const others = {
      'options that list it': { config: onPostgres(url, { entities: [Shelf, Book] }) },
      'options that refer to it': { config: onPostgres(url, { entities: [Book] }) },
      'another driver': { config: onSqlite(sqliteFile(t)) },
      'a guaranteed MikroORM': { orm: guaranteed },
      'another plain one': { orm: another },
    }
    for (const [what, other] of Object.entries(others)) {
      const error = await errorOf(async () => await createSqlAssist({ engines: { writer: { orm }, other } }))
      t.equal(error.code, 'SQLASSIST_ORM_WITHOUT_CONFIG', what)
      t.match(error.message, /engine 'writer' .* shares the entity class (?:Shelf|Book) with engine 'other'/, what)
    }
  })

  t.test('a class that only discovery finds is found as well', async (t) => {
    const orm = await initialised(onPostgres(url, { entities: [Shelf] }))
    t.teardown(async () => await orm.close())
    const other = { config: onPostgres(url, { entities: [Shelf] }) }
    const folder = onPostgres(url, { entities: [`${import.meta.dirname}/library.ts`], preferTs: true, entitiesTs: [`${import.meta.dirname}/library.ts`] })
    t.equal((await errorOf(async () => await createSqlAssist({ engines: { writer: { orm }, other } }))).code, 'SQLASSIST_ORM_WITHOUT_CONFIG')
    t.equal((await errorOf(async () => await createSqlAssist({ engines: { writer: { orm }, other: { config: folder } } }))).code, 'SQLASSIST_ORM_WITHOUT_CONFIG')
  })

  t.test('an abstract base class may be shared', async (t) => {
    const orm = await initialised(onPostgres(url, { entities: [Dated, Visit] }))
    t.teardown(async () => await orm.close(true))
    await orm.schema.update({ safe: true })
    await using sqlassist = await createSqlAssist({ engines: { visits: { orm }, loans: { config: onPostgres(url, { entities: [Dated, Loan] }) } } })
    await sqlassist.engine('loans').orm.schema.update({ safe: true })
    await using session = sqlassist.session()
    await session.visits.persistAndFlush(new Visit())
    await session.loans.persistAndFlush(new Loan())
    await using later = sqlassist.session()
    t.type((await later.visits.findOneOrFail(Visit, 1)).createdAt, Date)
    t.type((await later.loans.findOneOrFail(Loan, 1)).createdAt, Date)
  })

  t.test('and of SQLite: likewise', async (t) => {
    const orm = await SqliteORM.init(onSqlite(sqliteFile(t)))
    await orm.schema.create()
    await using sqlassist = await createSqlAssist({ engines: { writer: { orm, dispose: true } } })
    await using session = sqlassist.session()
    await session.writer.transactional(async () => await session.writer.persistAndFlush(new Book('Odes')))
    t.equal(await session.writer.count(Book), 1)
  })
})

t.test('sqlAssistConfig checks what it is given', async (t) => {
  t.match(await errorOf(() => sqlAssistConfig('writer', { dbName: 'x' })), { code: 'SQLASSIST_INVALID_OPTIONS', message: /'sqlAssistConfig\('writer'\)' has no driver/ })
  t.match(await errorOf(() => sqlAssistConfig('writer', { driver: PostgreSqlDriver, replicas: [{ name: 'near' }] })), { message: /replicas' is refused/ })
  const options: Partial<Options> = { driver: SqliteDriver, dbName: ':memory:', entities: [Shelf] }
  const before = { ...options }
  t.not(sqlAssistConfig('writer', options).contextName, sqlAssistConfig('writer', options).contextName)
  t.same(options, before, 'and changes none of it')
})
