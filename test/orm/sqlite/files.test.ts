// Engines on SQLite files: who makes the file, who may write, and which names mean the same file.
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import type { SqliteDriver } from '@mikro-orm/sqlite'
import { createSqlAssist, sqlAssistConfig } from 'fastify-sqlassist/orm'
import { MikroORM } from '@mikro-orm/sqlite'
import { sqliteFile } from '../../support/databases.ts'
import { errorOf, onSqlite, recordingLogger, Shelf, untyped } from '../engines/library.ts'

const pragma = async (session: unknown, name: string): Promise<unknown> => {
  const [row] = await untyped(session).execute<[Record<string, unknown>]>(`pragma ${name}`)
  return Object.values(row)[0]
}

t.test('the writer makes the file; the reader waits for it', async (t) => {
  const file = sqliteFile(t)
  await using sqlassist = await createSqlAssist({ engines: { reader: { config: onSqlite(file), readonly: true }, writer: { config: onSqlite(file) } } })
  t.notOk(existsSync(file), 'registering touches nothing')
  {
    await using session = sqlassist.session()
    t.ok(session.reader)
    t.notOk(existsSync(file), 'opening a session neither')
    t.match(await errorOf(async () => await session.reader.count(Shelf)), { message: /unable to open database file/ })
    t.notOk(existsSync(file), 'and a reader never makes it')
  }
  await sqlassist.engine('writer').orm.schema.create()
  await using session = sqlassist.session()
  session.writer.create(Shelf, { label: 'poetry' })
  await session.writer.flush()
  t.equal(await session.reader.count(Shelf), 1, 'the same reader, later')
})

t.test('WAL: a reader in a transaction does not stop the writer, nor the other way round', async (t) => {
  const file = sqliteFile(t)
  await using sqlassist = await createSqlAssist({ engines: { reader: { config: onSqlite(file), readonly: true }, writer: { config: onSqlite(file) } } })
  await sqlassist.engine('writer').orm.schema.create()
  await using session = sqlassist.session()
  t.equal(await pragma(session.writer, 'journal_mode'), 'wal')
  t.equal(await pragma(session.reader, 'journal_mode'), 'wal')
  await session.reader.begin()
  t.equal(await session.reader.count(Shelf), 0)
  session.writer.create(Shelf, { label: 'poetry' })
  await session.writer.flush()
  t.equal(await session.reader.count(Shelf), 0, 'it reads the state that it began with')
  await session.reader.commit()
  await session.writer.begin()
  await session.writer.execute(`insert into shelf (label) values ('not yet')`)
  t.equal(await session.reader.count(Shelf), 1)
  await session.writer.rollback()
})

t.test('a short busy timeout, and the one of the application', async (t) => {
  await using sqlassist = await createSqlAssist({
    engines: { first: { config: onSqlite(sqliteFile(t)) }, second: { config: onSqlite(sqliteFile(t), { driverOptions: { timeout: 1234 } }) }, third: { config: onSqlite(':memory:') } },
  })
  await using session = sqlassist.session()
  t.equal(await pragma(session.first, 'busy_timeout'), 200)
  t.equal(await pragma(session.second, 'busy_timeout'), 1234)
  t.equal(await pragma(session.third, 'busy_timeout'), 200)
  t.equal(await pragma(session.third, 'journal_mode'), 'memory')
})

t.test('a readonly engine opens the file read-only: no pragma brings the right to write back', async (t) => {
  const file = sqliteFile(t)
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onSqlite(file) }, reader: { config: onSqlite(file), readonly: true } } })
  await sqlassist.engine('writer').orm.schema.create()
  await using session = sqlassist.session()
  await session.reader.execute('pragma query_only = off')
  t.equal((await errorOf(async () => await session.reader.execute(`insert into shelf (label) values ('x')`))).code, 'SQLASSIST_READONLY_ENGINE')
})

