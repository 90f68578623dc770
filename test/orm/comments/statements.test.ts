// The comments of a job's statements, as the database sees them.
import { MikroORM } from '@mikro-orm/core'
import { NodeSqliteDialect, type SqlEntityManager } from '@mikro-orm/sql'
import { createSqlAssist, type EngineOptions, onSqlAssistEvent, type QueryEvent, type Session, type SqlAssistOptions, sqlAssistConfig, type SqlCommentOptions } from 'fastify-sqlassist/orm'
import pg from 'pg'
import t, { type Test } from 'tap'
import { nativePool } from '../postgres/fixtures/pool.ts'
import { assist, type Database, onEachDatabase, postgres, recordingLogger, sqlite } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { hostileStatement, hostileText, randomOf } from './fixtures/hostile.ts'
import { FULL } from '../../support/size.ts'

type Writer = Session<SqlEntityManager>

const TRACE = '00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01'

interface Job {
  readonly writer: Writer
  /** What the database was sent since, and what the events told of it. */
  sent(): string[]
}

/** A job's session on a database, whose statements are written down. */
async function job(t: Test, database: Database, sqlComments: SqlAssistOptions['sqlComments'], more: Partial<SqlAssistOptions> = {}): Promise<Job> {
  const seen: string[] = []
  const config = database.config(database.dialect === 'sqlite' ? { driverOptions: { verbose: (sql: string) => void seen.push(sql) } } : {})
  const db = await assist(t, { writer: { config } }, { ...(sqlComments === undefined ? {} : { sqlComments }), ...more })
  const session = db.session()
  const writer = (session as unknown as { writer: Writer }).writer
  await writer.count(Author)
  const told: string[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:start', ({ sql }) => void told.push(sql)))
  t.teardown(async () => await session.close())
  seen.length = 0
  return { writer, sent: () => (database.dialect === 'sqlite' ? seen : told).splice(0) }
}

const ownText = 'select query from pg_stat_activity where pid = pg_backend_pid()'

t.test('the server sees the comment of a statement', async (t) => {
  const { writer } = await job(t, await postgres(t), { application: 'shop' })
  t.strictSame(await writer.execute(ownText), [{ query: `${ownText} /*application='shop',engine='writer'*/` }])
  t.strictSame(await writer.execute(`${ownText};`), [{ query: `${ownText} /*application='shop',engine='writer'*/;` }])
})

onEachDatabase(t, 'every statement of a session has it, and what it does stays the same', async (t, database) => {
  const { writer, sent } = await job(t, database, true)
  await writer.persistAndFlush(new Author('Ada'))
  t.match(await writer.find(Author, {}), [{ name: 'Ada' }])
  await writer.execute('update author set name = ?', ['Bea'])
  await writer.createQueryBuilder(Author).where({ name: 'Bea' }).getResult()
  for await (const author of writer.stream(Author)) t.match(author, { name: 'Bea' })
  const kysely = writer.getKysely() as unknown as { selectFrom(table: string): { selectAll(): { execute(): Promise<unknown>; stream(size: number): AsyncIterable<unknown> } } }
  t.match(await kysely.selectFrom('author').selectAll().execute(), [{ name: 'Bea' }])
  for await (const row of kysely.selectFrom('author').selectAll().stream(1)) t.match(row, { name: 'Bea' })
  await t.rejects(writer.transactional(async (em) => {
    await em.execute('delete from author')
    throw new Error('no')
  }), { message: 'no' })
  t.equal(await writer.count(Author), 1)
  const statements = sent()
  t.ok(statements.length >= 12)
  const comment = `/*engine='writer'*/`
  t.strictSame(statements.filter((sql) => (database.dialect === 'sqlite' ? !sql.startsWith(`${comment} `) : !sql.endsWith(` ${comment}`))), [])
})

onEachDatabase(t, 'without the option there are none, and an engine may go without', async (t, database) => {
  for (const options of [undefined, false, { engine: false }] as const) {
    const { writer, sent } = await job(t, database, options)
    await writer.count(Author)
    t.strictSame(sent().filter((sql) => sql.includes('/*')), [])
  }
  const db = await assist(t, { one: { config: database.config(), sqlComments: false }, two: { config: database.config(), readonly: true, sqlComments: { application: 'mine' } } }, { sqlComments: true })
  const told: string[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:start', ({ engine, sql }) => void told.push(`${engine}: ${sql}`)))
  await using session = db.session()
  for (const name of ['one', 'two']) await (session.get(name) as unknown as Writer).execute('select 1 as one')
  t.ok(told.includes('one: select 1 as one'))
  t.ok(told.some((line) => line.startsWith('two: ') && line.includes('select 1 as one') && line.includes(`/*application='mine',engine='two'*/`)))
})

onEachDatabase(t, 'an event says what was sent, and what was asked for', async (t, database) => {
  const { writer } = await job(t, database, { requestId: true })
  const told: QueryEvent[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:end', (event) => void told.push(event)))
  await writer.execute('select 1 as one;')
  for await (const author of writer.stream(Author)) t.fail(String(author.id))
  await writer.transactional(async (em) => await em.execute('select 2 as two'))
  const withComment = (sql: string): string => {
    if (database.dialect === 'sqlite') return `/*engine='writer'*/ ${sql}`
    return sql.endsWith(';') ? `${sql.slice(0, -1)} /*engine='writer'*/;` : `${sql} /*engine='writer'*/`
  }
  t.strictSame(told.filter(({ internal }) => !internal).map(({ kind, sql, uncommented }) => [kind, sql, uncommented]),
    [['other', 'select 1 as one;'], ['other', told[1]!.uncommented], ['begin', 'begin'], ['other', 'select 2 as two'], ['commit', 'commit']].map(([kind, sql]) => [kind, withComment(sql!), sql]))
  t.match(told[1]!.uncommented, /^select .*from .author. as .a0.$/)
  t.ok(told.filter(({ internal }) => internal).every(({ sql, uncommented }) => sql === withComment(uncommented)), "the package's own as well")
})

t.test('functions are asked for each statement, and what they fail with is no reason for it to fail', async (t) => {
  const { lines, logger } = recordingLogger()
  let calls = 0
  const answers: (() => unknown)[] = [
    () => TRACE, () => undefined, () => `${TRACE}'*/`, () => 7, () => { throw new Error('no span') }, () => { throw new Error('again') },
  ]
  const options = { traceparent: () => answers[calls++ % answers.length]!() } as SqlCommentOptions
  const { writer } = await job(t, await postgres(t), options, { logger })
  const seen: string[] = []
  calls = 0
  for (const _ of answers) seen.push((await writer.execute<{ query: string }[]>(ownText))[0]!.query.slice(ownText.length))
  t.strictSame(seen, [` /*engine='writer',traceparent='${TRACE}'*/`, ...Array.from({ length: 5 }, () => ` /*engine='writer'*/`)])
  t.strictSame(lines.filter(({ level }) => level === 'warn').map(({ message }) => message), [
    `The function 'sqlComments.traceparent' of engine 'writer' has failed, and is left out of comments; this is said once`,
  ])
})

t.test('more keys, given once or asked for', async (t) => {
  const database = await postgres(t)
  const extras: [SqlCommentOptions['extra'], string][] = [
    [{ controller: 'books', engine: 'mine does not count' }, `/*controller='books',engine='writer'*/`],
    [(info) => ({ job: (info as { job?: string }).job ?? 'none' }), `/*engine='writer',job='none'*/`],
    [(() => ({ a: 1, b: null, c: 'd' })) as never, `/*c='d',engine='writer'*/`],
    [() => undefined, `/*engine='writer'*/`],
    [(() => 'text') as never, `/*0='t',1='e',2='x',3='t',engine='writer'*/`],
  ]
  for (const [extra, comment] of extras) {
    const { writer } = await job(t, database, { extra: extra! })
    t.strictSame(await writer.execute(ownText), [{ query: `${ownText} ${comment}` }])
  }
})

t.test('on SQLite the names of columns, and what is kept of a view, are what they are without', async (t) => {
  const { writer, sent } = await job(t, await sqlite(t), true)
  t.strictSame(await writer.execute('select count(*), 1 + 1;'), [{ 'count(*)': 1, '1 + 1': 2 }])
  t.strictSame(await writer.execute('select 1 -- a remark'), [{ '1 -- a remark': 1 }], 'whatever they are')
  await writer.execute('create view one as select 1')
  t.strictSame(await writer.execute(`select sql from sqlite_schema where name = 'one'`), [{ sql: 'CREATE VIEW one as select 1' }])
  t.strictSame(sent().filter((sql) => !sql.startsWith(`/*engine='writer'*/ `)), [])
})

t.test('statements of every shape', async (t) => {
  const { writer, sent } = await job(t, await postgres(t), true)
  t.strictSame(await writer.execute('select 1 as one -- a remark'), [{ one: 1 }])
  t.strictSame(await writer.execute('select 1 as one -- a remark;'), [{ one: 1 }])
  t.strictSame(await writer.execute('select 1 as one; -- a remark'), [{ one: 1 }])
  t.strictSame(await writer.execute(`select '--' as dashes, 1 as one;`), [{ dashes: '--', one: 1 }])
  t.strictSame(await writer.execute(`select 1 as one /*a='b'*/`), [{ one: 1 }])
  t.equal(sent().at(-1), `select 1 as one /*a='b'*/`)
  await writer.execute(`select 1 as one; select 2 as two`)
  await writer.execute(`copy author (name) to program 'cat > /dev/null'`)
  await writer.execute(`do $$ begin perform 1; end $$`)
  await writer.execute('create function three() returns int language sql begin atomic; select 3; end;')
  await writer.execute('begin; select 1; commit')
  await t.rejects(writer.execute(`select 'open`), { message: /unterminated/ })
  await t.rejects(writer.execute(`select "open`), { message: /unterminated/ })
  await t.rejects(writer.execute(`select 1 /* open`), { message: /unterminated/ })
  await t.rejects(writer.execute(`select $$open`), { message: /unterminated/ })
})

const commented = (text: string): { query: string }[] => [{ query: `${text} /*application='shop',engine='writer'*/` }]

t.test("pg's own clients: texts, objects, callbacks, and objects that submit themselves", async (t) => {
  const { writer } = await job(t, await postgres(t), { application: 'shop' })
  const pool = await nativePool(writer)
  t.strictSame((await pool.query(ownText)).rows, commented(ownText))
  t.strictSame((await pool.query({ text: ownText })).rows, commented(ownText))
  const client = await pool.connect()
  const withValue = `${ownText} and $1 = 1`
  t.strictSame((await client.query(withValue, [1])).rows, commented(withValue))
  class Statement {
    readonly values = [1]
    get text(): string {
      return withValue
    }
  }
  t.strictSame((await client.query(new Statement())).rows, commented(withValue))
  const frozen = Object.freeze({ text: withValue, values: [1] })
  t.strictSame((await client.query(frozen)).rows, commented(withValue))
  t.strictSame(frozen.text, withValue, 'what was given is left as it is')
  const answer = await new Promise<pg.QueryResult>((resolve, reject) => {
    client.query(new pg.Query({ text: withValue, values: [1] }, ((error: Error | null, result: pg.QueryResult) => (error ? reject(error) : resolve(result))) as never) as never)
  })
  t.strictSame(answer.rows, commented(withValue))
  client.release()
})

/** Sends a prepared statement in the way of kysely, for which pg takes an object as well as a text. */
async function sendNamed(writer: Writer, sql: object, parameters: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
  const kysely = writer.getKysely() as unknown as { executeQuery(query: object): Promise<{ rows: Record<string, unknown>[] }> }
  return (await kysely.executeQuery({ sql, parameters, query: { kind: 'RawNode' }, queryId: { queryId: 'x' } })).rows
}

const prepared = async (writer: Writer): Promise<{ name: string; statement: string }[]> => await writer.execute('select name, statement from pg_prepared_statements order by prepare_time')

t.test('a prepared statement keeps a name, as long as its comments are few', async (t) => {
  const { writer } = await job(t, await postgres(t), { application: 'shop', extra: { tenant: 'a' } })
  await writer.transactional(async () => {
    const doubled = { name: 'double', text: 'select $1::int * 2 as doubled' }
    t.strictSame(await sendNamed(writer, doubled, [1]), [{ doubled: 2 }])
    t.strictSame(await sendNamed(writer, doubled, [2]), [{ doubled: 4 }])
    t.strictSame(await sendNamed(writer, { name: 'double' }, [3]), [{ doubled: 6 }], 'pg takes the name alone, once it knows the text')
    const long = { name: 'n'.repeat(63), text: 'select 1 as one' }
    t.strictSame(await sendNamed(writer, long), [{ one: 1 }])
    const names = await prepared(writer)
    t.match(names, [
      { name: /^double_[\da-f]{12}$/, statement: `select $1::int * 2 as doubled /*application='shop',engine='writer',tenant='a'*/` },
      { name: /^sqlassist_[\da-f]{40}$/, statement: /^select 1 as one \/\*/ },
    ])
    t.equal(names.length, 2)
  })
})

t.test('where there is nothing to say of it, it is left as it is', async (t) => {
  const { writer } = await job(t, await postgres(t), { engine: false })
  await writer.transactional(async () => {
    t.strictSame(await sendNamed(writer, { name: 'one', text: 'select 1 as one' }), [{ one: 1 }])
    t.strictSame(await prepared(writer), [{ name: 'one', statement: 'select 1 as one' }])
  })
})

t.test('with comments that differ from request to request it goes unnamed', async (t) => {
  const database = await postgres(t)
  for (const options of [{ requestId: true }, { traceparent: true }, { traceparent: () => TRACE }, { extra: () => ({ a: 'b' }) }]) {
    const { writer } = await job(t, database, options)
    await writer.transactional(async () => {
      const doubled = { name: 'double', text: 'select $1::int * 2 as doubled' }
      for (const number of [1, 2]) t.strictSame(await sendNamed(writer, doubled, [number]), [{ doubled: number * 2 }])
      t.strictSame(await sendNamed(writer, { name: 'double' }, [3]), [{ doubled: 6 }])
      t.strictSame(await prepared(writer), [])
      t.match(await sendNamed(writer, { name: 'own', text: ownText }), [{ query: /\*\/$/ }])
    })
  }
})

t.test('what is wrong with the option is said at registration', async (t) => {
  const database = await sqlite(t)
  const refusals: [option: string, sqlComments: unknown][] = [
    ['sqlComments', 'yes'], ['sqlComments', []], ['sqlComments', null], ['sqlComments.routes', { routes: true }], ['sqlComments.route', { route: '/x' }],
    ['sqlComments.application', { application: '' }], ['sqlComments.application', { application: 7 }], ['sqlComments.requestId', { requestId: 1 }],
    ['sqlComments.traceparent', { traceparent: TRACE }], ['sqlComments.extra', { extra: 'x' }], ['sqlComments.extra', { extra: { a: 1 } }],
  ]
  for (const [option, sqlComments] of refusals) {
    const engine = { config: database.config() }
    await t.rejects(createSqlAssist({ engines: { writer: engine }, sqlComments: sqlComments as boolean }), { code: 'SQLASSIST_INVALID_OPTIONS', message: new RegExp(`'${option}'`) })
    await t.rejects(createSqlAssist({ engines: { writer: { ...engine, sqlComments: sqlComments as boolean } } }), { code: 'SQLASSIST_INVALID_OPTIONS', message: new RegExp(`'engines.writer.${option}'`) })
  }
})

t.test('an engine whose statements do not pass us is refused, or goes without', async (t) => {
  const database = await sqlite(t)
  class OtherDriver {}
  const readyMade = new NodeSqliteDialect(':memory:')
  const foreign = await MikroORM.init(database.config() as never)
  t.teardown(async () => await foreign.close())
  const ours = await MikroORM.init(sqlAssistConfig('ready', database.config({ driverOptions: readyMade })) as never)
  t.teardown(async () => await ours.close())
  const engines: [EngineOptions, RegExp][] = [
    [{ config: database.config({ driver: OtherDriver }) }, /OtherDriver.*'onQuery'/],
    [{ config: database.config({ driverOptions: readyMade }) }, /own kysely/],
    [{ orm: foreign as never }, /sqlAssistConfig/],
    [{ orm: ours as never }, /own kysely/],
  ]
  for (const [engine, message] of engines) {
    await t.rejects(createSqlAssist({ engines: { writer: engine }, sqlComments: true }), { code: 'SQLASSIST_INVALID_OPTIONS', message })
  }
  for (const [engine] of engines.slice(2)) {
    const db = await createSqlAssist({ engines: { writer: { ...engine, sqlComments: false } }, sqlComments: true })
    await db.dispose()
  }
  const late = await assist(t, { writer: { config: database.config({ driverOptions: () => readyMade }) } }, { sqlComments: true })
  await using session = late.session()
  await t.rejects(session.get('writer').count(Author), { code: 'SQLASSIST_INVALID_OPTIONS', message: /own kysely/ }, 'where only a function knows, at the first statement')
})

onEachDatabase(t, 'hostile values say nothing to the database', async (t, database) => {
  const random = randomOf(7)
  let text = ''
  const options: SqlCommentOptions = { extra: () => ({ [text]: text, hostile: text }) }
  const { writer, sent } = await job(t, database, options)
  const plain = await job(t, database, undefined)
  for (let round = 0; round < (FULL ? 10_000 : 300); round++) {
    text = hostileText(random)
    const sql = hostileStatement(random)
    const outcome = async (em: Writer): Promise<unknown> => await em.execute(sql).then((rows: unknown) => JSON.stringify(rows), (error: unknown) => (error as { code?: string }).code ?? 'an error')
    const [expected, found] = [await outcome(plain.writer), await outcome(writer)]
    if (found !== expected) t.equal(found, expected, JSON.stringify({ sql, text }))
  }
  t.ok(sent().filter((sql) => sql.includes(`hostile='`)).length > 100, 'the comments were there')
})
