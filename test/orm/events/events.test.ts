// What the diagnostics channels tell of a job, and what they do not.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SqlEntityManager } from '@mikro-orm/sql'
import { onSqlAssistEvent, type Session, SQLASSIST_EVENTS } from 'fastify-sqlassist/orm'
import type { Kysely } from 'kysely'
import t from 'tap'
import { assist, onEachDatabase, postgres, sqlite } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { nativePool } from '../postgres/fixtures/pool.ts'
import { Heard } from './fixtures/heard.ts'

/** The session of an engine, with what SQL drivers add. */
const sqlOf = (sessions: { get(name: string): unknown }, engine = 'writer'): Session<SqlEntityManager> => sessions.get(engine) as Session<SqlEntityManager>

onEachDatabase(t, 'a job from its first session to its end', async (t, database) => {
  const db = await assist(t, { paris: { config: database.config(), default: true }, reader: { config: database.config(), readonly: true } })
  const heard = new Heard(t)
  await db.transaction(async (sessions) => {
    const [paris, { transaction }] = [sqlOf(sessions, 'paris'), sessions]
    transaction.beforeCommit(function count() {})
    transaction.afterCommit(() => {})
    paris.persist(new Author('Ada'))
    const savepoint = await transaction.savepoint()
    await paris.flush()
    paris.persist(new Author('Bea'))
    await paris.flush()
    await savepoint.rollback()
  }, { info: { job: 'nightly' } as object })
  t.strictSame(heard.story, [
    'container:open', 'session:open', 'transaction:begin', 'flush', 'transaction:savepoint', 'flush', 'transaction:savepoint', 'transaction:hook',
    'container:open', 'transaction:hook', 'container:close', 'transaction:commit', 'session:close', 'container:close',
  ])
  const [opened] = heard.of('sqlassist:container:open')
  t.match(opened!.owner, { label: 'The container', requestId: undefined, info: { job: 'nightly' } })
  heard.check(t, 'sqlassist:session:open', [{ engine: 'paris', readonly: false, autocommit: false, why: 'asked for by its name', owner: opened!.owner }])
  heard.check(t, 'sqlassist:transaction:begin', [{ attempt: 1, owner: opened!.owner }])
  t.match(heard.of('sqlassist:flush').map(({ engine, entities, error }) => ({ engine, entities, error })), [{ engine: 'paris', entities: 1, error: undefined }, { engine: 'paris', entities: 1, error: undefined }])
  heard.check(t, 'sqlassist:transaction:savepoint', [{ name: 'sqlassist_1', rolledBack: false }, { name: 'sqlassist_1', rolledBack: true }])
  heard.check(t, 'sqlassist:transaction:hook', [{ kind: 'beforeCommit', name: 'count' }, { kind: 'afterCommit', name: 'without a name' }])
  heard.check(t, 'sqlassist:transaction:commit', [{ attempt: 1, engines: ['paris'], error: undefined, durationMs: Number }])
  heard.check(t, 'sqlassist:session:close', [{ engine: 'paris', managed: 1, durationMs: Number, owner: opened!.owner }])
  t.match(heard.of('sqlassist:container:close').at(-1), { status: { paris: 'END', reader: 'INIT' }, durationMs: Number })
  t.ok(heard.all.every(({ event }) => event.at > 0 && event.at <= performance.now()))
})

