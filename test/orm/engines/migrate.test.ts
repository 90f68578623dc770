// Migrations at start-up: once for all processes that start together, and never half.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { defineEntity, MikroORM, p } from '@mikro-orm/core'
import { Migration, Migrator } from '@mikro-orm/migrations'
import { defineConfig as postgres } from '@mikro-orm/postgresql'
import { defineConfig as sqlite } from '@mikro-orm/sqlite'
import Fastify from 'fastify'
import { sqlassist } from 'fastify-sqlassist'
import { createSqlAssist, type EngineOptions, type MigrateOptions, type SqlAssistLogger } from 'fastify-sqlassist/orm'
import { SqliteDialect } from 'kysely'
import pg from 'pg'
import t from 'tap'
import { FULL } from '../../support/size.ts'
import { asSuperuser, postgresDatabase, serverUrl, sqliteFile } from '../../support/databases.ts'

const start = fileURLToPath(new URL('fixtures/start.ts', import.meta.url))
const BetterSqlite = createRequire(import.meta.url)('better-sqlite3') as new (file: string) => { exec(sql: string): void; close(): void; prepare(sql: string): { get(): { count: number } } }
const NO_ENTITIES = { entities: [], discovery: { warnWhenNoEntities: false } }

type Config = NonNullable<EngineOptions['config']>
const onPostgres = (clientUrl: string): Config => postgres({ ...NO_ENTITIES, clientUrl })
const onSqlite = (dbName: string): Config => sqlite({ ...NO_ENTITIES, dbName })

class Visits extends Migration {
  override up(): void {
    this.addSql('create table visits (id integer primary key, note text);')
    this.addSql(`insert into visits (id, note) values (1, 'first');`)
  }
}
class More extends Migration {
  override up(): void {
    this.addSql(`insert into visits (id, note) values (2, 'second');`)
  }
}
class Broken extends Migration {
  override up(): void {
    this.addSql(`insert into visits (id, note) values (3, 'secret value');`)
    this.addSql('insert into nowhere values (1);')
  }
}
const list = (...classes: (typeof Visits)[]): MigrateOptions => ({ migrationsList: classes.map((cls) => ({ name: `Migration${cls.name}`, class: cls })) })

const migrate = async (config: Config, options: boolean | MigrateOptions, logger?: SqlAssistLogger): Promise<void> => {
  await using _ = await createSqlAssist({ engines: { main: { config, migrate: options } }, ...(logger === undefined ? {} : { logger }) })
}

/** A folder with one migration that takes its time: whoever does not wait will meet it. */
function slowMigration(t: { teardown(fn: () => unknown): unknown }, slow: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sqlassist-migrations-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const core = JSON.stringify(fileURLToPath(import.meta.resolve('@mikro-orm/migrations')))
  writeFileSync(
    join(folder, 'Migration1.cjs'),
    `const { Migration } = require(${core})
exports.Migration1 = class Migration1 extends Migration {
  async up() {
    this.addSql('create table visits (id integer primary key);')
    ${slow}
    this.addSql('insert into visits values (1);')
  }
}\n`,
  )
  return folder
}

/** Starts applications that do nothing before all of them are there. */
async function startTogether(t: { teardown(fn: () => unknown): unknown }, count: number, ...args: string[]): Promise<{ code: number | null; out: string; err: string }[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sqlassist-start-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const sign = join(folder, 'go')
  let waiting = 0
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const child = spawn(process.execPath, ['--conditions=fastify-sqlassist-source', '--import=tsx', start, ...args, sign], { stdio: ['ignore', 'pipe', 'pipe'] })
      let [out, err] = ['', '']
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text
        if (text.includes('waiting') && ++waiting === count) writeFileSync(sign, '')
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
      const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
      return { code, out: out.replace('waiting\n', ''), err }
    }),
  )
}

/** How many processes start at once. */
const PROCESSES = FULL ? 10 : 4

