// What the application sets in MikroORM's options works on beside what we set.
import t from 'tap'
import { type Dictionary, type EntityManager, EntitySchema, ObjectHydrator } from '@mikro-orm/core'
import { SqlEntityManager } from '@mikro-orm/postgresql'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import type pg from 'pg'
import { asSuperuser, postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { disconnected, errorOf, onPostgres, onSqlite, recordingLogger, Shelf } from './library.ts'

const url = await postgresDatabase(t)
{
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onPostgres(url) } } })
  await sqlassist.engine().orm.schema.update()
}

t.test('the EntityManager class, and its type', async (t) => {
  class LibraryManager extends SqlEntityManager {
    async countShelves(): Promise<number> {
      return await this.count(Shelf)
    }
  }
  const config = { ...onPostgres(url), entityManager: LibraryManager }
  await using sqlassist = await createSqlAssist({ engines: { writer: { config }, reader: { config: { ...config }, readonly: true } } })
  await using session = sqlassist.session()
  t.type(session.writer, LibraryManager)
  t.equal(await session.writer.countShelves(), 0)
  t.equal(await session.reader.countShelves(), 0)
  await session.writer.transactional(async (em) => t.equal(await em.countShelves(), 0))
})

t.test('subscribers, as instances and as classes', async (t) => {
  const seen: string[] = []
  class Watcher {
    beforeFlush(): void {
      seen.push('class')
    }
  }
  const subscribers = [{ beforeFlush: () => void seen.push('instance') }, Watcher]
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onPostgres(url, { subscribers: subscribers as never }) } } })
  await using session = sqlassist.session()
  session.writer.create(Shelf, { label: 'watched' })
  await session.writer.flush()
  t.same(seen, ['instance', 'class'])
})

t.test('the hydrator', async (t) => {
  let hydrated = 0
  class CountingHydrator extends ObjectHydrator {
    override hydrate: ObjectHydrator['hydrate'] = (...args) => {
      hydrated++
      super.hydrate(...args)
    }
  }
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onPostgres(url, { hydrator: CountingHydrator }) }, plain: { config: onPostgres(url) } } })
  await using session = sqlassist.session()
  await session.plain.findOneOrFail(Shelf, { label: 'watched' })
  t.equal(hydrated, 0)
  await session.writer.findOneOrFail(Shelf, { label: 'watched' })
  t.equal(hydrated, 1)
})

t.test('driverOptions as an object and as a function, onPoolCreated', async (t) => {
  for (const shape of ['object', 'function']) {
    const pools: pg.Pool[] = []
    const options: Dictionary = { application_name: 'library', connectionTimeoutMillis: 1234, statement_timeout: 4321, onPoolCreated: (pool: pg.Pool) => void pools.push(pool) }
    const driverOptions = shape === 'object' ? options : (): object => options
    await using sqlassist = await createSqlAssist({ engines: { writer: { config: onPostgres(url, { driverOptions, pool: { max: 3 } }) } } })
    await using session = sqlassist.session()
    t.same(await session.writer.execute('show application_name'), [{ application_name: 'library' }], shape)
    t.same(await session.writer.execute('show statement_timeout'), [{ statement_timeout: '4321ms' }], shape)
    t.equal(pools.length, 1)
    t.match(pools[0]!.options, { connectionTimeoutMillis: 0, max: 3 })
    t.same(sqlassist.stats()['writer']!.pool, { total: 1, idle: 1, waiting: 0, max: 3 }, 'ours watches the same pool')
  }
})

t.test('the defaults of a pool, where the application says nothing', async (t) => {
  const pools: pg.Pool[] = []
  const config = onPostgres(url, { driverOptions: { onPoolCreated: (pool: pg.Pool) => void pools.push(pool) } })
  await using sqlassist = await createSqlAssist({ engines: { audit: { config } } })
  await using session = sqlassist.session()
  t.same(await session.audit.execute('show application_name'), [{ application_name: 'fastify-sqlassist/audit' }])
  t.match(pools[0]!.options, { connectionTimeoutMillis: 0, max: 10 })
})

