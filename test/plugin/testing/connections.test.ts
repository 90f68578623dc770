// What else an application does on its connections: hooks, COPY, statements that are stopped, servers that go away.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import { defineConfig } from '@mikro-orm/postgresql'
import { createSqlAssist, type EngineOptions, type SqlAssist } from 'fastify-sqlassist/orm'
import { rollbackAfterEach, type TestHooks } from 'fastify-sqlassist/testing'
import { asSuperuser, postgresDatabase } from '../../support/databases.ts'
import { eventually } from '../../support/eventually.ts'
import { type Em, Item, Line, TABLES } from './fixtures/shop.ts'

const url = await postgresDatabase(t)
await asSuperuser(url, TABLES)

interface Rehearsed {
  readonly db: SqlAssist
  begin(): Promise<void>
  end(): Promise<void>
}

const configOf = (more: object = {}): EngineOptions['config'] => defineConfig({ clientUrl: url, entities: [Item, Line], pool: { min: 0, max: 3 }, ...more }) as EngineOptions['config']

async function rehearsed(t: Test, engines: Record<string, Omit<EngineOptions, 'config'> & { readonly config?: object }>): Promise<Rehearsed> {
  const db = await createSqlAssist({ engines: Object.fromEntries(Object.entries(engines).map(([name, { config, ...more }]) => [name, { config: configOf(config)!, ...more }])) })
  t.teardown(async () => await db.dispose())
  const hooks: (() => Promise<void>)[] = []
  const runner: TestHooks = { beforeEach: (hook) => void (hooks[0] = hook), afterEach: (hook) => void (hooks[1] = hook) }
  rollbackAfterEach(runner, db)
  return { db, begin: async () => await hooks[0]!(), end: async () => await hooks[1]!() }
}

const em = (db: SqlAssist, name: string): Em => db.engine(name).orm.em.fork() as unknown as Em

/** A client of one's own, where the application's connections lead to. */
async function visitor(t: Test, db: SqlAssist, name: string): Promise<pg.Client> {
  const { host, port, user, database } = db.engine(name).connectionOptions()
  const client = new pg.Client({ host, port, user, database } as pg.ClientConfig)
  client.on('error', () => {})
  await client.connect()
  t.teardown(async () => await client.end())
  return client
}

async function onCreateConnection(connection: unknown): Promise<void> {
  await (connection as { executeQuery(query: object): Promise<unknown> }).executeQuery({ sql: `select set_config('app.name', 'first', false)`, parameters: [], query: { kind: 'RawNode' } })
}

t.test('what a hook sets on a connection is set on that one', async (t) => {
  const { db, begin, end } = await rehearsed(t, {
    first: { config: { onCreateConnection } },
    second: { config: { driverOptions: { options: '-c search_path=pg_catalog -c app.name=second\\ one', statement_timeout: 50 } } },
  })
  await begin()
  const named = `select current_setting('app.name', true) as name, current_setting('search_path') as path, current_setting('statement_timeout') as timeout`
  for (const _again of [1, 2]) {
    t.strictSame(await em(db, 'first').execute(named), [{ name: 'first', path: '"$user", public', timeout: '0' }])
    t.strictSame(await em(db, 'second').execute(named), [{ name: 'second one', path: 'pg_catalog', timeout: '50ms' }])
  }
  await t.rejects(em(db, 'second').execute('select pg_sleep(10)'), { code: '57014' })
  await end()
})

const ask = async (client: pg.Client, sql: string): Promise<unknown> => (await client.query({ name: 'same', text: sql, values: [1] })).rows[0]

