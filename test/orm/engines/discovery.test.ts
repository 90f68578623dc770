// Entities are discovered at registration, once for all engines that agree on them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { defineEntity, EntityCaseNamingStrategy, p } from '@mikro-orm/core'
import { Entity, ManyToOne, PrimaryKey } from '@mikro-orm/decorators/es'
import { Migration, Migrator } from '@mikro-orm/migrations'
import type { Options as PostgreSqlOptions } from '@mikro-orm/postgresql'
import type { SqlEntityManager } from '@mikro-orm/sql'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import { postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { Book, entities, errorOf, onPostgres, onSqlite, Shelf } from './library.ts'

const url = await postgresDatabase(t)

class Stranger {}

@Entity()
class Orphan {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @ManyToOne(() => Stranger)
  parent!: Stranger
}

t.test('a wrong model fails at registration, and says which engine', async (t) => {
  const error = await errorOf(async () => {
    await createSqlAssist({ engines: { writer: { config: onPostgres(url) }, audit: { config: onPostgres(url, { entities: [Orphan] }) } } })
  })
  t.equal(error.code, 'SQLASSIST_DISCOVERY_FAILED')
  t.match(error.message, /^The entities of engine 'audit' could not be discovered: .*Orphan\.parent/)
  t.match(error.cause, { name: 'MetadataError' })
  t.ok(error.message.includes((error.cause as Error).message))
})

t.test('after that a right one can be registered', async (t) => {
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onPostgres(url) } } })
  await sqlassist.engine().orm.schema.update()
  await using session = sqlassist.session()
  t.equal(await session.writer.count(Book), 0)
})

t.test("discovery: 'deferred'", async (t) => {
  t.test('makes nothing before the first use', async (t) => {
    await using sqlassist = await createSqlAssist({
      engines: { writer: { config: onPostgres(url) }, audit: { config: onPostgres(url, { entities: [Orphan] }) } },
      discovery: 'deferred',
    })
    t.same(sqlassist.stats()['audit'], { pool: null, sessions: { open: 0, opened: 0, closed: 0 } })
    await using session = sqlassist.session()
    t.equal(await session.writer.count(Book), 0)
    for (const attempt of ['first', 'second']) {
      const error = await errorOf(() => session.get('audit' as never))
      t.match(error, { code: 'SQLASSIST_DISCOVERY_FAILED', message: /engine 'audit'/ }, `${attempt} use`)
      t.match(error.cause, { name: 'MetadataError' })
    }
    t.match(session.status, { writer: 'START', audit: 'INIT' })
  })

  t.test('shares metadata too', async (t) => {
    await using sqlassist = await createSqlAssist({
      engines: { reader: { config: onPostgres(url), readonly: true }, writer: { config: onPostgres(url) } },
      discovery: 'deferred',
    })
    t.equal(sqlassist.engine('writer').orm.getMetadata(), sqlassist.engine('reader').orm.getMetadata())
    await using session = sqlassist.session()
    t.equal(await session.reader.count(Book), 0)
  })

  t.test('cannot read folders: they are refused at registration', async (t) => {
    const error = await errorOf(async () => {
      await createSqlAssist({ engines: { writer: { config: onPostgres(url, { entities: ['./entities'] }) } }, discovery: 'deferred' })
    })
    t.equal(error.code, 'SQLASSIST_INVALID_OPTIONS')
    t.match(error.message, /'engines.writer.config.entities' holds a path/)
  })

  t.test('an engine that was never used is never made, not even after the end', async (t) => {
    const sqlassist = await createSqlAssist({ engines: { writer: { config: onPostgres(url) } }, discovery: 'deferred' })
    await sqlassist.dispose()
    t.equal((await errorOf(() => sqlassist.engine().orm)).code, 'SQLASSIST_DISPOSED')
  })
})

t.test('entities by path are found at registration', async (t) => {
  const folder = join(dirname(sqliteFile(t)), 'entities')
  mkdirSync(folder)
  const core = import.meta.resolve('@mikro-orm/core')
  writeFileSync(join(folder, 'note.mjs'), `import { defineEntity, p } from '${core}'\nexport const Note = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } })\n`)
  const config = onPostgres(url, { entities: [`${folder}/*.mjs`], preferTs: false })
  await using sqlassist = await createSqlAssist({ engines: { reader: { config, readonly: true }, writer: { config: { ...config } } } })
  t.same([...sqlassist.engine('writer').orm.getMetadata()].map((meta) => meta.className), ['Note'])
  t.equal(sqlassist.engine('writer').orm.getMetadata(), sqlassist.engine('reader').orm.getMetadata())
})

