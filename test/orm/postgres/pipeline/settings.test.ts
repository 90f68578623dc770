// The connections that are shared are made as those of the pool are, and the engine's other options hold for them.
import { PostgresDialect } from 'kysely'
import pg from 'pg'
import t from 'tap'
import { MikroORM, type Options } from '@mikro-orm/postgresql'
import { createSqlAssist, type EngineOptions, onSqlAssistEvent, type QueryEvent, sqlAssistConfig } from 'fastify-sqlassist/orm'
import { tcpProxy } from '../../../support/tcp-proxy.ts'
import { postgres, sqlite } from '../../sessions/fixtures/engines.ts'
import { Author } from '../../sessions/fixtures/library.ts'
import { configOf, eventually, outcomeOf } from '../fixtures/pool.ts'
import { sharedLab, WHERE } from './fixtures/shared.ts'

const url = (await postgres(t)).config().clientUrl!

t.test('where reads cannot share connections, the engine is refused', async (t) => {
  const config = configOf(url)
  const plain = await MikroORM.init({ ...config, contextName: 'plain', entities: [], discovery: { warnWhenNoEntities: false } } as Options)
  const prepared = await MikroORM.init(sqlAssistConfig('reader', configOf(url, 2, { onReserveConnection: async () => {}, entities: [], discovery: { warnWhenNoEntities: false } }) as Options))
  t.teardown(async () => await Promise.all([plain.close(), prepared.close()]))
  const readyMade = new PostgresDialect({ pool: new pg.Pool() })
  const wrong: [options: EngineOptions, message: RegExp][] = [
    [{ config }, /is for readonly and autocommit engines/],
    [{ config, readonly: true, pipeline: 4 as never }, /must be true, false or an object such as/],
    [{ config, readonly: true, pipeline: { connections: 0 } }, /pipeline\.connections' must be a whole number from 1 on/],
    [{ config, readonly: true, pipeline: { slowAfterMs: 1.5 } }, /pipeline\.slowAfterMs' must be a whole number from 1 on/],
    [{ config, readonly: true, pipeline: { conections: 4 } as never }, /pipeline\.conections/],
    [{ config: (await sqlite(t)).config(), readonly: true }, /on SQLite a statement is answered before the next one can be sent: leave it out/],
    [{ orm: plain, autocommit: true }, /was made without sqlAssistConfig\(\)/],
    [{ config: configOf(url, 2, { driverOptions: readyMade }), autocommit: true }, /the application's own kysely/],
    [{ config: configOf(url, 2, { onCreateConnection: async () => {} }), readonly: true }, /'onCreateConnection' is given connections of kysely.*in driverOptions/],
    [{ orm: prepared, autocommit: true }, /'onReserveConnection' is given connections of kysely/],
    [{ config: configOf(url, 2, { sessionContext: 'connection' }), readonly: true }, /sessionContext: 'connection'.*use 'transaction'/],
    [{ config: configOf(url, 2, { driver: class OtherDriver {} }), autocommit: true }, /only of PostgreSQL it is known/],
  ]
  for (const [options, message] of wrong) {
    const error = await outcomeOf(createSqlAssist({ engines: { reader: { pipeline: true, ...options } } }))
    t.match(error, { code: 'SQLASSIST_INVALID_OPTIONS', message: /engines\.reader\.pipeline/ })
    t.match(error.message, message)
  }
  await using late = await createSqlAssist({ engines: { reader: { config: configOf(url, 2, { driverOptions: () => readyMade }), autocommit: true, pipeline: true } } })
  await using container = late.session() as unknown as AsyncDisposable & { reader: { execute(sql: string): Promise<unknown> } }
  t.match(await outcomeOf(container.reader.execute('select 1')), { code: 'SQLASSIST_INVALID_OPTIONS', message: /reader\.pipeline.*own kysely/ }, 'also where a function has made a kysely')
})

t.test('they refuse to write, and are set up as the others are', async (t) => {
  const made: number[] = []
  const onConnect = async (client: pg.Client): Promise<void> => {
    await client.query(`select set_config('app.tenant', 'seven', false)`)
    made.push((client as unknown as { processID: number }).processID)
  }
  const it = await sharedLab(t, url, 1, { driverOptions: { options: '-c search_path=nowhere,public', statement_timeout: 12_345, onConnect } })
  await using session = it.open()
  const [row] = await it.read(session.writer, `${WHERE}, current_setting('search_path') as path, current_setting('statement_timeout') as timeout, current_setting('app.tenant') as tenant,
    current_setting('application_name') as name, current_setting('default_transaction_read_only') as readonly`)
  t.match(row, { pid: it.sharedNow()[0], path: 'nowhere,public', timeout: '12345ms', tenant: 'seven', name: 'fastify-sqlassist/writer', readonly: 'on' })
  t.ok(made.includes(it.sharedNow()[0]!))
  t.match(await outcomeOf(it.read(session.writer, `insert into author (name) values ('Joyce')`)), { code: '25006' })
  t.strictSame(it.sharedNow(), [(row as { pid: number }).pid], 'that is no reason to end the connection')
})

t.test('they are made anew when they are old, with the password of the day, and closed when nobody uses them', async (t) => {
  let asked = 0
  const { password } = new URL(url)
  const driverOptions = { password: async () => (asked++, password), maxLifetimeSeconds: 1, idleTimeoutMillis: 300 }
  const it = await sharedLab(t, url, 1, { driverOptions })
  await using session = it.open()
  const [first] = it.sharedNow()
  const before = asked
  await eventually(async () => (await it.read<{ pid: number }>(session.writer, WHERE)).length === 1 && it.sharedNow().length === 1 && it.sharedNow()[0] !== first)
  t.ok(asked > before)
  await eventually(() => it.sharedNow().length === 0)
  await eventually(async () => (await it.backends()).length === 0)
  t.strictSame(await it.read(session.writer, 'select 1 as n'), [{ n: 1 }])
})

t.test('stats() counts them, beside those of the pool', async (t) => {
  const it = await sharedLab(t, url, 3, { max: 2 })
  await Promise.all(Array.from({ length: 40 }, async () => {
    await using session = it.open()
    await Promise.all([it.read(session.writer, 'select 1'), session.writer.execute('select 1')])
  }))
  t.equal(it.pool().max, 5)
  t.equal(it.pool().total, (await it.backends()).length)
  await it.checkAllBack('after reads of both kinds')
})

t.test('events: each statement with its own time, its connection and its comment', async (t) => {
  const it = await sharedLab(t, url, 1, { sqlComments: { application: 'library' }, pipeline: { slowAfterMs: 60_000 } })
  const [pid] = it.sharedNow()
  const events: QueryEvent[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:end', (event) => void events.push(event)))
  await using session = it.open()
  const [, [{ query }]] = await Promise.all([
    it.read(session.writer, 'select 1 as slow from pg_sleep(0.5)'),
    it.read(session.writer, 'select query from pg_stat_activity where pid = pg_backend_pid()') as Promise<[{ query: string }]>,
    outcomeOf(it.read(session.writer, 'select 1 / $1::int', 0)),
  ])
  t.match(query, /\/\*application='library'.*engine='writer'.*\*\/$/)
  const [slow, behind, failed] = events
  t.match(slow, { pid, uncommented: 'select 1 as slow from pg_sleep(0.5)', rows: 1, kind: 'other', internal: false })
  t.match(behind, { pid, rows: 1, error: undefined, sql: query })
  t.match(failed, { pid, parameters: [0], error: { code: '22012' } })
  t.ok(slow!.durationMs > 400)
  t.ok(behind!.at >= slow!.at + 400 && behind!.durationMs < slow!.durationMs, 'the time behind another statement is not its own')
  t.equal(events.length, 3)
})

t.test('while the own server is down, the followed engine\'s is read by the pool', async (t) => {
  const proxy = await tcpProxy(t, url)
  const other = { config: configOf(url) }
  const it = await sharedLab(t, url, 2, { through: proxy.url, follows: 'other', other, limits: { checkoutTimeoutMs: 1000 } })
  await using session = it.open()
  proxy.refuse(true)
  proxy.cut()
  for (let n = 0; n < 20; n++) t.strictSame(await it.read(session.writer, 'select $1::int as n', n), [{ n }])
  t.strictSame(it.sharedNow(), [])
  proxy.refuse(false)
  await eventually(async () => {
    await it.read(session.writer, WHERE)
    return it.sharedNow().length > 0
  })
  t.ok(it.warnings().some((text) => text.includes('is back')))
})

t.test('a session that reads in the transaction of another engine reads nowhere else', async (t) => {
  const other = { config: configOf(url) }
  const it = await sharedLab(t, url, 1, { follows: 'other', joinTransaction: true, other })
  const [row] = await it.db.transaction(async (container) => {
    const { writer: reader, other: writer } = container as unknown as ReturnType<typeof it.open>
    await writer.persistAndFlush(writer.create(Author, { name: 'not committed yet', books: [] }))
    return await it.read(reader, 'select name from author where name = $1', 'not committed yet')
  })
  t.match(row, { name: 'not committed yet' })
})