t.test('prepared statements are those of one connection, and outlive a rollback and the connection to the server', async (t) => {
  const { db, begin, end } = await rehearsed(t, { one: {}, other: {} })
  await begin()
  const [one, other] = [await visitor(t, db, 'one'), await visitor(t, db, 'other')]
  t.strictSame(await ask(one, 'select $1::int + 1 as n'), { n: 2 })
  t.strictSame(await ask(other, 'select $1::int + 2 as n'), { n: 3 })
  t.strictSame(await ask(one, 'select $1::int + 1 as n'), { n: 2 })
  await t.rejects(one.query({ name: 'wrong', text: 'select $1::int / 0', values: [1] }), { code: '22012' })
  await t.rejects(one.query({ text: 'begin', queryMode: 'extended' } as pg.QueryConfig), { code: '0A000', message: /without parameters/ })
  await end()
  await asSuperuser(url, `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`)
  await eventually(async () => (await begin().then(() => true, () => false)))
  t.strictSame(await ask(one, 'select $1::int + 1 as n'), { n: 2 })
  await one.end()
  t.strictSame(await ask(other, 'select $1::int + 2 as n'), { n: 3 })
  await end()
})

t.test('a server that goes away in the middle of a test', async (t) => {
  const { db, begin, end } = await rehearsed(t, { writer: {} })
  await begin()
  await em(db, 'writer').insert(Item, { name: 'pen', stock: 1 })
  await asSuperuser(url, `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`)
  await t.rejects(em(db, 'writer').count(Item), { code: /^SQLASSIST_(?:CONNECTION_LOST|DATABASE_UNAVAILABLE)$/ })
  await t.rejects(end())
  await begin()
  await eventually(async () => await em(db, 'writer').count(Item).then((count) => count === 0, () => false))
  await end()
})

t.test('rows of a COPY, in and out', async (t) => {
  const { db, begin, end } = await rehearsed(t, { writer: {} })
  await begin()
  const client = await visitor(t, db, 'writer')
  t.equal(await copy(client, 'copy item (name, stock) from stdin', ['pen\t1\n', 'ink\t2\n']), '')
  t.equal(await copy(client, 'copy (select name, stock from item order by stock) to stdout'), 'pen\t1\nink\t2\n')
  await end()
})

t.test('transactions by hand, in all their words', async (t) => {
  const { db, begin, end } = await rehearsed(t, { writer: {} })
  await begin()
  const client = await visitor(t, db, 'writer')
  const counted = async (): Promise<number> => Number((await client.query<{ count: string }>('select count(*) from line')).rows[0]!.count)
  await client.query(`begin; insert into line (text) values ('a'); savepoint "A ""point"""; insert into line (text) values ('b'); rollback to "A ""point"""; commit`)
  t.equal(await counted(), 1)
  await client.query(`start transaction isolation level serializable read write`)
  await client.query(`insert into line (text) values ('c')`)
  await client.query('SAVEPOINT Mixed')
  await t.rejects(client.query('nonsense'), { code: '42601' })
  await t.rejects(client.query('savepoint other'), { code: '25P02' })
  await t.rejects(client.query('select 1'), { code: '25P02' })
  await client.query('rollback /* to where it was */ to savepoint mixed')
  t.equal(await counted(), 2)
  await client.query('release savepoint mixed')
  await t.rejects(client.query('rollback to mixed'), { code: '3B001' })
  const { command } = await client.query('end')
  t.equal(command, 'ROLLBACK')
  t.equal(await counted(), 1)
  await t.rejects(client.query('savepoint nowhere'), { code: '25P01' })
  t.equal((await client.query('commit')).command, 'COMMIT', 'the server would only warn')
  await t.rejects(client.query(`prepare transaction 'x'`), { code: '0A000' })

  await client.query('begin')
  await client.query('set transaction read only')
  await client.query('savepoint inner')
  await t.rejects(client.query(`insert into line (text) values ('d')`), { code: '25006' })
  await client.query('rollback to inner')
  t.equal(await counted(), 1)
  await client.query('release inner')
  await client.query('commit')
  t.strictSame((await client.query('')).rows, [])
  await client.query('begin')
  await client.query(`insert into line (text) values ('e')`)
  await client.query('savepoint inner')
  await client.query('set transaction read only')
  await t.rejects(client.query(`insert into line (text) values ('f')`), { code: '25006' })
  await client.query('rollback to inner; release inner')
  await client.query(`insert into line (text) values ('g')`)
  await client.query('abort')
  t.equal(await counted(), 1)
  await end()
})

