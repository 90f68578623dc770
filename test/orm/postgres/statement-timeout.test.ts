// A statement that runs too long is stopped; where the server says nothing, its connection is cut and never used again.
import { CompiledQuery } from 'kysely'
import t from 'tap'
import { asSuperuser } from '../../support/databases.ts'
import { tcpProxy } from '../../support/tcp-proxy.ts'
import { postgres } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { backendOf, eventually, lab, nativePool, outcomeOf, type Writer } from './fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!
await asSuperuser(url, 'create view slow_author as select 1 as id from pg_sleep(600)')

const LIMITS = { statementTimeoutMs: 150 }
const timedOut = { code: 'SQLASSIST_STATEMENT_TIMEOUT', statusCode: 504, message: /engine 'writer' ran longer than 150 ms and was stopped/, cause: { code: '57014' } }

/** Each asks for something that would take ten minutes. */
const askers: Record<string, (writer: Writer) => Promise<unknown>> = {
  'a find': async (writer) => await writer.find(Author, { name: { $like: '%' } }, { where: undefined, filters: false, having: undefined } as never).then(async () => await writer.qb(Author).where('(select 1 from pg_sleep(600)) = 1').getResult()),
  'raw SQL': async (writer) => await writer.execute('select pg_sleep(600)'),
  'raw SQL in a transaction': async (writer) => await writer.transactional(async (em) => await em.execute('select pg_sleep(600)')),
  'a flush': async (writer) => {
    writer.create(Author, { name: 'slow', books: [] })
    await writer.flush()
  },
  'a query of kysely': async (writer) => await writer.getKysely<{ slow_author: { id: number } }>().selectFrom('slow_author').selectAll().execute(),
  'a transaction of kysely': async (writer) => await writer.getKysely().transaction().execute(async (trx) => await trx.executeQuery(CompiledQuery.raw('select pg_sleep(600)'))),
  'a stream': async (writer) => {
    for await (const row of writer.getConnection().stream('select pg_sleep(600)', [])) t.fail('there are no rows', { row })
  },
  'a stream of kysely': async (writer) => {
    for await (const row of writer.getKysely<{ slow_author: { id: number } }>().selectFrom('slow_author').selectAll().stream()) t.fail('there are no rows', { row })
  },
  'several statements in one text': async (writer) => await writer.execute('select 1; select pg_sleep(600)'),
}

await asSuperuser(url, `create function wait_before_insert() returns trigger language plpgsql as $$ begin if new.name = 'slow' then perform pg_sleep(600); end if; return new; end $$;
  create trigger slow before insert on author for each row execute function wait_before_insert()`)

for (const [asker, ask] of Object.entries(askers)) {
  t.test(asker, async (t) => {
    const it = await lab(t, url, { max: 1, limits: LIMITS })
    for (let round = 0; round < 2; round++) {
      await using session = it.open()
      await session.writer.fork().execute('select 1')
      const [pid] = await it.backends()
      t.match(await outcomeOf(ask(session.writer)), timedOut)
      session.writer.clear()
      t.equal(await session.writer.fork().count(Author), 0)
      t.strictSame(await it.backends(), [pid], 'the connection is used again')
    }
    await it.checkAllBack('afterwards')
  })
}

t.test('a stream of many rows is limited for each read, and not as a whole', async (t) => {
  const it = await lab(t, url, { max: 1, limits: { statementTimeoutMs: 400 } })
  await using session = it.open()
  let rows = 0
  for await (const row of session.writer.getConnection().stream('select n, pg_sleep(0.002) from generate_series(1, 600) n', [])) rows += row === undefined ? 0 : 1
  t.equal(rows, 600)
})

t.test('a transaction that is idle for longer is no statement', async (t) => {
  const it = await lab(t, url, { limits: { statementTimeoutMs: 50 } })
  await using session = it.open()
  await session.writer.transactional(async (em) => {
    const pid = await backendOf(em)
    await it.admin.query('select pg_sleep(0.2)')
    t.equal(await backendOf(em), pid)
  })
})

t.test('0 is no limit', async (t) => {
  const it = await lab(t, url, { limits: { statementTimeoutMs: 0 } })
  await using session = it.open()
  t.match(await session.writer.execute(`select 'done' as it from pg_sleep(0.3)`), [{ it: 'done' }])
})

t.test('what does not run in a session may take its time: the engine\'s own EntityManager, the schema, pg\'s own pool', async (t) => {
  const it = await lab(t, url, { limits: { statementTimeoutMs: 50 } })
  const { orm } = it.db.engine('writer')
  t.match(await orm.em.fork().getConnection().execute(`select 'done' as it from pg_sleep(0.3)`), [{ it: 'done' }])
  await orm.schema.execute('select pg_sleep(0.3)')
  await using session = it.open()
  const pool = await nativePool(session.writer)
  t.match((await pool.query(`select 'done' as it from pg_sleep(0.3)`)).rows, [{ it: 'done' }])
  t.match(await outcomeOf(session.writer.execute('select pg_sleep(600)')), { code: 'SQLASSIST_STATEMENT_TIMEOUT' })
})

