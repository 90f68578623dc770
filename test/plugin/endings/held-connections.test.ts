// Connections that a handler holds by other means than begin() and transactional(), and never gives back.
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import type { ControlledTransaction, Kysely } from 'kysely'
import t, { type Test } from 'tap'
import { asSuperuser, postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { RawClient } from '../../support/http-client.ts'
import { until } from './ending.ts'
import { LogLines } from './log-lines.ts'
import { Note } from './model.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { type Database, makeService, portOf, prepare, statsOf, type Writer, writerOf } from './service.ts'

interface Tables {
  note: { id: number; text: string }
}

const kyselyOf = (request: FastifyRequest): Kysely<Tables> => writerOf(request).getKysely<Tables>()
const forever = async (): Promise<never> => await new Promise(() => {})
const note = { id: 77, text: 'must not stay' }

/** Each holds a connection in its own way. Resolves when it does; what it resolves to is tried after the end, and must be refused. */
const holders: Record<string, (request: FastifyRequest) => Promise<() => unknown>> = {
  'a transaction of Kysely that never settles': async (request) => {
    const inside = Promise.withResolvers<Kysely<Tables>>()
    kyselyOf(request)
      .transaction()
      .execute(async (trx) => {
        await trx.insertInto('note').values(note).execute()
        inside.resolve(trx)
        await forever()
      })
      .catch(inside.reject)
    const trx = await inside.promise
    return () => trx.selectFrom('note').selectAll().execute()
  },
  'a transaction of Kysely that is committed too late': async (request) => {
    const trx: ControlledTransaction<Tables> = await kyselyOf(request).withoutPlugins().startTransaction().execute()
    await trx.insertInto('note').values(note).execute()
    return () => trx.commit().execute()
  },
  'a connection of Kysely, with a transaction in raw SQL': async (request) => {
    const inside = Promise.withResolvers<Kysely<Tables>>()
    kyselyOf(request)
      .connection()
      .execute(async (connection) => {
        await connection.executeQuery({ sql: 'begin', parameters: [], query: { kind: 'RawNode' } } as never)
        await connection.insertInto('note').values(note).execute()
        inside.resolve(connection)
        await forever()
      })
      .catch(inside.reject)
    const connection = await inside.promise
    return () => connection.selectFrom('note').selectAll().execute()
  },
  'a stream of rows that nobody reads on': async (request) => {
    const rows = writerOf(request).stream(Note, {})
    await rows.next()
    return () => rows.next()
  },
  'a transaction in raw SQL': async (request) => {
    const writer = writerOf(request)
    const statements = ['begin', `insert into note (id, text) values (77, 'must not stay')`]
    // PostgreSQL has a pool, which takes a connection back after each call, and does not keep it when it is in a transaction.
    if (request.server.sqlassist.stats()['writer']!.pool !== null) statements.splice(0, 2, statements.join('; '))
    for (const statement of statements) await writer.execute(statement)
    return () => writer.execute('commit')
  },
  'a transaction whose begin() is still on its way': async (request) => {
    const writer = writerOf(request)
    const begun = writer.begin()
    begun.catch(() => {})
    await turn()
    return () => begun.then(() => writer.insert(Note, note))
  },
}

const where: Record<string, (t: Test) => Promise<Database>> = {
  PostgreSQL: async (t) => ({ dialect: 'postgresql', at: await postgresDatabase(t) }),
  SQLite: async (t) => ({ dialect: 'sqlite', at: sqliteFile(t) }),
}

for (const [name, make] of Object.entries(where)) {
  t.test(`connections held on ${name}`, async (t) => {
    const database = await make(t)
    await prepare(database)
    for (const [holder, hold] of Object.entries(holders)) {
      await t.test(holder, async (t) => {
        const app = await makeService({ database })
        t.teardown(async () => await app.close())
        const held = Promise.withResolvers<() => unknown>()
        app.get('/', async (request) => {
          const writer = writerOf(request)
          if ((await writer.count(Note)) === 0) await writer.insertMany(Note, [{ text: 'one' }, { text: 'two' }])
          held.resolve(await hold(request))
          await forever()
        })
        await app.listen({ port: 0, host: '127.0.0.1' })
        const client = (await RawClient.connect(portOf(app))).request('GET', '/')
        const use = await held.promise
        client.leave()

        t.ok(await until(() => statsOf(app).sessions.closed === 1), 'the session is closed')
        await t.rejects(async () => await use(), { code: 'SQLASSIST_SESSION_CLOSED' }, 'late use is refused')
        t.ok(await until(() => isBack(app)), `the connection is back: ${JSON.stringify(statsOf(app).pool)}`)
        if (database.dialect === 'postgresql') t.ok(await until(async () => (await idleInTransaction(database.at)) === 0), 'none is idle in a transaction')
        await using container = app.sqlassist.session()
        const { writer } = container as unknown as { writer: Writer }
        t.equal(await writer.count(Note, { text: note.text }), 0, 'and nothing stays')
        await writer.transactional(async (em) => t.equal(await em.count(Note), 2, 'the engine is as good as new'))
      })
    }
  })
}

for (const statement of ['begin', 'rollback'] as const) {
  t.test(`a ${statement}() that gets no answer does not cost a connection`, async (t) => {
    const direct: Database = { dialect: 'postgresql', at: await postgresDatabase(t) }
    await prepare(direct)
    const proxy = await TcpProxy.start(direct.at)
    const app = await makeService({ database: { dialect: 'postgresql', at: proxy.url }, driverOptions: { query_timeout: 300 } })
    t.teardown(async () => {
      await app.close()
      proxy.stop()
    })
    for (let tries = 0; tries < 4; tries++) {
      await using container = app.sqlassist.session()
      const { writer } = container as unknown as { writer: Writer }
      if (statement === 'begin') await writer.count(Note)
      else await writer.begin()
      proxy.freeze()
      await t.rejects(writer[statement](), { message: /timeout/ })
    }
    t.ok(await until(() => isBack(app)), `all connections are back: ${JSON.stringify(statsOf(app).pool)}`)
  })
}

t.test('a ROLLBACK at the end that gets no answer is logged, and does not cost a connection', async (t) => {
  const direct: Database = { dialect: 'postgresql', at: await postgresDatabase(t) }
  await prepare(direct)
  const proxy = await TcpProxy.start(direct.at)
  const log = new LogLines()
  const server = { logger: { level: 'warn', stream: log } }
  const app = await makeService({ database: { dialect: 'postgresql', at: proxy.url }, driverOptions: { query_timeout: 300 }, server })
  t.teardown(async () => {
    await app.close()
    proxy.stop()
  })
  const container = app.sqlassist.session()
  await (container as unknown as { writer: Writer }).writer.begin()
  proxy.freeze()
  await container.close({ aborted: true })
  t.equal(log.lines.length, 1)
  t.match(log.lines, [{ msg: /^session writer#\d+: the rollback at its end failed$/, engine: 'writer', err: { message: /timeout/ } }])
  t.ok(await until(() => isBack(app)), `the connection is back: ${JSON.stringify(statsOf(app).pool)}`)
})

function isBack(app: Parameters<typeof statsOf>[0]): boolean {
  const { pool } = statsOf(app)
  return pool === null || (pool.total === pool.idle && pool.waiting === 0)
}

async function idleInTransaction(url: string): Promise<number> {
  const sql = `select count(*)::int n from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`
  return (await asSuperuser<{ n: number }>(url, sql))[0]!.n
}
