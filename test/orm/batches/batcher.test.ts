// The logger engine's batches: rows of many sessions go in one statement, and each hears of its own only.
import { setTimeout as sleep } from 'node:timers/promises'
import { defineConfig } from '@mikro-orm/postgresql'
import pg from 'pg'
import t, { type Test } from 'tap'
import { type BatchOptions, createSqlAssist, type EngineOptions, onSqlAssistEvent, type QueryEvent, type Session, type SqlAssist } from 'fastify-sqlassist/orm'
import { asSuperuser } from '../../support/databases.ts'
import { FULL } from '../../support/size.ts'
import { errorOf } from '../engines/library.ts'
import { assist, postgres } from '../sessions/fixtures/engines.ts'
import { Author, Book } from '../sessions/fixtures/library.ts'

interface Scene {
  readonly db: SqlAssist
  /** The INSERTs, as they were sent. */
  readonly inserts: QueryEvent[]
  names(): Promise<string[]>
  ask(sql: string): Promise<Record<string, unknown>[]>
  /** Inserts an author in a session of its own. */
  log(name: string, id?: number): Promise<Author>
}

async function scene(t: Test, batch: BatchOptions = {}, engine: Partial<EngineOptions> = {}): Promise<Scene> {
  const database = await postgres(t)
  const { clientUrl } = database.config() as { clientUrl: string }
  const db = await assist(t, { logger: { config: database.config(), autocommit: true, batch, ...engine } })
  const inserts: QueryEvent[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:end', (event) => event.sql.startsWith('insert') && inserts.push(event)))
  await using first = db.session()
  await first.logger.count(Author) // the pool is there
  return {
    db,
    inserts,
    ask: async (sql) => await asSuperuser(clientUrl, sql),
    names: async () => (await asSuperuser<{ name: string }>(clientUrl, 'select name from author order by id')).map(({ name }) => name),
    async log(name, id) {
      await using sessions = db.session()
      const author = new Author(name)
      if (id !== undefined) author.id = id
      await (sessions.logger as Session).persistAndFlush(author)
      return author
    },
  }
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, number) => `author ${number}`)

t.test('rows that come at the same time go in one statement, and the keys find their entities', async (t) => {
  const { inserts, log, names, ask } = await scene(t)
  const authors = await Promise.all(numbered(40).map(async (name) => await log(name)))
  t.strictSame((await names()).toSorted(), numbered(40).toSorted())
  t.ok(inserts.length < 8, `${inserts.length} statements`)
  t.ok(inserts.every(({ owner }) => owner === undefined), 'they belong to nobody')
  t.strictSame(inserts.reduce((sum, { affected }) => sum + (affected ?? 0), 0), 40)
  const rows = (await ask('select id, name from author')) as { id: number; name: string }[]
  t.strictSame(authors.map(({ id, name }) => ({ id, name })).toSorted((a, b) => a.id - b.id), rows.toSorted((a, b) => a.id - b.id))
})

t.test('one row alone does not wait, and its entity is as after any flush', async (t) => {
  const { db, inserts, names } = await scene(t)
  await using sessions = db.session()
  const session = sessions.logger as Session
  const author = new Author('Ada')
  await session.persistAndFlush(author)
  t.strictSame(await names(), ['Ada'])
  await session.flush()
  author.name = 'Bea'
  await session.flush()
  t.equal(inserts.length, 1)
  t.strictSame(await names(), ['Bea'])
})

t.test('a row that fails fails alone, and is told nothing of the others', async (t) => {
  const { inserts, log, names } = await scene(t)
  await log('first', 3)
  const settled = await Promise.allSettled(numbered(20).map(async (name, number) => await log(name, number === 7 || number === 12 ? 3 : 100 + number)))
  const failed = settled.flatMap((result, number) => (result.status === 'rejected' ? [{ number, ...(result.reason as { name: string; detail: string; message: string }), name: (result.reason as Error).name, message: (result.reason as Error).message }] : []))
  t.match(failed, [7, 12].map((number) => ({ number, name: 'UniqueConstraintViolationException', detail: 'Key (id)=(3) already exists.' })))
  t.equal(failed[0]!.message.split('already exists').length, 2, 'the message is told once')
  t.strictSame(await names(), ['first', ...numbered(20).filter((_, number) => number !== 7 && number !== 12)], 'all others are saved once')
  t.ok(inserts.length > 3)
})