t.test('engines of one driver that agree share their metadata', async (t) => {
  await using sqlassist = await createSqlAssist({
    engines: {
      reader: { config: onPostgres(url), readonly: true },
      writer: { config: onPostgres(url, { entities: [...entities].toReversed(), pool: { max: 2 }, debug: false }) },
      spelled: { config: onPostgres(url, { discovery: {}, embeddables: { prefixMode: 'relative' } }) },
      spelledAgain: { config: onPostgres(url, { discovery: {}, embeddables: { prefixMode: 'relative' } }) },
      named: { config: onPostgres(url, { namingStrategy: EntityCaseNamingStrategy }) },
      fewer: { config: onPostgres(url, { entities: [defineEntity({ name: 'Note', properties: { id: p.integer().primary() } })] }) },
      forced: { config: onPostgres(url, { forceEntityConstructor: true }) },
      file: { config: onSqlite(sqliteFile(t)) },
    },
  })
  const metadata = (name: string): unknown => sqlassist.engine(name as 'reader').orm.getMetadata()
  t.equal(metadata('writer'), metadata('reader'), 'the order of entities, the pool and logging do not matter')
  t.equal(metadata('spelledAgain'), metadata('spelled'), 'options are compared by value')
  const different = ['reader', 'spelled', 'named', 'fewer', 'forced', 'file']
  t.equal(new Set(different.map(metadata)).size, different.length, 'discovery, naming, entities, constructors and driver do matter')
  t.equal(sqlassist.engine('writer').orm.getMetadata(Book), sqlassist.engine('reader').orm.getMetadata(Book))
})

const titled = (title: RegExp): PostgreSqlOptions => onPostgres(url, { filters: { titled: { name: 'titled', cond: { title }, entity: ['Book'], default: true } } } as never)

t.test('options that hold objects of a class are not compared by what can be seen of them', async (t) => {
  await using sqlassist = await createSqlAssist({ engines: { odes: { config: titled(/Odes/) }, epics: { config: titled(/Epics/) } } })
  t.not(sqlassist.engine('odes').orm.getMetadata(), sqlassist.engine('epics').orm.getMetadata())
  await sqlassist.engine('odes').orm.schema.update()
  await using session = sqlassist.session()
  await session.odes.insertMany(Book, [{ title: 'Odes', lent: false }, { title: 'Epics', lent: false }])
  t.strictSame((await session.odes.find(Book, {})).map(({ title }) => title), ['Odes'])
  t.strictSame((await session.epics.find(Book, {})).map(({ title }) => title), ['Epics'])
  await session.odes.nativeDelete(Book, {}, { filters: false })
})

t.test('the global EntityManager is refused for work, also that of an engine that shares metadata', async (t) => {
  await using sqlassist = await createSqlAssist({ engines: { first: { config: onPostgres(url) }, second: { config: onPostgres(url) } } })
  t.equal(sqlassist.engine('second').orm.getMetadata(), sqlassist.engine('first').orm.getMetadata())
  for (const name of ['first', 'second'] as const) await t.rejects(sqlassist.engine(name).orm.em.find(Book, {}), /global EntityManager/, name)
})

t.test('an engine that shares metadata has its schema generator and its migrator', async (t) => {
  let tables = ''
  class MakeTables extends Migration {
    override up(): void {
      this.addSql(tables)
    }
  }
  const fresh = await postgresDatabase(t)
  const config = (options = {}): PostgreSqlOptions => onPostgres(fresh, { migrations: { snapshot: false, migrationsList: [MakeTables] }, ...options })
  await using sqlassist = await createSqlAssist({ engines: { first: { config: config() }, second: { config: config({ extensions: [Migrator] }) }, third: { config: config() } } })
  const { orm } = sqlassist.engine('second')
  t.equal(orm.getMetadata(), sqlassist.engine('first').orm.getMetadata())
  tables = await orm.schema.getCreateSchemaSQL()
  t.match(tables, /create table "book"/)
  await sqlassist.engine('third').orm.migrator.up()
  t.notMatch(await orm.schema.getUpdateSchemaSQL(), /table "(?:book|shelf)"/, 'the tables are as the metadata says')
  await using session = sqlassist.session()
  const shelf = session.second.create(Shelf, { label: 'poetry', books: [{ title: 'Odes', lent: false }] })
  await session.second.flush()
  await using another = sqlassist.session()
  t.match(await another.third.findOneOrFail(Shelf, shelf.id, { populate: ['books'] }), { label: 'poetry', books: [{ title: 'Odes' }] })
})

t.test('an engine that shares metadata survives a metadata cache', async (t) => {
  const cache = join(dirname(sqliteFile(t)), 'cache')
  const config = (): PostgreSqlOptions => onPostgres(url, { metadataCache: { enabled: true, options: { cacheDir: cache } } })
  const sqlassist = await createSqlAssist({ engines: { reader: { config: config(), readonly: true }, writer: { config: config() } } })
  t.equal(sqlassist.engine('writer').orm.getMetadata(), sqlassist.engine('reader').orm.getMetadata())
  await sqlassist.dispose()
})

t.test('two applications in one process, with the same names', async (t) => {
  await using first = await createSqlAssist({ engines: { writer: { config: onPostgres(url) } } })
  await using second = await createSqlAssist({ engines: { writer: { config: onPostgres(url) } } })
  const [one, other] = [first.engine().orm.em, second.engine().orm.em] as SqlEntityManager[]
  t.not(one!.name, other!.name)
  await one!.transactional(async (inner) => {
    await inner.execute(`insert into shelf (label) values ('seen by nobody else')`)
    t.equal((await other!.execute('select 1 from shelf')).length, 0, 'the global EntityManager of the other application is not in the transaction')
    throw new Error('undo')
  }).catch((error: Error) => t.equal(error.message, 'undo'))
})
