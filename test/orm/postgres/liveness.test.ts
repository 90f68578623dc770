// A connection that is dead without knowing it: nothing arrives, nothing comes back, and TCP waits for a quarter of an hour.
import t from 'tap'
import { tcpProxy } from '../../support/tcp-proxy.ts'
import { postgres } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { lab, outcomeOf } from './fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!

/** So far away that it cannot be what ends the waiting. */
const limits = { statementTimeoutMs: 10 * 60_000, commitTimeoutMs: 20 * 60_000 }

t.test('a connection that has vanished is given up as soon as the server says that it knows nothing of it', async (t) => {
  const proxy = await tcpProxy(t, url)
  const it = await lab(t, url, { through: proxy.url, limits })
  await it.checkAllBack('before') // and both connections are there
  t.equal(it.pool().idle, 2)
  proxy.freeze()
  await using session = it.open()
  const error = await outcomeOf(session.writer.count(Author))
  t.match(error, { code: 'SQLASSIST_CONNECTION_LOST', statusCode: 503, message: /knows nothing of the statement/ })
  t.equal(await session.writer.count(Author), 0, 'the other idle connection went the same way, and is not tried')
  proxy.cut() // the server must be told some time, too
  await it.checkAllBack('after a connection has vanished')
})

t.test('an answer that got lost in a transaction', async (t) => {
  const proxy = await tcpProxy(t, url)
  const it = await lab(t, url, { through: proxy.url, limits })
  await using session = it.open()
  await session.writer.begin()
  await session.writer.count(Author)
  proxy.freeze()
  t.match(await outcomeOf(session.writer.count(Author)), { code: 'SQLASSIST_CONNECTION_LOST' })
  await session.close({ aborted: true })
  proxy.cut()
  await it.checkAllBack('after a transaction has vanished')
})

t.test('a statement that takes its time goes on, and so does one of which nobody can be asked', async (t) => {
  const proxy = await tcpProxy(t, url)
  const it = await lab(t, url, { through: proxy.url, limits })
  await using session = it.open()
  t.same(await session.writer.execute('select 7 as slow from pg_sleep(4)'), [{ slow: 7 }])
  const late = session.writer.execute('select 8 as late from pg_sleep(3)')
  proxy.pause('answers') // new connections get no answer either
  const other = await outcomeOf(it.db.engine('writer').pool!.connectAside(500))
  t.ok(other instanceof Error && other.message !== 'there was no error', 'the server cannot be asked')
  setTimeout(() => proxy.resume(), 5000)
  t.same(await late, [{ late: 8 }])
  await it.checkAllBack('after slow statements')
})