t.test(`${PROCESSES} processes that start at once`, { timeout: 600_000 }, async (t) => {
  await t.test('on PostgreSQL, which makes the database too', { timeout: 600_000 }, async (t) => {
    const name = `t_${randomUUID().replaceAll('-', '')}`
    t.teardown(async () => await asSuperuser(serverUrl(), `drop database if exists ${name} with (force)`))
    const url = new URL(serverUrl())
    url.pathname = `/${name}`
    const started = await startTogether(t, PROCESSES, 'postgres', url.href, slowMigration(t, `this.addSql('select pg_sleep(0.5);')`))
    t.strictSame(started.filter(({ code }) => code !== 0), [])
    const reports = started.map(({ out }) => JSON.parse(out) as { visits: number; migrated: boolean })
    t.ok(reports.every(({ visits }) => visits === 1), 'each of them finds a migrated database')
    t.equal(reports.filter(({ migrated }) => migrated).length, 1, 'one of them has migrated it')
    t.strictSame(await asSuperuser(url.href, 'select name from mikro_orm_migrations'), [{ name: 'Migration1.cjs' }])
  })

  await t.test('or registrations of one process', async (t) => {
    const name = `t_${randomUUID().replaceAll('-', '')}`
    t.teardown(async () => await asSuperuser(serverUrl(), `drop database if exists ${name} with (force)`))
    const url = new URL(serverUrl())
    url.pathname = `/${name}`
    await Promise.all(Array.from({ length: 8 }, async () => await migrate(onPostgres(url.href), list(Visits))))
    t.strictSame(await asSuperuser(url.href, 'select note from visits'), [{ note: 'first' }])
  })

  await t.test('on SQLite', { timeout: 600_000 }, async (t) => {
    const file = sqliteFile(t)
    const started = await startTogether(t, PROCESSES, 'sqlite', file, slowMigration(t, 'await new Promise((resolve) => setTimeout(resolve, 500))'))
    t.strictSame(started.filter(({ code }) => code !== 0), [])
    const reports = started.map(({ out }) => JSON.parse(out) as { visits: number; migrated: boolean })
    t.ok(reports.every(({ visits }) => visits === 1))
    t.equal(reports.filter(({ migrated }) => migrated).length, 1)
  })
})