t.test("pg's options, wherever they come from, also on a readonly engine", async (t) => {
  const settings = async (options: object, readonly: boolean): Promise<object> => {
    await using sqlassist = await createSqlAssist({ engines: { db: { config: onPostgres(url, { driverOptions: options }), readonly } } })
    await using session = sqlassist.session()
    const [row] = await session.db.execute<[object]>(`select current_setting('default_transaction_read_only') as read_only, current_setting('work_mem') as work_mem`)
    return row
  }
  const work = '-c work_mem=7MB'
  const inUrl = (text: string): object => ({ connectionString: `${url}?options=${text}` })
  for (const [where, options] of Object.entries({ options: { options: work }, connectionString: inUrl(encodeURIComponent(work)), spaces: inUrl(work) })) {
    t.same(await settings(options, false), { read_only: 'off', work_mem: '7MB' }, `${where}, writable`)
    t.same(await settings(options, true), { read_only: 'on', work_mem: '7MB' }, `${where}, readonly`)
  }
  const off = '-c default_transaction_read_only=off -c work_mem=7MB'
  for (const options of [{ options: off }, inUrl(encodeURIComponent(off)), { ...inUrl(encodeURIComponent(off)), options: off }]) {
    t.same(await settings(options, true), { read_only: 'on', work_mem: '7MB' }, 'the last word is ours')
  }
  t.same(await settings({ connectionString: url }, true), { read_only: 'on', work_mem: '4MB' })
  t.same(await settings({ options: '' }, true), { read_only: 'on', work_mem: '4MB' })
  process.env['PGOPTIONS'] = work
  t.teardown(() => delete process.env['PGOPTIONS'])
  t.same(await settings({}, true), { read_only: 'on', work_mem: '7MB' }, 'PGOPTIONS')
})

t.test('onCreateConnection, on PostgreSQL and on SQLite', async (t) => {
  type Connection = { executeQuery(query: object): Promise<unknown> }
  const run = (sql: string) => async (connection: Connection) => void (await connection.executeQuery({ sql, parameters: [], query: { kind: 'RawNode' } }))
  await using sqlassist = await createSqlAssist({
    engines: {
      pg: { config: onPostgres(url, { onCreateConnection: run(`set work_mem = '9MB'`) as never }) },
      file: { config: onSqlite(sqliteFile(t), { onCreateConnection: run('pragma cache_size = 77') as never }) },
    },
  })
  await using session = sqlassist.session()
  t.same(await session.pg.execute('show work_mem'), [{ work_mem: '9MB' }])
  t.same(await session.file.execute('pragma cache_size'), [{ cache_size: 77 }])
  t.same(await session.file.execute('pragma journal_mode'), [{ journal_mode: 'wal' }], 'ours too')
})

t.test("MikroORM's own context", async (t) => {
  const current: { em?: EntityManager } = {}
  const asked: string[] = []
  const context = (name: string): EntityManager | undefined => {
    asked.push(name)
    return current.em
  }
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onPostgres(url, { context }) } } })
  const { orm } = sqlassist.engine()
  t.equal((await errorOf(async () => await orm.em.count(Shelf))).name, 'ValidationError', 'the global EntityManager without a context')
  await using session = sqlassist.session()
  current.em = session.writer
  const shelf = await orm.em.findOneOrFail(Shelf, { label: 'watched' })
  t.equal(session.writer.getUnitOfWork().getById(Shelf, shelf.id), shelf, "is the application's")
  t.same(new Set(asked), new Set([orm.em.name]))
})

t.test("MikroORM's own logger, and ours where there is none", async (t) => {
  const logger = recordingLogger()
  const own: string[] = []
  await using sqlassist = await createSqlAssist({
    engines: {
      ours: { config: onPostgres(url, { debug: ['query'], colors: false }) },
      theirs: { config: onPostgres(url, { debug: ['query'], colors: false, logger: (message) => void own.push(message) }) },
    },
    logger,
  })
  await using session = sqlassist.session()
  await session.ours.execute('select 1 as ours')
  await session.theirs.execute('select 1 as theirs')
  t.match(logger.lines.filter(({ message }) => message.includes('select 1 as')), [{ level: 'info', context: { engine: 'ours' }, message: /select 1 as ours/ }])
  t.match(own.filter((message) => message.includes('select 1 as')), [/select 1 as theirs/])
})

t.test('a ready-made contextName is replaced: it would not be unique', async (t) => {
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onPostgres(url, { contextName: 'mine' }) } } })
  t.match(sqlassist.engine().orm.em.name, /^writer@sqlassist:\d+$/)
})

t.test('a ready-made EntitySchema', async (t) => {
  const Note = new EntitySchema<{ id: number; text: string }>({ name: 'Note', properties: { id: { type: 'integer', primary: true }, text: { type: 'string' } } })
  await using sqlassist = await createSqlAssist({ engines: { notes: { config: onSqlite(sqliteFile(t), { entities: [Note] }) } } })
  await sqlassist.engine().orm.schema.create()
  await using session = sqlassist.session()
  session.notes.create(Note, { text: 'hello' })
  await session.notes.flush()
  t.equal(await session.notes.count(Note), 1)
})

t.test('nothing is left behind', async (t) => {
  t.same(await asSuperuser(url, `select 1 from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`), [])
  t.ok(await disconnected(url))
})