t.test('two writers of one file', async (t) => {
  const file = sqliteFile(t, 'library.sqlite')
  const folder = dirname(file)
  mkdirSync(join(folder, 'below'))
  symlinkSync(file, join(folder, 'link.sqlite'))
  symlinkSync(join(folder, 'link.sqlite'), join(folder, 'link-to-link.sqlite'))
  symlinkSync('library.sqlite', join(folder, 'relative-link.sqlite'))
  symlinkSync(folder, join(folder, 'below', 'up'))
  const names = {
    'the same name': file,
    'a relative path': relative(process.cwd(), file),
    'a path with detours': `${folder}/below/../library.sqlite`,
    'a link to it': join(folder, 'link.sqlite'),
    'a link to a link': join(folder, 'link-to-link.sqlite'),
    'a relative link': join(folder, 'relative-link.sqlite'),
    'a linked folder': join(folder, 'below', 'up', 'library.sqlite'),
    'a URI': pathToFileURL(file).href,
    'a short URI with parameters': `file:${file}?cache=private`,
    'a name with blanks': ` ${file} `,
  }
  const makeIt = async (): Promise<void> => {
    await using sqlassist = await createSqlAssist({ engines: { writer: { config: onSqlite(file) } } })
    await sqlassist.engine().orm.schema.create()
  }
  const whenIsItThere = { 'before it exists': async () => {}, 'when it exists': makeIt }
  for (const [when, make] of Object.entries(whenIsItThere)) {
    await make()
    for (const [how, name] of Object.entries(names)) {
      const error = await errorOf(async () => await createSqlAssist({ engines: { writer: { config: onSqlite(file) }, audit: { config: onSqlite(name), autocommit: true } } }))
      t.equal(error.code, 'SQLASSIST_SQLITE_FILE_SHARED', `${how}, ${when}`)
      t.match(error.message, /'writer' and 'audit' all write to the SQLite file .*library\.sqlite/)
    }
  }
  const viaOptions = onSqlite('other.sqlite', { driverOptions: { dbName: file } })
  t.equal((await errorOf(async () => await createSqlAssist({ engines: { writer: { config: onSqlite(file) }, audit: { config: viaOptions } } }))).code, 'SQLASSIST_SQLITE_FILE_SHARED')
  const { dbName: _, ...viaUrl } = onSqlite(file, { clientUrl: `sqlite://x/${file}` })
  t.equal((await errorOf(async () => await createSqlAssist({ engines: { writer: { config: onSqlite(file) }, audit: { config: viaUrl } } }))).code, 'SQLASSIST_SQLITE_FILE_SHARED')
  const orm = await MikroORM.init<SqliteDriver>(sqlAssistConfig('audit', onSqlite(file)))
  t.equal((await errorOf(async () => await createSqlAssist({ engines: { writer: { config: onSqlite(file) }, audit: { orm } } }))).code, 'SQLASSIST_SQLITE_FILE_SHARED')
})

t.test('a loop of links is no reason to fail: SQLite will say so', async (t) => {
  const file = sqliteFile(t)
  const other = `${file}-other`
  symlinkSync(file, other)
  symlinkSync(other, file)
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onSqlite(file) } } })
  await using session = sqlassist.session()
  t.match(await errorOf(async () => await session.writer.count(Shelf)), { message: /unable to open database file/ })
})

t.test("an application's own MikroORM that names the file in its driverOptions", async (t) => {
  const file = sqliteFile(t)
  const orm = await MikroORM.init(sqlAssistConfig('audit', onSqlite(sqliteFile(t, 'unused.sqlite'), { driverOptions: { dbName: file } })))
  t.teardown(async () => await orm.close())
  const { code, message } = await errorOf(async () => await createSqlAssist({ engines: { writer: { config: onSqlite(file) }, audit: { orm } } }))
  t.equal(code, 'SQLASSIST_SQLITE_FILE_SHARED')
  t.ok(message.includes(file), message)
})

t.test('two autocommit engines on one file get a warning', async (t) => {
  const file = sqliteFile(t)
  const logger = recordingLogger()
  const engines = { audit: { config: onSqlite(file), autocommit: true }, metrics: { config: onSqlite(file), autocommit: true }, reader: { config: onSqlite(file), readonly: true } } as const
  await using sqlassist = await createSqlAssist({ engines, logger })
  t.match(logger.lines, [{ level: 'warn', context: { engines: ['audit', 'metrics'] }, message: /'audit' and 'metrics' write to one SQLite file/ }])
  await sqlassist.engine('audit').orm.schema.create()
  await using session = sqlassist.session()
  for (const engine of [session.audit, session.metrics]) {
    engine.create(Shelf, { label: engine.engineName })
    await engine.flush()
  }
  t.equal(await session.reader.count(Shelf), 2)
})

t.test('engines on files of their own, and readers of one file, are fine', async (t) => {
  const file = sqliteFile(t)
  const logger = recordingLogger()
  await using sqlassist = await createSqlAssist({
    engines: {
      writer: { config: onSqlite(file) },
      reader: { config: onSqlite(file), readonly: true },
      reports: { config: onSqlite(file), readonly: true },
      logger: { config: onSqlite(sqliteFile(t, 'log.sqlite')), autocommit: true },
    },
    logger,
  })
  await sqlassist.engine('writer').orm.schema.create()
  await using session = sqlassist.session()
  t.equal(await session.reports.count(Shelf), await session.reader.count(Shelf))
  t.same(logger.lines, [])
})
