// A statement that takes its time: those behind it do not wait for it, and nobody is stopped who need not be.
import t from 'tap'
import { postgres } from '../../sessions/fixtures/engines.ts'
import { eventually, outcomeOf } from '../fixtures/pool.ts'
import { type SharedLab, sharedLab, WHERE } from './fixtures/shared.ts'

const url = (await postgres(t)).config().clientUrl!

/** Waits until the administrator lets go of the lock. */
const SLOW = 'select pg_advisory_lock_shared(7)::text as slow'

const hold = async ({ admin }: SharedLab): Promise<void> => void (await admin.query('select pg_advisory_lock(7)'))
const letGo = async ({ admin }: SharedLab): Promise<void> => void (await admin.query('select pg_advisory_unlock(7)'))

t.test('those behind it are answered before it', async (t) => {
  const it = await sharedLab(t, url, 1)
  const [pid] = await it.shared()
  await using session = it.open()
  await hold(it)
  const order: string[] = []
  const slow = it.read(session.writer, SLOW).then(() => order.push('slow'))
  const behind = await Promise.all([1, 2, 3].map(async (n) => await it.read<{ pid: number }>(session.writer, `${WHERE}, $1::int as n`, n)))
  order.push('those behind it')
  t.match(behind, [[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]])
  t.notOk(behind.some(([row]) => row!.pid === pid), 'on other connections')
  t.not((await it.read<{ pid: number }>(session.writer, WHERE))[0]!.pid, pid, 'whoever comes later is not sent there at all')
  await letGo(it)
  await slow
  t.strictSame(order, ['those behind it', 'slow'])
  await eventually(async () => (await it.shared())[0] === pid) // it is used again
  await it.checkAllBack('after a slow statement')
})

t.test('where all shared connections are held up, the pool answers', async (t) => {
  const it = await sharedLab(t, url, 2)
  const shared = await it.shared()
  await using session = it.open()
  await hold(it)
  const slow = [1, 2].map(async () => await it.read(session.writer, SLOW))
  await eventually(async () => !shared.includes((await it.read<{ pid: number }>(session.writer, WHERE))[0]!.pid))
  t.equal(it.pool().total <= it.pool().max, true)
  await letGo(it)
  await Promise.all(slow)
})

t.test('a statement over the limit is stopped, and those behind it are not', async (t) => {
  const it = await sharedLab(t, url, 1, { limits: { statementTimeoutMs: 150 }, pipeline: { slowAfterMs: 60_000 } })
  await using session = it.open()
  const [slow, ...behind] = await Promise.all([
    outcomeOf(it.read(session.writer, 'select 1 from pg_sleep(600)')),
    ...[1, 2, 3].map(async (n) => await it.read(session.writer, 'select $1::int as n', n)),
  ])
  t.match(slow, { code: 'SQLASSIST_STATEMENT_TIMEOUT', statusCode: 504, cause: { code: '57014' } })
  t.strictSame(behind, [[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]])
  await eventually(async () => (await it.backends('active')).length === 0)
  await it.checkAllBack('after a statement that was stopped')
})

t.test('a session that ends waits no longer; its neighbours go on', async (t) => {
  const it = await sharedLab(t, url, 1, { pipeline: { slowAfterMs: 60_000 } })
  await using session = it.open()
  const leaving = it.open()
  const { writer: left } = leaving
  await hold(it)
  const first = it.read(session.writer, SLOW)
  const dropped = outcomeOf(it.read(leaving.writer, 'select 1 as n'))
  const behind = it.read(session.writer, 'select 2 as n')
  await leaving.close({ aborted: true, stop: true })
  t.match(await dropped, { code: 'SQLASSIST_SESSION_CLOSED' }, 'while the connection is still held up')
  await letGo(it)
  t.match(await first, [{ slow: '' }], 'the one that ran was not stopped')
  t.strictSame(await behind, [{ n: 2 }])
  t.match(await outcomeOf(it.read(left, 'select 1')), { code: 'SQLASSIST_SESSION_CLOSED' })
})

t.test('what nobody waits for any more is stopped, once nobody is behind it', async (t) => {
  const it = await sharedLab(t, url, 1)
  const leaving = it.open()
  await using session = it.open()
  const dropped = outcomeOf(it.read(leaving.writer, 'select 1 from pg_sleep(600)'))
  const behind = it.read(session.writer, 'select 2 as n')
  await it.running('pg_sleep(600)')
  await leaving.close({ aborted: true, stop: true })
  t.match(await dropped, { code: 'SQLASSIST_SESSION_CLOSED' })
  t.strictSame(await behind, [{ n: 2 }])
  await eventually(async () => (await it.backends('active')).length === 0)
  await it.checkAllBack('after a statement that nobody wanted')
})
