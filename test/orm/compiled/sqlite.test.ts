// Reads by key on SQLite are answered at once, past everybody who waits for its only connection, unless somebody holds that.
import { rmSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { defineEntity, p } from '@mikro-orm/core'
import { defineConfig, type EntityManager } from '@mikro-orm/sqlite'
import { createSqlAssist, type EngineOptions, getById, onSqlAssistEvent, type SqlAssist } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { sqliteFile } from '../../support/databases.ts'

const BookSchema = defineEntity({ name: 'Book', tableName: 'books', properties: { id: p.integer().primary(), title: p.string() } })
class Book extends BookSchema.class {}
BookSchema.setClass(Book)

const SHORT = 'select `b0`.* from `books` as `b0` where `b0`.`id` = ? limit 1'
const LONG = 'select `b0`.* from `books` as `b0` where `b0`.`id` = 1 limit 1'

const configOf = (dbName: string, more: object = {}): NonNullable<EngineOptions['config']> => defineConfig({ dbName, entities: [Book], ...more })

async function assist(t: Test, engines: Record<string, EngineOptions>, more: object = {}): Promise<SqlAssist> {
  const db = await createSqlAssist({ engines, ...more })
  t.teardown(async () => await db.dispose())
  return db
}

/** A file with a book. */
async function shelf(t: Test): Promise<string> {
  const file = sqliteFile(t)
  await fill(file, 'One')
  return file
}

async function fill(file: string, title: string): Promise<void> {
  await using db = await createSqlAssist({ engines: { setup: { config: configOf(file) } } })
  const { orm } = db.engine()
  await orm.schema.create()
  await orm.em.fork().insert(Book, { id: 1, title })
}

/** Sessions of an engine, which end with the test. */
function sessionsOf(t: Test, db: SqlAssist, engine = 'library'): () => EntityManager & { close(): Promise<void> } {
  return () => {
    const container = db.session()
    t.teardown(async () => await container.close())
    return Object.assign(container.get(engine as never) as unknown as EntityManager, { close: async () => await container.close() })
  }
}

interface Sent {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

/** What the work has sent for books, once the engine has connected. */
async function statements(t: Test, options: EngineOptions, work: (em: EntityManager) => Promise<unknown>): Promise<Sent[]> {
  const db = await assist(t, { library: { preparedStatements: false, ...options } })
  const em = sessionsOf(t, db)()
  await em.fork().findOne(Book, 2)
  const sent: Sent[] = []
  const end = onSqlAssistEvent('sqlassist:query:start', ({ sql, parameters }) => void sent.push({ sql, parameters }))
  await work(em)
  end()
  return sent.filter(({ sql }) => sql.includes('books'))
}

const find = async (em: EntityManager): Promise<Book | null> => await em.findOne(Book, 1)

t.test('a read by key goes the short way', async (t) => {
  const config = configOf(await shelf(t))
  const short = [{ sql: SHORT, parameters: [1] }]
  t.strictSame(await statements(t, { config }, find), short)
  t.strictSame(await statements(t, { config }, async (em) => await getById(em, Book, 1)), short)
  t.strictSame(await statements(t, { config, readonly: true, preparedStatements: 'auto' }, find), short)
  t.strictSame(await statements(t, { config }, async (em) => await em.transactional(async () => await find(em))), short, 'in a transaction too')
  t.match((await statements(t, { config, sqlComments: { application: 'shelf' } }, find))[0]!.sql, /^\/\*application='shelf'.*\*\/ select .* = \? limit 1$/)
})

t.test('a statement is told of as that of its session', async (t) => {
  const db = await assist(t, { library: { config: configOf(await shelf(t)) } })
  const session = sessionsOf(t, db)
  const [holding, em] = [session(), session()]
  await find(session())
  const told: unknown[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:start', ({ sql, session: whose }) => void (sql === SHORT && told.push(whose))))
  await find(em)
  const [own] = told
  t.ok(own)
  await em.begin()
  em.clear()
  await find(em)
  await em.rollback()
  em.clear()
  await holding.begin()
  const waiting = find(em)
  await holding.rollback()
  await waiting
  t.strictSame(told, [own, own, own], 'at once, in a transaction, and when it has waited')
})

t.test('these are MikroORM\'s', async (t) => {
  const file = await shelf(t)
  const other = sqliteFile(t)
  const config = configOf(file)
  const long = [{ sql: LONG, parameters: [] }]
  t.strictSame(await statements(t, { config, fastPath: false }, find), long, 'where it is switched off')
  t.strictSame(await statements(t, { config: configOf(file, { onCreateConnection: async () => {} }) }, find), long, 'a hook around the connection')
  t.strictSame(await statements(t, { config: configOf(file, { attachDatabases: [{ name: 'other', path: other }] }) }, find), long, 'databases beside it')
})

t.test('who reads sees what is committed, and nothing else', async (t) => {
  const db = await assist(t, { library: { config: configOf(await shelf(t)) } })
  const session = sessionsOf(t, db)
  const writing = session()
  await writing.begin()
  await writing.nativeUpdate(Book, 1, { title: 'Not yet' })
  t.equal((await find(writing))!.title, 'Not yet')
  const reading = find(session())
  for (let turns = 0; turns < 5; turns++) await turn()
  await writing.rollback()
  t.equal((await reading)!.title, 'One')
})

t.test('a session that ends while it waits', async (t) => {
  for (const fastPath of [true, false]) {
    const db = await assist(t, { library: { config: configOf(await shelf(t)), fastPath } })
    const session = sessionsOf(t, db)
    const [writing, waiting] = [session(), session()]
    await find(session())
    await writing.begin()
    const sent: string[] = []
    t.teardown(onSqlAssistEvent('sqlassist:query:start', ({ sql }) => void sent.push(sql)))
    const reading = find(waiting)
    await waiting.close()
    const rejected = t.rejects(reading, { code: 'SQLASSIST_SESSION_CLOSED' })
    await writing.rollback()
    await rejected
    t.strictSame(sent, ['rollback'], 'nothing is sent for it')
    await t.rejects(find(waiting), { code: 'SQLASSIST_SESSION_CLOSED' })
  }
})

t.test('while a stream is read, its connection stays at what was there when it began: others wait for its end', async (t) => {
  const file = await shelf(t)
  const db = await assist(t, { writer: { config: configOf(file) }, reader: { config: configOf(file), readonly: true } })
  const session = sessionsOf(t, db, 'reader')
  await sessionsOf(t, db, 'writer')().insert(Book, { id: 2, title: 'Two' })
  const rows = session().stream(Book)[Symbol.asyncIterator]()
  await rows.next()
  await sessionsOf(t, db, 'writer')().nativeUpdate(Book, 1, { title: 'Changed' })
  const reading = find(session())
  for (let turns = 0; turns < 5; turns++) await turn()
  await rows.return!()
  t.equal((await reading)!.title, 'Changed')
})

t.test('errors are those of MikroORM', async (t) => {
  const errors: unknown[] = []
  for (const fastPath of [true, false]) {
    await statements(t, { config: configOf(await shelf(t)), fastPath }, async (em) => {
      await em.execute('alter table books rename to volumes')
      const failed: unknown[] = []
      const end = onSqlAssistEvent('sqlassist:query:end', ({ error }) => void failed.push((error as Error | undefined)?.message))
      const error = await find(em).then(() => undefined, (thrown: Error & { code?: string }) => thrown)
      end()
      errors.push([error?.constructor.name, error?.message.replaceAll(/\?|(?<== )1/g, 'n'), error?.code, failed])
    })
  }
  t.strictSame(errors[0], errors[1])
  t.match(errors[0], ['TableNotFoundException', /no such table: books/, 'SQLITE_ERROR', ['no such table: books']])
})

t.test('a statement that a guard has refused is not sent', async (t) => {
  const outcomes: unknown[] = []
  for (const fastPath of [true, false]) {
    const db = await assist(t, { library: { config: configOf(await shelf(t)), fastPath } }, { nPlusOne: 'throw' })
    const em = sessionsOf(t, db)()
    const outcome: unknown[] = []
    const read = async (id: number): Promise<unknown> => {
      try {
        return (await em.findOne(Book, id))?.title ?? null
      } catch (error) {
        const { name, code } = error as Error & { code?: string }
        return [name, code]
      }
    }
    for (const id of [1, 2, 3, 4]) outcome.push(await read(id))
    outcomes.push(outcome)
  }
  t.strictSame(outcomes[0], outcomes[1])
  t.match(outcomes[0], ['One', null, ['NPlusOneError', 'SQLASSIST_N_PLUS_ONE'], ['NPlusOneError', 'SQLASSIST_N_PLUS_ONE']])
})

t.test('the file may be opened anew', async (t) => {
  const file = await shelf(t)
  const db = await assist(t, { library: { config: configOf(file) } })
  const session = sessionsOf(t, db)
  t.equal((await find(session()))!.title, 'One')
  for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true })
  await fill(file, 'Another')
  await db.reinitEngine('library')
  t.equal((await find(session()))!.title, 'Another')
})
