// A server that ends a connection at an awkward moment: what somebody waits for has an end, and what is certain is said.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { tcpProxy } from '../../support/tcp-proxy.ts'
import { postgres } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { backendOf, lab, outcomeOf } from './fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!

/** CommandComplete of a SELECT, as the protocol writes it. */
const LAST_WORD = Buffer.from('SELECT 2\0')

/** A way to the server that breaks just after it has said that a SELECT of two rows is complete. */
async function breakingWay(t: Test): Promise<string> {
  const way = new URL(url)
  const server = createServer((near) => {
    const far = connect(Number(way.port), way.hostname)
    const part = (): void => void (near.destroy(), far.destroy())
    for (const socket of [near, far]) socket.on('error', part).on('close', part)
    near.pipe(far)
    far.on('data', (chunk) => {
      if (chunk.includes(LAST_WORD)) near.end(chunk)
      else near.write(chunk)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const through = new URL(url)
  through.port = String((server.address() as AddressInfo).port)
  return through.href
}

t.test('between the last row of a stream and the word that the server is ready', async (t) => {
  const it = await lab(t, url, { through: await breakingWay(t) })
  await using session = it.open()
  const rows = session.writer.getConnection().stream('select n from generate_series(1, 2) n', [])
  t.match(await outcomeOf(rows.next()), { code: 'SQLASSIST_CONNECTION_LOST' })
  t.strictSame(await rows.next(), { done: true, value: undefined }, 'the stream is over')
  await it.checkAllBack('afterwards')
})

t.test('between two reads of a stream: leaving it has an end', async (t) => {
  const it = await lab(t, url)
  await using session = it.open()
  await session.writer.begin()
  const rows = session.writer.getConnection().stream('select n from generate_series(1, 100000) n', [], session.writer.getTransactionContext())
  await rows.next()
  await it.kill((await it.backends())[0]!)
  t.strictSame(await rows.return!(), { done: true, value: undefined })
  t.match(await outcomeOf(session.writer.execute('select 1')), { code: 'SQLASSIST_CONNECTION_LOST' })
  await session.close()
  await it.checkAllBack('afterwards')
})

t.test('while a COMMIT is on its way to it: nothing was saved, and that is known', async (t) => {
  const proxy = await tcpProxy(t, url)
  const it = await lab(t, url, { through: proxy.url })
  await using session = it.open()
  await session.writer.begin()
  await session.writer.insert(Author, { name: 'must not stay' })
  const backend = await backendOf(session.writer)
  proxy.freeze()
  await it.kill(backend)
  const committed = outcomeOf(session.writer.commit())
  proxy.resume()
  t.match(await committed, { code: 'SQLASSIST_CONNECTION_LOST', cause: { code: '57P01' } })
  t.strictSame((await it.admin.query('select from author')).rows, [])
  await session.close()
  await it.checkAllBack('afterwards')
})
