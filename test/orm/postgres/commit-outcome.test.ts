// A COMMIT whose answer is lost: the server is asked what became of it, and where nobody knows, that is what the error says.
import { createSqlAssist } from 'fastify-sqlassist/orm'
import pg from 'pg'
import t, { type Test } from 'tap'
import { asSuperuser } from '../../support/databases.ts'
import { startPostgres, stopPostgres } from '../../support/postgres-server.ts'
import { type TcpProxy, tcpProxy } from '../../support/tcp-proxy.ts'
import { postgres } from '../sessions/fixtures/engines.ts'
import { Author, Shelf } from '../sessions/fixtures/library.ts'
import { configOf, type Container, eventually, type Lab, lab, type LabOptions, outcomeOf } from './fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!
const KEY = 4711

// A commit that takes as long as the administrator wants: a deferred trigger waits for a lock of his.
const SLOW_COMMIT = `
  create function wait_at_commit() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(${KEY}); return null; end';
  create constraint trigger slow after insert on author deferrable initially deferred for each row execute function wait_at_commit()`
await asSuperuser(url, SLOW_COMMIT)

interface Scene extends Lab {
  readonly proxy: TcpProxy
  readonly container: Container
  names(): Promise<string[]>
  /** The backend that waits in its COMMIT. */
  committing(): Promise<number>
}

async function scene(t: Test, options: LabOptions = {}): Promise<Scene> {
  const proxy = await tcpProxy(t, url)
  const it = await lab(t, url, { through: proxy.url, limits: { commitTimeoutMs: 60_000, checkoutTimeoutMs: 2000 }, ...options })
  await it.admin.query('select pg_advisory_lock($1)', [KEY])
  const container = it.open()
  t.teardown(async () => await container.close({ aborted: true }))
  return {
    ...it, proxy, container,
    names: async () => (await it.admin.query<{ name: string }>('delete from author returning name')).rows.map(({ name }) => name),
    committing: async () => {
      let pid: number | undefined
      await eventually(async () => {
        const { rows } = await it.admin.query<{ pid: number }>(
          `select pid from pg_stat_activity where datname = current_database() and wait_event = 'advisory'`)
        pid = rows[0]?.pid
        return pid !== undefined
      })
      return pid!
    },
  }
}

const letGo = async ({ admin }: Lab): Promise<void> => void (await admin.query('select pg_advisory_unlock_all()'))

/** Begins, writes, and commits: what the commit ends with. */
async function commitOf({ container: { writer } }: Scene, name: string): Promise<Error & { code?: string }> {
  return await outcomeOf(writer.transactional(async (em) => void (await em.insert(Author, { name }))))
}

const worked = { message: 'there was no error' }

t.test('it was committed: no error', async (t) => {
  const it = await scene(t)
  const outcome = commitOf(it, 'Ada')
  const pid = await it.committing()
  it.proxy.freeze('answers')
  await letGo(it)
  await eventually(async () => !(await it.backends('active')).includes(pid))
  it.proxy.cut()
  t.match(await outcome, worked)
  t.strictSame(await it.names(), ['Ada'])
  await it.checkAllBack('afterwards')
})

t.test('it is still on its way: its backend is ended, and nothing is saved', async (t) => {
  const it = await scene(t)
  const outcome = commitOf(it, 'must not stay')
  const pid = await it.committing()
  it.proxy.cut()
  t.match(await outcome, {
    code: 'SQLASSIST_TRANSACTION_ROLLED_BACK',
    cause: { message: /ECONNRESET|Connection terminated/ },
  })
  await eventually(async () => !(await it.backends()).includes(pid))
  await letGo(it)
  t.strictSame(await it.names(), [])
  await it.checkAllBack('afterwards')
})

t.test('the backend is killed at it: nothing is saved', async (t) => {
  const it = await scene(t)
  const outcome = commitOf(it, 'must not stay')
  await it.kill(await it.committing())
  t.match(await outcome, { code: 'SQLASSIST_TRANSACTION_ROLLED_BACK', cause: { code: '57P01' } })
  await letGo(it)
  t.strictSame(await it.names(), [])
  await it.checkAllBack('afterwards')
})

