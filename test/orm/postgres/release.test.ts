// Whatever happens to a connection, it comes back: no slot of a pool is ever lost, and nobody finds somebody else's transaction.
import type { SqlEntityManager } from '@mikro-orm/postgresql'
import t, { type Test } from 'tap'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import { gate, postgres } from '../sessions/fixtures/engines.ts'
import { Author, Book } from '../sessions/fixtures/library.ts'
import { backendOf, configOf, eventually, type Lab, lab, outcomeOf } from './fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!

/** A case is tried more often than the pool has connections. */
const ROUNDS = 3

/** Each leaves a connection in a state that could cost it. */
const troubles: Record<string, (t: Test, it: Lab) => Promise<void>> = {
  'a backend is killed while it is idle': async (t, it) => {
    await using session = it.open()
    await session.writer.count(Author)
    await it.kill((await it.backends('idle'))[0]!)
    await eventually(() => it.pool().total === 0)
    t.equal(await session.writer.count(Author), 0)
  },
  'a backend is killed in a query': async (t, it) => {
    await using session = it.open()
    const asked = outcomeOf(session.writer.execute('select pg_sleep(600)'))
    await it.kill(await it.running('pg_sleep(600)'))
    t.match(await asked, { code: 'SQLASSIST_CONNECTION_LOST', statusCode: 503, headers: { 'retry-after': '1' }, message: /while a statement ran: terminating connection/ })
  },
  'a backend is killed in a transaction, between two statements': async (t, it) => {
    await using session = it.open()
    const lost = session.writer.transactional(async (em) => {
      em.create(Author, { name: 'must not stay', books: [] })
      await em.flush()
      await it.kill(await backendOf(em))
      await em.count(Author)
    })
    t.match(await outcomeOf(lost), { code: 'SQLASSIST_CONNECTION_LOST' })
    t.equal(await session.writer.fork().count(Author), 0)
  },
  'a backend is killed in a query of a transaction': async (t, it) => {
    await using session = it.open()
    await session.writer.begin()
    const pid = await backendOf(session.writer)
    const asked = outcomeOf(session.writer.execute('select pg_sleep(600)'))
    t.equal(await it.running('pg_sleep(600)'), pid)
    await it.kill(pid)
    t.match(await asked, { code: 'SQLASSIST_CONNECTION_LOST' })
    t.match(await outcomeOf(session.writer.execute('select 1')), { code: 'SQLASSIST_CONNECTION_LOST' }, 'the transaction is over')
    await outcomeOf(session.writer.rollback())
  },
  'a backend is killed before the commit': async (t, it) => {
    await using session = it.open()
    await session.writer.begin()
    session.writer.create(Author, { name: 'must not stay', books: [] })
    await session.writer.flush()
    await it.kill(await backendOf(session.writer))
    // Whether the end of the connection is known here before the COMMIT has been sent is a matter of microseconds.
    t.match(await outcomeOf(session.writer.commit()), { code: /^SQLASSIST_(?:CONNECTION_LOST|COMMIT_OUTCOME_UNKNOWN)$/ })
  },
  'a backend is killed while somebody reads a stream': async (t, it) => {
    await using session = it.open()
    const rows = session.writer.getConnection().stream<{ n: number }>('select n from generate_series(1, 100000) n', [])
    const read = (async () => {
      for await (const { n } of rows) if (n === 1) await it.kill((await it.backends('active'))[0] ?? (await it.backends('idle'))[0]!)
    })()
    t.match(await outcomeOf(read), { code: 'SQLASSIST_CONNECTION_LOST' })
  },
  'a BEGIN in raw SQL fails': async (t, it) => {
    await using session = it.open()
    t.match(await outcomeOf(session.writer.execute('begin isolation level nonsense')), { code: '42601' })
  },
  'a COMMIT fails, and nobody rolls back': async (t, it) => {
    await it.admin.query('alter table book add constraint late unique (author_id) deferrable initially deferred')
    try {
      await using session = it.open()
      await session.writer.begin()
      await session.writer.execute(`with a as (insert into author (name) values ('must not stay') returning id)
        insert into book (title, author_id) select title, id from a, (values ('one'), ('two')) t (title)`)
      const error = await outcomeOf(session.writer.commit())
      t.match(error, { code: '23505', constraint: 'late' }, 'the error of the server is passed on as it is')
    } finally {
      await it.admin.query('alter table book drop constraint late')
    }
  },
  'a transaction is forgotten': async (t, it) => {
    const session = it.open()
    await session.writer.begin()
    await session.writer.insert(Author, { name: 'must not stay' })
    await session.close()
    t.match(it.warnings().at(-1), /session writer#\d+ ended inside a transaction: it is rolled back/)
  },
  'a transaction of kysely is forgotten': async (_t, it) => {
    const session = it.open()
    const trx = await session.writer.getKysely<{ author: { name: string } }>().startTransaction().execute()
    await trx.insertInto('author').values({ name: 'must not stay' }).execute()
    await session.close()
  },
  'raw SQL begins a transaction, and the connection goes back with it': async (t, it) => {
    await using session = it.open()
    await session.writer.execute(`begin; insert into author (name) values ('must not stay')`)
    t.match(it.lines.findLast(({ level }) => level === 'warn'), {
      context: { engine: 'writer', pid: Number, session: Number },
      message: /came back inside a transaction and is destroyed \(engine 'writer', session writer#\d+ of The container\)/,
    })
  },
  'raw SQL begins a transaction that fails': async (t, it) => {
    await using session = it.open()
    t.match(await outcomeOf(session.writer.execute('begin; select 1/0')), { code: '22012' })
    await eventually(() => it.lines.some(({ message }) => message.includes('came back inside a transaction')))
  },
  'a statement fails': async (t, it) => {
    await using session = it.open()
    t.match(await outcomeOf(session.writer.execute('select nonsense')), { code: '42703' })
    t.match(await outcomeOf(session.writer.transactional(async (em) => await em.execute('select nonsense'))), { code: '42703' })
  },
  'a session is closed twice, and a transaction rolled back twice': async (t, it) => {
    const session = it.open()
    const { writer } = session
    await writer.begin()
    await writer.rollback()
    await t.rejects(writer.rollback(), /transaction is required/i)
    await Promise.all([session.close(), session.close(), writer[Symbol.asyncDispose]()])
  },
  'a generator of rows is left in the middle': async (t, it) => {
    await using session = it.open()
    for await (const { n } of session.writer.getConnection().stream<{ n: number }>('select n from generate_series(1, 100000) n', [])) {
      t.equal(n, 1)
      break
    }
  },
}

for (const [trouble, make] of Object.entries(troubles)) {
  t.test(trouble, async (t) => {
    const it = await lab(t, url)
    for (let round = 0; round < ROUNDS; round++) await make(t, it)
    await it.checkAllBack('afterwards')
    const { rows } = await it.admin.query('select name from author union select title from book')
    t.strictSame(rows, [], 'and nothing stays')
  })
}

t.test('a BEGIN that fails', async (t) => {
  const broken = async (connection: { executeQuery(query: object): Promise<{ rows: [{ pid: number }] }> }): Promise<void> => {
    const { rows: [{ pid }] } = await connection.executeQuery({ sql: 'select pg_backend_pid() pid', parameters: [] })
    if (killing) await it.kill(pid)
  }
  let killing = true
  const it = await lab(t, url, { hooks: { onReserveConnection: broken } })
  for (let round = 0; round < ROUNDS; round++) {
    await using session = it.open()
    t.match(await outcomeOf(session.writer.begin()), { code: 'SQLASSIST_CONNECTION_LOST' })
    t.notOk(session.writer.isInTransaction())
    t.match(await outcomeOf(session.writer.getKysely().transaction().execute(async () => {})), { code: 'SQLASSIST_CONNECTION_LOST' })
  }
  killing = false
  await it.checkAllBack('afterwards')
})

t.test('a ROLLBACK that fails', async (t) => {
  const it = await lab(t, url)
  for (let round = 0; round < ROUNDS; round++) {
    await using session = it.open()
    await session.writer.begin()
    await it.kill(await backendOf(session.writer))
    t.match(await outcomeOf(session.writer.rollback()), { code: 'SQLASSIST_CONNECTION_LOST' })
  }
  await it.checkAllBack('afterwards')
})

for (const hook of ['onCreateConnection', 'onReserveConnection'] as const) {
  t.test(`${hook} throws`, async (t) => {
    let working = false
    let called = 0
    const it = await lab(t, url, {
      hooks: {
        [hook]: async (connection: { executeQuery(query: object): Promise<unknown> }) => {
          called++
          await connection.executeQuery({ sql: 'select 1', parameters: [] })
          if (!working) throw new Error('the hook has no luck')
        },
      },
    })
    for (let round = 0; round < ROUNDS; round++) {
      await using session = it.open()
      t.match(await outcomeOf(session.writer.count(Author)), { message: 'the hook has no luck' })
      t.match(await outcomeOf(session.writer.transactional(async () => {})), { message: 'the hook has no luck' })
    }
    t.equal(called, 2 * ROUNDS)
    working = true
    await it.checkAllBack('afterwards')
    t.ok(called > 2 * ROUNDS, 'the hook is still called')
  })
}

t.test('a server that refuses to be connected to', async (t) => {
  const wrong = new URL(url)
  wrong.password = 'wrong'
  const it = await lab(t, url, { through: wrong.href })
  for (let round = 0; round < ROUNDS; round++) {
    await using session = it.open()
    t.match(await outcomeOf(session.writer.count(Author)), { code: '28P01' }, 'its error is passed on')
  }
  t.match(it.pool(), { total: 0, idle: 0, waiting: 0 })
})

t.test('what went wrong is said of the engine where no session had a hand in it', async (t) => {
  const it = await lab(t, url)
  await it.db.engine('writer').orm.em.fork().getConnection().execute('begin')
  t.match(it.lines, [{ level: 'warn', context: { engine: 'writer' }, message: /destroyed \(engine 'writer', code outside of sessions\)/ }])
  await it.checkAllBack('afterwards')
})

t.test('an idle connection of the pool that served before reinitEngine() is lost', async (t) => {
  const it = await lab(t, url)
  await it.db.reinitEngine('writer')
  await it.db.reinitEngine('writer')
  await it.checkAllBack('after reinitEngine()')
  for (const pid of await it.backends()) await it.kill(pid)
  await eventually(() => it.pool().total === 0)
  await it.checkAllBack('afterwards')
})

t.test('disposal does not wait for those who hold a connection for ever', async (t) => {
  const db = await createSqlAssist({ engines: { writer: { config: configOf(url) } }, closeTimeoutMs: 100 })
  const held = gate()
  const em = db.engine('writer').orm.em.fork() as SqlEntityManager
  const holding = outcomeOf(em.transactional(async (trx) => {
    await trx.execute('select 1')
    held.open()
    await trx.execute('select pg_sleep(600)')
  }))
  await held.opened
  await db.dispose()
  t.match(await holding, { code: 'SQLASSIST_DATABASE_UNAVAILABLE', message: /the engine has been closed/ })
  t.equal(await outcomeOf(em.count(Book)).then(({ code }) => code), 'SQLASSIST_DISPOSED')
})