t.test('what others write while a transaction is open is not undone with a part of it', async (t) => {
  const { db, begin, end } = await rehearsed(t, { writer: {}, audit: { autocommit: true } })
  await begin()
  const [writer, audit] = [await visitor(t, db, 'writer'), await visitor(t, db, 'audit')]
  await writer.query(`begin; insert into line (text) values ('one'); savepoint inner; insert into line (text) values ('two')`)
  await audit.query({ name: 'line', text: 'insert into line (text) values ($1)', values: ['audit'] })
  await writer.query('rollback to inner')
  const texts = async (): Promise<string[]> => (await audit.query<{ text: string }>('select text from line order by text')).rows.map(({ text }) => text)
  t.strictSame(await texts(), ['audit', 'one'])
  await writer.query('rollback')
  t.strictSame(await texts(), ['audit'])
  await end()
})

t.test('a wait for another transaction can be stopped', async (t) => {
  const { db, begin, end } = await rehearsed(t, { writer: {} })
  await begin()
  const [first, second] = [await visitor(t, db, 'writer'), await visitor(t, db, 'writer')]
  await first.query(`begin; insert into line (text) values ('first')`)
  const busy = first.query('select pg_sleep(600)').then(() => 'slept', ({ code, message }: { code?: string; message: string }) => code ?? message)
  const waiting = second.query(`begin; insert into line (text) values ('second')`).then(() => 'written', (error: { code: string }) => error.code)
  const pids = { processID: (second as unknown as { processID: number }).processID, secretKey: (second as unknown as { secretKey: number }).secretKey }
  const asleep = `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`
  await eventually(async () => (await asSuperuser(url, asleep)).length > 0)
  await eventually(async () => {
    await cancel(second, pids)
    return (await Promise.race([waiting, sleep(20, 'still waiting')])) !== 'still waiting'
  })
  t.equal(await waiting, '57014')
  await second.query('rollback')

  const again = second.query(`begin; insert into line (text) values ('second')`).then(() => 'written', (error: { code: string }) => error.code)
  await end()
  // With the test its connections end too: the client hears of one or the other first.
  t.match(await busy, /^(?:57014|ECONNRESET|Connection terminated(?: unexpectedly)?)$/)
  t.equal(await again, 'SQLASSIST_TEST_NOT_RUNNING', 'or ends with the test')
})

interface CopyConnection {
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

/** Runs a COPY as the packages for it do. Resolves to what has come. */
async function copy(client: pg.Client, text: string, lines: readonly string[] = []): Promise<string> {
  return await new Promise((resolve, reject) => {
    let received = ''
    client.query({
      submit: (connection: CopyConnection) => connection.query(text),
      handleCopyInResponse: (connection: CopyConnection) => {
        for (const line of lines) connection.sendCopyFromChunk(Buffer.from(line))
        connection.endCopyFrom()
      },
      handleCopyData: ({ chunk }: { chunk: Buffer }) => void (received += chunk.toString()),
      handleCommandComplete: () => {},
      handleReadyForQuery: () => resolve(received),
      handleError: reject,
    } as unknown as pg.Submittable)
  })
}

/** Sends what pg sends to stop a statement. */
async function cancel(client: pg.Client, { processID, secretKey }: { processID: number; secretKey: number }): Promise<void> {
  const { Connection } = pg as unknown as { Connection: new () => { connect(path: string): void; cancel(pid: number, key: number): void; on(event: string, listener: () => void): void } }
  const { host, port } = client as unknown as { host: string; port: number }
  const connection = new Connection()
  await new Promise<void>((resolve) => {
    connection.on('connect', () => connection.cancel(processID, secretKey))
    connection.on('error', resolve)
    connection.on('end', resolve)
    connection.connect(`${host}/.s.PGSQL.${port}`)
  })
}