t.test('whoever commits: kysely, commit(), raw SQL', async (t) => {
  const committers: Record<string, (container: Container, name: string) => Promise<unknown>> = {
    'a transaction of kysely': async ({ writer }, name) => await writer.getKysely<{ author: { name: string } }>().transaction().execute(async (trx) => {
      await trx.insertInto('author').values({ name }).execute()
    }),
    'commit()': async ({ writer }, name) => {
      await writer.begin()
      await writer.insert(Author, { name })
      await writer.commit()
    },
    'a flush': async ({ writer }, name) => {
      writer.create(Author, { name, books: [] })
      writer.create(Shelf, { label: 'beside' }) // one statement alone needs no COMMIT
      await writer.flush()
    },
    'raw SQL': async ({ writer }, name) => {
      await writer.begin()
      await writer.insert(Author, { name })
      await writer.execute('commit /* by hand */')
    },
  }
  for (const [name, commit] of Object.entries(committers)) {
    const it = await scene(t)
    const saved = outcomeOf(commit(it.container, name))
    const pid = await it.committing()
    it.proxy.freeze('answers')
    await letGo(it)
    await eventually(async () => !(await it.backends('active')).includes(pid))
    it.proxy.cut()
    t.match(await saved, worked, name)
    t.strictSame(await it.names(), [name])

    await it.admin.query('select pg_advisory_lock($1)', [KEY])
    await using another = it.open()
    const lost = outcomeOf(commit(another, name))
    await it.kill(await it.committing())
    t.match(await lost, { code: 'SQLASSIST_TRANSACTION_ROLLED_BACK' }, name)
    await letGo(it)
    t.strictSame(await it.names(), [])
  }
})

t.test('the server has heard nothing of it, and nobody knows that: the outcome is unknown', async (t) => {
  const it = await scene(t, { limits: { commitTimeoutMs: 600 } })
  await letGo(it)
  const { writer } = it.container
  await writer.begin()
  await writer.insert(Author, { name: 'must not stay' })
  it.proxy.pause('requests')
  const error = await outcomeOf(writer.commit())
  t.match(error, {
    code: 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN',
    statusCode: 503,
    message: /Whether the transaction on engine 'writer' was committed is not known: .*the server does not answer/,
  })
  it.proxy.cut()
  it.proxy.resume()
  await eventually(async () => (await it.backends('idle in transaction')).length === 0)
  t.strictSame(await it.names(), [])
  await it.container.close({ aborted: true })
  await it.checkAllBack('afterwards')
})