t.test('a script that begins and commits is no BEGIN, which would have to be quick', async (t) => {
  const it = await lab(t, url)
  const script = 'begin; select pg_sleep(2.5); commit'
  await it.db.engine('writer').orm.schema.execute(script)
  await using session = it.open()
  await session.writer.execute(script)
  t.match(await outcomeOf(session.writer.execute(`select 1; ${script}; select nonsense`)), { code: '42703' })
  await it.checkAllBack('afterwards')
})

t.test('what only looks like a script is stopped like any statement', async (t) => {
  const it = await lab(t, url, { max: 1, limits: LIMITS })
  const texts = [
    `select pg_sleep(600), '; commit'`, `select pg_sleep(600), 'it''s; commit'`, `select pg_sleep(600), E'it\\'s; commit', e'\\\\'`, 'select pg_sleep(600), $$; commit; $$',
    'select pg_sleep(600), $a$ ; commit $b$ ; commit $a$', 'select pg_sleep(600) as "; commit"', 'select pg_sleep(600) /* ; commit /* ; end */ ; commit */', 'select pg_sleep(600) -- ; commit',
    'do $$ begin perform pg_sleep(600); end $$', 'prepare commit as select 1; select pg_sleep(600)', 'select pg_sleep(600), $1 from (select 1 as one) a$b', `select pg_sleep(600); select 'commit`,
  ]
  for (const text of texts) {
    await using session = it.open()
    const pool = await nativePool(session.writer)
    void pool
    const error = await outcomeOf(session.writer.execute(text))
    if (/\$1|select 'commit$/.test(text)) t.match(error.code, /^42/, text)
    else t.match(error, timedOut, text)
  }
  await it.checkAllBack('afterwards')
})

t.test('a value may be anything, and long: looking for statements in it takes no longer than it is', async (t) => {
  const it = await lab(t, url)
  await using session = it.open()
  for (const part of [';/*', ';--', '; ', '*/', `'';'`.slice(0, 3), ' commit;', '$a$;']) {
    const value = `commit ${part.repeat(100_000)}`
    t.match(await session.writer.execute('select length(?) as long', [value]), [{ long: value.length }], JSON.stringify(part))
  }
})

t.test('a script that runs too long is cut, and what became of its commit is not known', async (t) => {
  const it = await lab(t, url, { limits: LIMITS })
  await using session = it.open()
  t.match(await outcomeOf(session.writer.execute('select pg_sleep(600); commit')), { code: 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN' })
  await it.killRunning()
  await it.checkAllBack('afterwards')
})

t.test('an error of the server that somebody else has asked for is no timeout', async (t) => {
  const it = await lab(t, url)
  await using session = it.open()
  const asked = outcomeOf(session.writer.execute('select pg_sleep(600)'))
  await it.admin.query('select pg_cancel_backend($1)', [await it.running('pg_sleep(600)')])
  t.match(await asked, { code: '57014' })
})

for (const how of ['frozen', 'with a server that takes no request to cancel'] as const) {
  t.test(`a connection that is ${how}`, async (t) => {
    const proxy = await tcpProxy(t, url)
    const it = await lab(t, url, { through: proxy.url, limits: { ...LIMITS, checkoutTimeoutMs: 5000 } })
    await it.checkAllBack('before')
    const before = await it.backends()
    t.equal(before.length, 2)
    await using session = it.open()
    const asked = outcomeOf(session.writer.execute('select pg_sleep(600)'))
    const pid = await it.running('pg_sleep(600)')
    if (how === 'frozen') proxy.pause()
    else proxy.refuse(true)
    const error = await asked
    t.match(error.code, /SQLASSIST_(?:CONNECTION_LOST|STATEMENT_TIMEOUT)/)
    await eventually(() => it.pool().total < 2)
    proxy.resume()
    if (how !== 'frozen') proxy.refuse(false)
    t.equal(await session.writer.count(Author), 0)
    t.not(await backendOf(session.writer), pid, 'it is not used again')
    await it.checkAllBack('afterwards')
    await it.killRunning()
  })
}

t.test('a BEGIN, a ROLLBACK and a first question that get no answer have an end without any limit', async (t) => {
  const proxy = await tcpProxy(t, url)
  for (const ask of ['begin', 'rollback'] as const) {
    const it = await lab(t, url, { through: proxy.url, limits: { statementTimeoutMs: 0 } })
    await using session = it.open()
    if (ask === 'begin') await session.writer.count(Author)
    else await session.writer.begin()
    proxy.freeze()
    t.match(await outcomeOf(session.writer[ask]()), { code: 'SQLASSIST_CONNECTION_LOST', message: /the server does not answer/ }, ask)
    await session.close({ aborted: true })
    proxy.cut() // now the server notices as well
    await it.checkAllBack(ask)
  }
})

t.test('a stream that is left while the connection is frozen has an end as well', async (t) => {
  const proxy = await tcpProxy(t, url)
  const it = await lab(t, url, { through: proxy.url })
  await using session = it.open()
  for await (const row of session.writer.getConnection().stream('select n from generate_series(1, 1000) n', [])) {
    t.match(row, { n: 1 })
    proxy.freeze()
    break
  }
  await it.checkAllBack('afterwards')
  proxy.cut()
})