t.test('nothing but the database is written at start-up; a migration that is made later has its snapshot beside it', async (t) => {
  const path = mkdtempSync(join(tmpdir(), 'sqlassist-migrations-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  const Visit = defineEntity({ name: 'Visit', properties: { id: p.integer().primary() } })
  const config = sqlite({ dbName: sqliteFile(t), entities: [Visit], extensions: [Migrator], migrations: { path, snapshotName: 'snapshot' } })
  await using db = await createSqlAssist({ engines: { main: { config, migrate: true } } })
  t.strictSame(readdirSync(path), [])
  const { fileName } = await db.engine('main').orm.migrator.create()
  t.strictSame(readdirSync(path).toSorted(), [fileName, 'snapshot.json'].toSorted())
})

for (const [dialect, make] of Object.entries({
  PostgreSQL: async (t: { teardown(fn: () => unknown): unknown }) => {
    const clientUrl = await postgresDatabase(t)
    return { config: onPostgres(clientUrl), rows: async (sql: string) => await asSuperuser<{ name: string }>(clientUrl, sql) }
  },
  SQLite: async (t: { teardown(fn: () => unknown): unknown }) => {
    const file = sqliteFile(t)
    const rows = async (sql: string): Promise<{ name: string }[]> => {
      using database = new DatabaseSync(file)
      return database.prepare(sql).all().map((row) => ({ ...row })) as { name: string }[]
    }
    return { config: onSqlite(file), rows }
  },
})) {
  t.test(`pending migrations on ${dialect}`, async (t) => {
    const { config, rows } = await make(t)
    const lines: string[] = []
    const logger = { debug() {}, info: (context: object, message: string) => void lines.push(`${message} ${JSON.stringify(context)}`), warn() {}, error() {} }
    await migrate(config, list(Visits), logger)
    await migrate(config, list(Visits), logger)
    await migrate(config, list(Visits, More), logger)
    t.strictSame(await rows('select note as name from visits order by id'), [{ name: 'first' }, { name: 'second' }])
    t.match(lines.filter((line) => line.startsWith('Engine')), [/has been migrated .*MigrationVisits/, /has no pending migrations/, /has been migrated .*\["MigrationMore"\]/])

    await t.test('one that fails fails the registration, and undoes what came with it', async (t) => {
      const app = Fastify()
      t.teardown(async () => await app.close())
      app.register(sqlassist, { engines: { main: { config, migrate: list(Visits, More, Broken) } } })
      const error = await app.ready().then(() => undefined, (reason: unknown) => reason as Error & { code: string })
      t.match(error, { code: 'SQLASSIST_MIGRATION_FAILED', message: /engine 'main' .*MigrationBroken: .*nowhere/, cause: { name: 'TableNotFoundException' } })
      t.notMatch(error!.message, /secret value/)
      t.strictSame(await rows('select note as name from visits order by id'), [{ name: 'first' }, { name: 'second' }])
    })

    await t.test('nothing is written but the database', async (t) => {
      const folder = slowMigration(t, '')
      await t.rejects(migrate(config, { path: folder, tableName: 'other_migrations' }), { message: /Migration1.*: .*visits.* already exists/ }, 'another table knows nothing of what ran before')
      t.strictSame(readdirSync(folder), ['Migration1.cjs'])
    })

    await t.test('true: with the options of the config', async (t) => {
      await migrate({ ...config, migrations: list(Visits, More) } as Config, true)
      t.strictSame(await rows('select name from mikro_orm_migrations order by id'), [{ name: 'MigrationVisits' }, { name: 'MigrationMore' }])
    })

    await t.test('engines whose entities are discovered later migrate at registration all the same', async (t) => {
      await using db = await createSqlAssist({ engines: { main: { config, migrate: list(Visits, More) } }, discovery: 'deferred' })
      t.strictSame(db.engineNames, ['main'])
    })
  })
}

t.test('somebody who migrates for too long', async (t) => {
  await t.test('on PostgreSQL', async (t) => {
    const clientUrl = await postgresDatabase(t)
    const other = new pg.Client({ connectionString: clientUrl })
    await other.connect()
    t.teardown(async () => await other.end())
    await other.query(`select pg_advisory_lock(hashtextextended('fastify-sqlassist/migrate', 0))`)
    await t.rejects(migrate(onPostgres(clientUrl), { ...list(Visits), lockTimeoutMs: 100 }), { code: 'SQLASSIST_MIGRATION_FAILED', message: /lock timeout/ })
    const waiting = migrate(onPostgres(clientUrl), list(Visits))
    await other.query('select pg_advisory_unlock_all()')
    await waiting
    t.strictSame(await asSuperuser(clientUrl, 'select note from visits'), [{ note: 'first' }])
    const left = await asSuperuser<{ count: string }>(clientUrl, `select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`)
    t.strictSame(left, [{ count: '0' }], 'the lock is gone with its connection')
  })

  await t.test('on SQLite', async (t) => {
    const file = sqliteFile(t)
    // The same copy of SQLite as the driver's: two copies in one process do not see each other's locks.
    const other = new BetterSqlite(`${file}-migrating`)
    other.exec('begin exclusive')
    await t.rejects(migrate(onSqlite(file), { ...list(Visits), lockTimeoutMs: 100 }), { code: 'SQLASSIST_MIGRATION_FAILED', message: /locked/ })
    const waiting = migrate(onSqlite(file), list(Visits))
    await new Promise((resolve) => void setTimeout(resolve, 10))
    other.exec('rollback')
    other.close()
    await waiting

    const writer = new BetterSqlite(file)
    writer.exec('begin immediate')
    await t.rejects(migrate(onSqlite(file), { ...list(Visits, More), lockTimeoutMs: 100 }), { code: 'SQLASSIST_MIGRATION_FAILED', message: /locked/ }, 'an application that writes meanwhile')
    const patient = migrate(onSqlite(file), list(Visits, More))
    setTimeout(() => writer.exec('commit'), 600)
    await patient
    t.equal(writer.prepare('select count(*) as count from visits').get().count, 2)
    writer.close()
  })
})

t.test('the pool of an engine has nothing to do with the lock', async (t) => {
  const clientUrl = await postgresDatabase(t)
  const pools: object[] = []
  const config = { ...onPostgres(clientUrl), pool: { min: 0, max: 1 }, driverOptions: { onPoolCreated: (pool: object) => void pools.push(pool) } }
  await using db = await createSqlAssist({ engines: { main: { config, migrate: list(Visits) } } })
  t.equal(pools.length, 1, 'the hook sees the pool of the engine and no other')
  t.match(db.stats()['main'], { pool: { max: 1, total: 1, idle: 1 } })

  const rotating = { ...onPostgres(clientUrl), driverOptions: () => ({ application_name: 'made by a function' }) } as unknown as Config
  await migrate(rotating, list(Visits, More))
})

t.test('databases in memory', async (t) => {
  await using db = await createSqlAssist({ engines: { main: { config: onSqlite(':memory:'), migrate: list(Visits) } } })
  await using session = db.session()
  t.strictSame(await session.get('main').getConnection().execute('select note from visits'), [{ note: 'first' }])

  const dialect = new SqliteDialect({ database: new BetterSqlite(':memory:') as never })
  const shared = { ...onSqlite(':memory:'), driverOptions: dialect } as unknown as Config
  await using both = await createSqlAssist({ engines: { writer: { config: shared, migrate: list(Visits) }, reader: { config: shared, readonly: true } } })
  await using reading = both.session()
  t.strictSame(await reading.get('reader').getConnection().execute('select note from visits'), [{ note: 'first' }])
  t.notOk(existsSync(':memory:-migrating'))
})

t.test('what cannot be', async (t) => {
  const config = onSqlite(sqliteFile(t))
  const orm = await MikroORM.init(onSqlite(':memory:') as never)
  t.teardown(async () => await orm.close(true))
  class OtherDriver {}
  const wrong: [EngineOptions, RegExp][] = [
    [{ config, migrate: true, readonly: true }, /engines\.main\.migrate' is refused on a readonly engine/],
    [{ orm, migrate: true }, /engines\.main\.migrate' goes with 'config'/],
    [{ config, migrate: 'yes' as never }, /engines\.main\.migrate' must be true, false, or/],
    [{ config, migrate: { lockTimeoutMs: -1 } }, /engines\.main\.migrate\.lockTimeoutMs'/],
    [{ config: { ...config, driver: OtherDriver }, migrate: true }, /engines\.main\.migrate' works on PostgreSQL and SQLite/],
  ]
  for (const [engine, message] of wrong) await t.rejects(createSqlAssist({ engines: { main: engine } }), { code: 'SQLASSIST_INVALID_OPTIONS', message })
  await createSqlAssist({ engines: { main: { config, migrate: false, readonly: true } } }).then(async (db) => await db.dispose())

  const { Kysely, PostgresDialect } = await import('kysely')
  const ready = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: await postgresDatabase(t) }) }) })
  t.teardown(async () => await ready.destroy())
  await t.rejects(migrate({ ...onPostgres('postgresql://127.0.0.1/x'), driverOptions: ready }, true), { message: /ready-made kysely/ })
})

t.test('a database that does not answer', async (t) => {
  await t.rejects(migrate(onPostgres('postgresql://nobody:nothing@127.0.0.1:1/none'), list(Visits)), { code: 'SQLASSIST_MIGRATION_FAILED', message: /engine 'main' have failed at start-up: .*ECONNREFUSED/ })
  class Odd extends Migration {
    override up(): void {
      // oxlint-disable-next-line no-throw-literal -- what some libraries do
      throw 'no error at all'
    }
  }
  await t.rejects(migrate(onSqlite(':memory:'), list(Odd as never)), { code: 'SQLASSIST_MIGRATION_FAILED', message: /MigrationOdd: no error at all/ })
})