t.test('an error that is nobody\'s is everybody\'s own', async (t) => {
  const { log, ask } = await scene(t)
  await ask('alter table author rename to writer')
  const settled = await Promise.allSettled(numbered(4).map(async (name) => await log(name)))
  const errors = settled.map((result) => (result as PromiseRejectedResult).reason as Error)
  t.equal(new Set(errors).size, 4)
  for (const { name, message } of errors) {
    t.equal(name, 'TableNotFoundException')
    t.equal(message.split('does not exist').length, 2)
  }
})

t.test('a session whose row waits still takes it back with its end; the others are not disturbed', async (t) => {
  const { db, log, names, inserts } = await scene(t, { maxWaitMs: 60_000, maxRows: 3 })
  const leaving = db.session()
  const lost = errorOf(async () => await (leaving.logger as Session).persistAndFlush(new Author('lost')))
  const kept = log('kept')
  await sleep(0)
  await leaving.close({ aborted: true, stop: true })
  t.equal((await lost).code, 'SQLASSIST_SESSION_CLOSED')
  t.equal(inserts.length, 0)
  await Promise.all([kept, log('second'), log('third')])
  t.strictSame(await names(), ['kept', 'second', 'third'])
})

t.test('nothing that was accepted is lost when everything ends', async (t) => {
  const { db, log, names } = await scene(t, { maxWaitMs: 60_000 })
  const flushes = Promise.all(numbered(30).map(async (name) => await log(name)))
  await sleep(0)
  t.strictSame(await names(), [])
  await db.dispose()
  await flushes
  t.strictSame((await names()).toSorted(), numbered(30).toSorted())
})

t.test('a session\'s flushes keep their order, also those that go another way', async (t) => {
  const { db, names, ask } = await scene(t, { maxWaitMs: 5 })
  await using sessions = db.session()
  const session = sessions.logger as Session
  const ada = new Author('Ada')
  const first = session.persistAndFlush(ada)
  await sleep(0)
  const bea = new Author('Bea')
  const second = session.persistAndFlush(bea)
  await sleep(0)
  const change = async (): Promise<void> => {
    await session.flush()
    ada.name = 'Cid'
    await session.flush()
  }
  await Promise.all([first, second, change()])
  t.strictSame(await names(), ['Cid', 'Bea'])
  t.ok(ada.id < bea.id)
  t.strictSame(await ask('select count(*)::int n from author'), [{ n: 2 }])
})

t.test('a table with a trigger that may leave rows out gets one statement for each', async (t) => {
  const { ask, inserts, log, names } = await scene(t)
  await ask(`create function odd() returns trigger language plpgsql as $$ begin new.name := new.name || '!'; return new; end $$; create trigger odd before insert on author for each row execute function odd()`)
  await Promise.all(numbered(6).map(async (name) => await log(name)))
  t.equal(inserts.length, 6)
  t.strictSame((await names()).toSorted(), numbered(6).map((name) => `${name}!`))
})

t.test('a row that waits for a lock is given up alone', async (t) => {
  const { db, log, names } = await scene(t, {}, { limits: { statementTimeoutMs: 300 } })
  await log('first')
  const outside = new pg.Client({ connectionString: (db.engine('logger').orm.config.get('clientUrl') as string) })
  await outside.connect()
  await outside.query(`begin; insert into author (id, name) values (50, 'locked')`)
  const settled = await Promise.allSettled(numbered(5).map(async (name, number) => await log(name, 48 + number)))
  await outside.query('rollback')
  await outside.end()
  t.strictSame(settled.map((result) => (result.status === 'rejected' ? (result.reason as { code: string }).code : 'saved')), ['saved', 'saved', 'SQLASSIST_STATEMENT_TIMEOUT', 'saved', 'saved'])
  t.strictSame(await names(), ['first', ...numbered(5).filter((_, number) => number !== 2)])
})