t.test('it was committed, and no answer came through: the outcome is unknown, within the limit', async (t) => {
  const it = await scene(t, { limits: { commitTimeoutMs: 600 } })
  await letGo(it)
  const { writer } = it.container
  await writer.begin()
  await writer.insert(Author, { name: 'Ada' })
  it.proxy.pause('answers')
  t.match(await outcomeOf(writer.commit()), { code: 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN', cause: { code: 'SQLASSIST_CONNECTION_LOST' } })
  t.strictSame(await it.names(), ['Ada'])
  it.proxy.cut()
  it.proxy.resume()
  await it.container.close({ aborted: true })
  await it.checkAllBack('afterwards')
})

t.test('the server says who commits, and then nobody can be asked any more: the outcome is unknown, within the limit', async (t) => {
  for (const away of ['silent', 'refusing'] as const) {
    const it = await scene(t, { limits: { commitTimeoutMs: 1000, checkoutTimeoutMs: 60_000 } })
    const outcome = commitOf(it, 'who knows')
    const pid = await it.committing()
    if (away === 'silent') it.proxy.pause()
    else it.proxy.refuse(true)
    it.proxy.cut()
    t.match(await outcome, { code: 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN' }, away)
    it.proxy.resume()
    if (away === 'refusing') it.proxy.refuse(false)
    await letGo(it)
    await eventually(async () => !(await it.backends('active')).includes(pid))
    t.strictSame(await it.names(), ['who knows'])
    await it.checkAllBack(away)
  }
})

t.test('a connection that freezes in the commit is cut after half of the limit, and the other half is for the question', async (t) => {
  const it = await scene(t, { limits: { commitTimeoutMs: 1000, checkoutTimeoutMs: 60_000 } })
  const outcome = commitOf(it, 'Ada')
  const pid = await it.committing()
  it.proxy.freeze()
  await letGo(it)
  await eventually(async () => !(await it.backends('active')).includes(pid))
  t.match(await outcome, worked)
  t.strictSame(await it.names(), ['Ada'])
  await it.checkAllBack('afterwards')
})

t.test('a transaction that has written nothing has nothing to be unknown', async (t) => {
  const it = await scene(t)
  await letGo(it)
  await it.admin.query('select pg_advisory_lock($1)', [KEY])
  const { writer } = it.container
  await writer.begin()
  await writer.execute(`declare slow cursor with hold for select pg_advisory_xact_lock(${KEY})`) // which is read at the commit
  const committing = outcomeOf(writer.commit())
  const pid = await it.committing()
  it.proxy.cut()
  t.match(await committing, { code: 'SQLASSIST_CONNECTION_LOST' })
  await it.kill(pid)
  await it.container.close({ aborted: true })
  await it.checkAllBack('afterwards')
})

t.test('nor has a readonly engine, even where no answer came', async (t) => {
  const it = await scene(t, { readonly: true, limits: { commitTimeoutMs: 600 } })
  await letGo(it)
  const { writer } = it.container
  await writer.begin()
  await writer.count(Author)
  it.proxy.pause('answers')
  t.match(await outcomeOf(writer.commit()), { code: 'SQLASSIST_CONNECTION_LOST' })
  it.proxy.cut()
  it.proxy.resume()
})

t.test('of several statements in one text nobody knows', async (t) => {
  const it = await scene(t, { limits: { commitTimeoutMs: 600, statementTimeoutMs: 600 } })
  const texts = [`begin; insert into author (name) values ('script'); commit`, `insert into author (name) values ('script'); commit`, `commit; begin; insert into author (name) values ('script'); commit`]
  for (const text of texts) {
    const script = outcomeOf(it.container.writer.fork().execute(text))
    const pid = await it.committing()
    it.proxy.cut()
    t.match(await script, { code: 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN' }, text)
    await it.kill(pid)
  }
  await letGo(it)
  t.strictSame(await it.names(), [])
  await it.checkAllBack('afterwards')
})

t.test('a server that does not tell the transaction\'s id: the outcome is unknown', async (t) => {
  const it = await scene(t)
  await it.admin.query('select pg_advisory_unlock_all()')
  const role = `untold_${new URL(url).pathname.slice(1)}`
  await it.admin.query(`create role ${role} login password 'untold'; grant all on all tables in schema public to ${role}; grant all on all sequences in schema public to ${role};
    revoke execute on function pg_walfile_name(pg_lsn) from public`)
  t.teardown(async () => await asSuperuser(url, `grant execute on function pg_walfile_name(pg_lsn) to public; drop owned by ${role}; drop role ${role}`))
  const limited = new URL(it.proxy.url)
  limited.username = role
  limited.password = 'untold'
  const untold = await lab(t, url, { through: limited.href })
  await using session = untold.open()
  await session.writer.transactional(async (em) => void (await em.insert(Author, { name: 'Ada' })))
  t.strictSame(await it.names(), ['Ada'], 'commits work')
  await it.admin.query('select pg_advisory_lock($1)', [KEY])
  const outcome = outcomeOf(session.writer.transactional(async (em) => void (await em.insert(Author, { name: 'who knows' }))))
  const pid = await it.committing()
  it.proxy.cut()
  t.match(await outcome, { code: 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN' })
  await it.kill(pid)
  await letGo(it)
  await untold.checkAllBack('afterwards')
})

t.test('after a failover the id may be another transaction\'s: the timeline tells, and the outcome is unknown', async (t) => {
  const it = await scene(t)
  const outcome = commitOf(it, 'must not stay')
  const pid = await it.committing()
  // What a promoted standby would answer; the functions of the new primary are found first.
  await it.admin.query(`create schema promoted; create function promoted.pg_walfile_name(pg_lsn) returns text language sql as $$ select '00000009' $$;
    alter database ${new URL(url).pathname.slice(1)} set search_path = promoted, pg_catalog, public`)
  t.teardown(async () => await asSuperuser(url, `alter database ${new URL(url).pathname.slice(1)} reset search_path; drop schema promoted cascade`))
  it.proxy.cut()
  t.match(await outcome, { code: 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN' })
  await it.kill(pid)
  await letGo(it)
})

t.test('a COMMIT costs one round trip, with the question for its transaction', async (t) => {
  const it = await scene(t, { max: 1 })
  await letGo(it)
  const { writer } = it.container
  await writer.transactional(async (em) => void (await em.insert(Author, { name: 'first' }))) // the pool has learned what the server can tell
  for (const commit of [
    async () => await writer.commit(),
    async () => void (await writer.execute('commit')),
  ]) {
    await writer.begin()
    await writer.insert(Author, { name: 'Ada' })
    const before = it.proxy.roundTrips
    await commit()
    t.equal(it.proxy.roundTrips - before, 1)
    if (writer.isInTransaction()) await writer.rollback()
  }
  const before = it.proxy.roundTrips
  await writer.transactional(async (em) => void (await em.insert(Author, { name: 'Bob' })))
  t.equal(it.proxy.roundTrips - before, 3, 'BEGIN, INSERT, COMMIT')
  t.strictSame(await it.names(), ['first', 'Ada', 'Ada', 'Bob'])
})

for (const reused of [false, true]) {
  t.test(`a server process that is killed -9 at the commit takes the server down${reused ? ', and the id goes to another transaction' : ''}`, async (t) => {
    const server = await startPostgres(['autovacuum=off', 'wal_writer_delay=10000'])
    t.teardown(async () => await stopPostgres(server))
    await asSuperuser(server.url, `create table author (id serial primary key, name text not null); ${SLOW_COMMIT}; checkpoint`)
    const proxy = await tcpProxy(t, server.url)
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
    await using db = await createSqlAssist({ engines: { writer: { config: configOf(proxy.url), limits: { commitTimeoutMs: 60_000 } } }, logger })
    await using session = db.session() as unknown as Container
    const admin = new pg.Client({ connectionString: server.url })
    admin.on('error', () => {}) // it goes down with the server
    await admin.connect()
    await admin.query('select pg_advisory_lock($1)', [KEY])
    const outcome = outcomeOf(session.writer.transactional(async (em) => void (await em.execute(`insert into author (name) values ('must not stay')`))))
    const find = async (): Promise<{ pid: number; xid: string } | undefined> =>
      (await admin.query<{ pid: number; xid: string }>(`select pid, backend_xid::text xid from pg_stat_activity where wait_event = 'advisory'`)).rows[0]
    await eventually(async () => (await find()) !== undefined)
    const { pid, xid } = (await find())!
    if (reused) proxy.refuse(true)
    process.kill(pid, 'SIGKILL')
    if (reused) {
      const insert = `insert into author (name) values ('somebody else') returning xmin::text xid`
      await eventually(async () => (await asSuperuser<{ xid: string }>(server.url, insert).catch(() => [{ xid: '0' }]))[0]!.xid === xid)
      proxy.refuse(false)
    }
    t.match(await outcome, { code: 'SQLASSIST_TRANSACTION_ROLLED_BACK' })
    t.strictSame(await session.writer.fork().execute(`select * from author where name = 'must not stay'`), [])
    const { total, idle, waiting } = db.stats()['writer']!.pool!
    t.strictSame([total - idle, waiting], [0, 0])
  })
}