onEachDatabase(t, 'statements, whoever sends them: the same object when it is sent and when it is answered', async (t, database) => {
  const db = await assist(t, { writer: { config: database.config() } })
  await using session = db.session()
  const writer = sqlOf(session)
  await writer.count(Author)
  const heard = new Heard(t)
  const ways: Record<string, () => Promise<unknown>> = {
    find: async () => await writer.find(Author, { name: 'Ada' }),
    flush: async () => await writer.persistAndFlush(new Author('Ada')),
    execute: async () => await writer.execute('select 1 as one where 1 = ?', [1]),
    kysely: async () => await (writer.getKysely() as Kysely<{ author: { id: number; name: string } }>).selectFrom('author').select('id').where('name', '=', 'Ada').execute(),
    update: async () => await writer.nativeUpdate(Author, { name: 'Ada' }, { name: 'Bea' }),
    builder: async () => await writer.createQueryBuilder(Author).where({ name: 'Bea' }).getResult(),
    connection: async () => await writer.getConnection().execute('select 2 as two'),
    transactional: async () => await writer.transactional(async (em) => await em.count(Author)),
    stream: async () => {
      for await (const author of writer.stream(Author)) t.match(author, { name: 'Bea' })
    },
  }
  const sent: Record<string, string[]> = {}
  for (const [way, run] of Object.entries(ways)) {
    heard.clear()
    await run()
    const [starts, ends] = [heard.of('sqlassist:query:start'), heard.of('sqlassist:query:end')]
    t.ok(ends.length > 0 && ends.every((event, index) => event === starts[index]), way)
    t.ok(ends.every((event) => event.engine === 'writer' && event.error === undefined && event.owner !== undefined && event.session !== undefined && event.durationMs >= 0))
    sent[way] = ends.filter(({ internal }) => !internal).map(({ kind, sql, parameters, rows, affected }) => `${kind} ${sql.replaceAll(/["`]/g, '')} ${JSON.stringify(parameters)} ${rows}${affected === undefined ? '' : ` ${affected}`}`)
  }
  const pg = database.dialect === 'postgresql'
  t.match(sent, {
    find: [/^other select a0\.\* from author as a0 where a0\.name = (?:(?:\$1|\?) \["Ada"\]|'Ada' \[\]) 0$/],
    flush: pg ? [/^other insert into author \(name\) values \(.+\) returning id \[.*\] 1 1$/] : ['begin begin [] 0 0', /insert/, 'commit commit [] 0 0'],
    execute: [/^other select 1 as one where 1 = (?:\$1::int4 \[1\]|\? \[1\]|1 \[\]) 1$/],
    kysely: [/^other select id from author where name = (\$1|\?) \["Ada"\] 1$/],
    update: [/^other update author set name = (?:(?:\$1|\?) where name = (?:\$2|\?) \["Bea","Ada"\]|'Bea' where name = 'Ada' \[\]) 0 1$/],
    builder: [/^other select a0\.\* from author as a0 where a0\.name = (?:(?:\$1|\?) \["Bea"\]|'Bea' \[\]) 1$/],
    connection: [/^other select 2 as two \[\] 1$/],
    transactional: [/^begin begin/, /^other select count\(\*\) as count/, /^commit commit/],
    stream: [/^other select a0\.\* from author as a0 \[\] 1$/],
  })
})

onEachDatabase(t, 'a stream that fails, and one that nobody reads to its end', async (t, database) => {
  const db = await assist(t, { writer: { config: database.config() } })
  await using session = db.session()
  const writer = sqlOf(session)
  await writer.persistAndFlush(['Ada', 'Bea', 'Cora'].map((name) => new Author(name)))
  const heard = new Heard(t)
  const kysely = writer.getKysely() as Kysely<{ author: { id: number; name: string }; nonsense: { id: number } }>
  await t.rejects(async () => {
    for await (const row of kysely.selectFrom('nonsense').selectAll().stream()) t.fail(String(row.id))
  }, { message: /nonsense/ })
  t.match(heard.of('sqlassist:query:end').find(({ sql }) => sql.includes('nonsense')), { error: { message: /nonsense/ }, rows: 0 })
  heard.clear()
  for await (const row of kysely.selectFrom('author').selectAll().stream(1)) {
    t.equal(row.name, 'Ada')
    break
  }
  heard.check(t, 'sqlassist:query:end', [{ error: undefined, sql: /author/ }])
})

t.test("pg's own pool, with callbacks", async (t) => {
  const database = await postgres(t)
  const db = await assist(t, { writer: { config: database.config() } })
  await using session = db.session()
  await session.get('writer').count(Author)
  const pool = await nativePool(sqlOf(session))
  const ask = async (sql: string): Promise<unknown> => await new Promise((resolve) => pool.query(sql, (error: Error | null, answer) => resolve(error?.message ?? answer.rows)))
  t.strictSame(await ask('select 0 as zero'), [{ zero: 0 }])
  const heard = new Heard(t)
  t.strictSame(await ask('select 1 as one'), [{ one: 1 }])
  t.match(await ask('select nonsense'), /nonsense/)
  t.match(heard.of('sqlassist:query:end').map(({ sql, rows, error }) => [sql, rows, error === undefined]), [['select 1 as one', 1, true], ['select nonsense', undefined, false]])
})

onEachDatabase(t, 'a statement that fails says with what', async (t, database) => {
  const db = await assist(t, { writer: { config: database.config() } })
  await using session = db.session()
  await session.get('writer').count(Author)
  const heard = new Heard(t)
  await t.rejects(sqlOf(session).execute('select nonsense'))
  t.match(heard.of('sqlassist:query:end').map(({ sql, error }) => [sql, (error as Error).message]), [['select nonsense', /nonsense/]])
})

t.test('an abort tells why, and a commit that fails is followed by one', async (t) => {
  const database = await postgres(t)
  const db = await assist(t, { writer: { config: database.config() } })
  const heard = new Heard(t)
  const reason = new Error('no')
  await t.rejects(db.transaction(async ({ writer }) => {
    await writer.count(Author)
    throw reason
  }), reason)
  heard.check(t, 'sqlassist:transaction:abort', [{ engines: ['writer'], reason, attempt: 1 }])
  t.equal(heard.of('sqlassist:transaction:commit').length, 0)
  heard.clear()
  await t.rejects(db.transaction(async ({ writer, transaction }) => {
    writer.persist(new Author('Ada'))
    transaction.beforeCommit(() => Promise.reject(reason))
  }), reason)
  const story = heard.story.filter((name) => name.startsWith('transaction'))
  t.strictSame(story, ['transaction:begin', 'transaction:hook', 'transaction:commit', 'transaction:abort'])
  heard.check(t, 'sqlassist:transaction:commit', [{ error: reason }])
})

t.test('connections: the wait for them, how they come back, and how they are stopped', async (t) => {
  const database = await postgres(t)
  const db = await assist(t, { writer: { config: database.config({ pool: { max: 1 } }), limits: { checkoutTimeoutMs: 1000, statementTimeoutMs: 300 } } })
  const heard = new Heard(t)
  await using holder = db.session()
  await using waiter = db.session()
  await holder.get('writer').begin()
  await t.rejects(waiter.get('writer').count(Author), { code: 'SQLASSIST_CHECKOUT_TIMEOUT' })
  const refused = heard.of('sqlassist:pool:checkout').at(-1)!
  t.match(refused, { engine: 'writer', pid: undefined, error: { code: 'SQLASSIST_CHECKOUT_TIMEOUT' }, pool: { total: 1, idle: 0, max: 1 } })
  t.ok(refused.durationMs > 500, 'it says how long it has waited')
  heard.clear()
  await t.rejects(sqlOf(holder).execute('select pg_sleep(60)'), { code: 'SQLASSIST_STATEMENT_TIMEOUT' })
  while (heard.of('sqlassist:cancel').length === 0) await sleep(5) // the statement has failed by then, and the connection still has to answer
  heard.check(t, 'sqlassist:cancel', [{ engine: 'writer', reason: 'statementTimeoutMs', pid: Number }])
  await holder.close({ aborted: true })
  heard.check(t, 'sqlassist:pool:release', [{ engine: 'writer', pid: Number, destroyed: false, durationMs: Number }])

  heard.clear()
  const long = sqlOf(waiter).execute('select pg_sleep(60) as stopped')
  const failed = t.rejects(long, { code: 'SQLASSIST_SESSION_CLOSED' })
  while (!heard.of('sqlassist:query:start').some(({ sql }) => sql.includes('stopped'))) await sleep(5)
  await waiter.close({ aborted: true, stop: true })
  await failed
  heard.check(t, 'sqlassist:cancel', [{ reason: 'the session has ended' }])
})

t.test('leaks are told as they are warned of', async (t) => {
  const [file, database] = [await sqlite(t), await postgres(t)]
  const db = await assist(t, { file: { config: file.config() }, server: { config: database.config() } }, { leakWarningMs: 20 })
  const heard = new Heard(t)
  const [forgotten, managed] = [db.session(), db.session()]
  await forgotten.get('server').begin()
  await managed.transaction.begin()
  managed.get('server').persist(new Author('Ada'))
  await managed.get('server').flush()
  while (heard.of('sqlassist:leak').length < 2) await sleep(5)
  heard.check(t, 'sqlassist:leak', [{ kind: 'container', message: /has kept its sessions open/, owner: { label: 'The container' } }, { kind: 'container' }])
  heard.clear()
  await forgotten.close()
  await managed.close()
  t.match(heard.of('sqlassist:leak').map(({ kind, engine, message }) => [kind, engine, message]), [
    ['transaction', 'server', /ended inside a transaction/], ['transaction', undefined, /ended with its transaction open/],
  ])
  heard.clear()
  await using raw = db.session()
  await sqlOf(raw, 'file').execute('begin')
  await raw.close()
  heard.check(t, 'sqlassist:leak', [{ kind: 'transaction', engine: 'file', message: /Raw SQL of/ }])
})

t.test('two-phase commits and recovery', async (t) => {
  const [one, two] = [await postgres(t), await postgres(t)]
  const db = await assist(t, { one: { config: one.config(), twoPhase: true }, two: { config: two.config(), twoPhase: true } }, { recoveryIntervalMs: 0 })
  const heard = new Heard(t)
  await db.transaction(async (sessions) => {
    sqlOf(sessions, 'one').persist(new Author('Ada'))
    sqlOf(sessions, 'two').persist(new Author('Bea'))
  })
  t.strictSame(heard.of('sqlassist:transaction:prepare').map(({ engine }) => engine).toSorted(), ['one', 'two'])
  await db.recover()
  heard.check(t, 'sqlassist:recovery', [{ report: { committed: [], rolledBack: [] }, owner: undefined }])
})

t.test('the channels are those of diagnostics_channel, and nothing is made where nobody listens', async (t) => {
  const database = await sqlite(t)
  const db = await assist(t, { writer: { config: database.config() } })
  const heard: unknown[] = []
  const listener = (event: unknown): void => void heard.push(event)
  subscribe('sqlassist:query:end', listener)
  {
    await using session = db.session()
    await session.get('writer').count(Author)
  }
  unsubscribe('sqlassist:query:end', listener)
  t.ok(heard.length > 0)
  t.match(heard.at(-1), { engine: 'writer', rows: 1 })
  const before = heard.length
  const stop = onSqlAssistEvent('sqlassist:query:end', listener)
  stop()
  await using session = db.session()
  await session.get('writer').count(Author)
  t.equal(heard.length, before)
  t.equal(SQLASSIST_EVENTS.length, new Set(SQLASSIST_EVENTS).size)
})