t.test('as many may wait as for connections', async (t) => {
  const { log } = await scene(t, { maxWaitMs: 60_000 }, { limits: { maxWaiting: 2 } })
  const accepted = [log('one'), log('two')]
  await sleep(0)
  t.equal((await errorOf(async () => await log('three'))).code, 'SQLASSIST_POOL_QUEUE_FULL')
  for (const each of accepted) each.catch(() => {})
})

t.test('what is no simple new entity goes as on every engine', async (t) => {
  const { db, names, ask } = await scene(t)
  await using sessions = db.session()
  const session = sessions.logger as Session
  const author = new Author('Ada')
  for (const title of ['One', 'Two']) author.books.add(Object.assign(new Book(title)))
  await session.persistAndFlush(author)
  await session.removeAndFlush(author.books[0]!)
  t.strictSame(await names(), ['Ada'])
  t.strictSame(await ask('select title from book'), [{ title: 'Two' }])
})

t.test('backends are killed while rows are on their way: what was saved is there once, and nothing else was', async (t) => {
  const { ask, db, log } = await scene(t, {}, { limits: { maxWaiting: 5000 } })
  const outcomes = new Map<string, string>()
  const over = new AbortController()
  const killing = (async () => {
    while (!over.signal.aborted) {
      await ask(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query like 'insert%' and state = 'active'`)
      await sleep(3)
    }
  })()
  await ask(`create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.002); return null; end $$; create trigger slow after insert on author for each statement execute function slow()`)
  let unknown = 0
  await Promise.all(Array.from({ length: 24 }, async (_, client) => {
    // On a fast machine it takes a while until a kill hits a statement that runs.
    for (let line = 0; line < (FULL ? 200 : 25) || (unknown === 0 && line < 2000); line++) {
      const name = `${client}/${line}`
      const outcome = await log(name).then(() => 'saved', (error: { code: string }) => error.code)
      if (outcome === 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN') unknown++
      outcomes.set(name, outcome)
    }
  }))
  over.abort()
  await killing
  const counts = new Map((await ask('select name, count(*)::int n from author group by name')).map(({ name, n }) => [name as string, n as number]))
  const kinds = new Map<string, number>()
  let wrong = 0
  for (const [name, outcome] of outcomes) {
    kinds.set(outcome, (kinds.get(outcome) ?? 0) + 1)
    const count = counts.get(name) ?? 0
    if (outcome === 'saved' ? count !== 1 : outcome === 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN' ? count > 1 : count !== 0) wrong++
  }
  t.comment(Object.fromEntries(kinds))
  t.equal(wrong, 0)
  t.ok(kinds.get('saved')! > 0 && unknown > 0, 'both have happened')
  t.equal((await log('after')).name, 'after', 'the engine works on')
  t.equal(db.engine('logger').stats().sessions.open, 0)
})

t.test('options that make no sense are refused', async (t) => {
  const config = defineConfig({ dbName: 'x', entities: [Author, Book] })
  const { defineConfig: sqlite } = await import('@mikro-orm/sqlite')
  const wrong: [EngineOptions, RegExp][] = [
    [{ config, batch: {} }, /engines\.logger\.batch.*autocommit: true/],
    [{ config, autocommit: true, fastPath: false, batch: {} }, /does not go with 'fastPath: false'/],
    [{ config, autocommit: true, batch: true as never }, /must be an object/],
    [{ config, autocommit: true, batch: { rows: 5 } as never }, /batch\.rows.*is unknown/],
    [{ config, autocommit: true, batch: { maxRows: 1 } }, /maxRows.*from 2 to 10000/],
    [{ config, autocommit: true, batch: { maxRows: 2.5 } }, /maxRows/],
    [{ config, autocommit: true, batch: { maxWaitMs: -1 } }, /maxWaitMs.*milliseconds/],
    [{ config: sqlite({ dbName: ':memory:', entities: [Author, Book] }), autocommit: true, batch: {} }, /is for PostgreSQL/],
  ]
  for (const [logger, message] of wrong) {
    const error = await errorOf(async () => await createSqlAssist({ engines: { logger } }))
    t.equal(error.code, 'SQLASSIST_INVALID_OPTIONS')
    t.match(error.message, message)
  }
})
