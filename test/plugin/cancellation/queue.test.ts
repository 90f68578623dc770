// A request that waits for a connection waits no longer than its client.
import t from 'tap'
import { until } from '../endings/ending.ts'
import { RawClient } from '../../support/http-client.ts'
import { Book } from './model.ts'
import { Administrator } from './administrator.ts'
import { allBack, library, listen, POOL_MAX, service, statsOf, writerOf } from './service.ts'

for (const cancelOnDisconnect of [true, false]) {
  t.test(`a client that leaves takes its request out of the queue, cancelOnDisconnect: ${cancelOnDisconnect}`, async (t) => {
    const url = await library(t)
    const admin = await Administrator.of(t, url)
    const app = await service(t, url, { cancelOnDisconnect })
    const outcomes: string[] = []
    app.get('/held', async (request) => await writerOf(request).count(Book))
    app.get<{ Params: { kind: string } }>('/waits/:kind', async (request) => {
      const writer = writerOf(request)
      const { kind } = request.params
      const work = kind === 'begin' ? writer.begin() : kind === 'kysely' ? writer.getKysely().selectFrom('book' as never).selectAll().execute() : writer.find(Book, {})
      await (work as Promise<unknown>).then(() => outcomes.push('done'), (error: Error & { code?: string }) => outcomes.push(error.code ?? error.message))
      return 'nobody hears this'
    })
    const port = await listen(app)
    await admin.holdTables()
    const held = await Promise.all(Array.from({ length: POOL_MAX }, async () => (await RawClient.connect(port)).request('GET', '/held', { headers: 'connection: close\r\n' })))
    t.ok(await until(async () => (await admin.waiting()).length === POOL_MAX), 'the pool is used up')
    const leaving: RawClient[] = []
    for (const kind of ['find', 'begin', 'kysely']) leaving.push((await RawClient.connect(port)).request('GET', `/waits/${kind}`))
    const staying = (await RawClient.connect(port)).request('GET', '/held', { headers: 'connection: close\r\n' })
    t.ok(await until(() => statsOf(app.sqlassist).pool!.waiting === leaving.length + 1), 'they wait')
    for (const client of leaving) client.leave()
    t.ok(await until(() => statsOf(app.sqlassist).pool!.waiting === 1), 'who leaves waits no longer')
    t.ok(await until(() => outcomes.length === leaving.length))
    t.strictSame(outcomes, leaving.map(() => 'SQLASSIST_SESSION_CLOSED'), 'and the handlers are told')
    t.equal((await admin.waiting()).length, POOL_MAX, 'while nothing has become free')
    await admin.letGo()
    t.strictSame(await Promise.all([...held, staying].map(async (client) => await client.answered())), Array.from({ length: POOL_MAX + 1 }, () => '200'))
    t.ok(await until(() => allBack(app.sqlassist)))
    t.ok((await admin.backends()).length <= POOL_MAX)
  })
}
