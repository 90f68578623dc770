// What a session leaves on its connection: by default only an open transaction is cleared, with resetOnRelease: 'session' everything is.
import t from 'tap'
import { asSuperuser } from '../../support/databases.ts'
import { tcpProxy } from '../../support/tcp-proxy.ts'
import { postgres } from '../sessions/fixtures/engines.ts'
import { eventually, type Lab, lab, nativePool, outcomeOf } from './fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!
const role = `guest_${new URL(url).pathname.slice(1)}`

interface State {
  readonly user: string
  readonly timeout: string
  readonly path: string
  readonly application: string
  readonly temporary: string | null
  readonly sequence: string
  readonly locks: number
  readonly channels: string[]
  readonly cursors: string[]
}

/** What the next user of the connection finds. */
async function stateOf(it: Lab): Promise<State> {
  await using session = it.open()
  const [state] = await session.writer.execute<State[]>(`select current_user as user, current_setting('statement_timeout') as timeout, current_setting('search_path') as path,
    current_setting('application_name') as application, to_regclass('scratch')::text as temporary,
    (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
    array(select pg_listening_channels()) as channels, array(select name from pg_cursors where is_holdable) as cursors`)
  const sequence = await outcomeOf(session.writer.execute(`select currval('author_id_seq')`))
  return { ...state!, sequence: sequence.message.startsWith('there was no error') ? 'known' : 'unknown' }
}

/** In one transaction, so that all of it is on one connection. */
async function leave(it: Lab): Promise<void> {
  await using session = it.open()
  await session.writer.transactional(async (em) => {
    for (const statement of [
      'set statement_timeout = 12345', 'set search_path = nowhere, public', 'create temporary table scratch (id int)', `select nextval('author_id_seq')`,
      'select pg_advisory_lock(1)', 'select pg_advisory_lock_shared(2)', 'listen library', 'declare kept cursor with hold for select 1', `set role ${role}`,
    ]) await em.execute(statement)
  })
}

await asSuperuser(url, `create role ${role}; grant ${role} to current_user; grant all on all tables in schema public to ${role}; grant all on all sequences in schema public to ${role}`)
t.teardown(async () => await asSuperuser(url, `drop owned by ${role}; drop role ${role}`))

t.test(`with resetOnRelease: 'session' the next user finds none of it`, async (t) => {
  const it = await lab(t, url, { max: 1, resetOnRelease: 'session' })
  const before = await stateOf(it)
  const [pid] = await it.backends()
  await leave(it)
  t.strictSame(await stateOf(it), before)
  t.match(before, { timeout: '0', temporary: null, locks: 0, channels: [], cursors: [], sequence: 'unknown', application: 'fastify-sqlassist/writer' })
  t.strictSame(await it.backends(), [pid], 'on the same connection')
  await it.checkAllBack('afterwards')
})

t.test('by default it does, as docs/reliability.md says', async (t) => {
  const it = await lab(t, url, { max: 1 })
  await leave(it)
  t.match(await stateOf(it), { user: role, timeout: '12345ms', path: 'nowhere, public', temporary: 'scratch', locks: 2, channels: ['library'], cursors: ['kept'], sequence: 'known' })
})

t.test('what is set for a transaction ends with it either way', async (t) => {
  for (const resetOnRelease of ['transaction', 'session'] as const) {
    const it = await lab(t, url, { max: 1, resetOnRelease })
    const before = await stateOf(it)
    {
      await using session = it.open()
      await session.writer.transactional(async (em) => {
        await em.execute(`set local statement_timeout = 12345; set local role ${role}; select pg_advisory_xact_lock(3); create temporary table scratch (id int) on commit drop`)
      })
    }
    t.strictSame(await stateOf(it), before, resetOnRelease)
  }
})

t.test('a session authorization is reset as well', async (t) => {
  const it = await lab(t, url, { max: 1, resetOnRelease: 'session' })
  const { user } = await stateOf(it)
  {
    await using session = it.open()
    await session.writer.execute(`set session authorization ${role}`)
  }
  t.equal((await stateOf(it)).user, user)
})

t.test('a readonly engine stays read-only: what the start-up packet has set is what is gone back to', async (t) => {
  const it = await lab(t, url, { max: 1, readonly: true, resetOnRelease: 'session' })
  {
    await using session = it.open()
    await session.writer.execute('set default_transaction_read_only = off')
  }
  await using session = it.open()
  t.match(await outcomeOf(session.writer.execute(`insert into author (name) values ('must not stay')`)), { code: 'SQLASSIST_READONLY_ENGINE' })
})

t.test('prepared statements are kept, which pg believes to be there', async (t) => {
  const it = await lab(t, url, { max: 1, resetOnRelease: 'session' })
  await using session = it.open()
  const pool = await nativePool(session.writer)
  const named = { name: 'one more', text: 'select $1::int + 1 as n' }
  t.strictSame((await pool.query({ ...named, values: [1] })).rows, [{ n: 2 }])
  await stateOf(it)
  t.strictSame((await pool.query({ ...named, values: [2] })).rows, [{ n: 3 }])
  t.equal((await it.backends()).length, 1)
})

t.test('it costs one round trip when a connection comes back, and by default none', async (t) => {
  for (const [resetOnRelease, trips] of [['transaction', 1], ['session', 2]] as const) {
    const proxy = await tcpProxy(t, url)
    const it = await lab(t, url, { max: 1, resetOnRelease, through: proxy.url })
    await using session = it.open()
    await session.writer.execute('select 1')
    await eventually(() => it.pool().idle === 1)
    const before = proxy.roundTrips
    await session.writer.execute('select 1')
    await eventually(() => it.pool().idle === 1)
    t.equal(proxy.roundTrips - before, trips, resetOnRelease)
  }
})

for (const [how, timeout] of [['that is not reset in time', 0], ['whose reset fails', 100]] as const) {
  t.test(`a connection ${how} is destroyed`, async (t) => {
    const it = await lab(t, url, { max: 1, resetOnRelease: 'session' })
    const session = it.open()
    await session.writer.begin()
    await session.writer.execute(`create temporary table scratch (id int); set statement_timeout = ${timeout}`)
    await it.admin.query('begin; lock table pg_catalog.pg_class in access exclusive mode') // so that the temporary table cannot be dropped
    await session.writer.commit()
    await eventually(() => it.pool().total === 0)
    await it.admin.query('rollback')
    await session.close()
    await it.checkAllBack('afterwards')
  })
}
