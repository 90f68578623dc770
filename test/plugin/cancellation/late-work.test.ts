// A handler that goes on after its request has ended gets SessionClosedError for everything it tries, whatever it has kept.
import { once } from 'node:events'
import type { FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { until } from '../endings/ending.ts'
import { RawClient } from '../../support/http-client.ts'
import { Administrator } from './administrator.ts'
import { kept, type Uses } from './kept.ts'
import { allBack, library, listen, service, statsOf, writerOf } from './service.ts'

interface Late {
  readonly uses: Uses
  /** What was not refused as it should be. */
  readonly wrong: string[]
}

async function tryAll(uses: Uses): Promise<string[]> {
  const wrong: string[] = []
  for (const [name, use] of Object.entries(uses)) {
    const outcome = await Promise.resolve().then(use).then(() => 'was done', (error: Error & { code?: string }) => error.code ?? error.message)
    if (outcome !== 'SQLASSIST_SESSION_CLOSED') wrong.push(`${name}: ${outcome}`)
  }
  return wrong
}

/** Has a request take something in hand and end, and its handler go on with it. */
async function checkLate(t: Test, ending: 'answered' | 'left'): Promise<void> {
  const url = await library(t)
  const admin = await Administrator.of(t, url)
  const app = await service(t, url)
  let late = Promise.withResolvers<Late>()
  const goOn = async (request: FastifyRequest, uses: Uses): Promise<void> => {
    await once(request.raw.socket, 'close')
    late.resolve({ uses, wrong: await tryAll(uses) })
  }
  app.get<{ Params: { name: string } }>('/:name', async (request, reply) => {
    const uses = await kept[request.params.name]!(writerOf(request))
    if (ending === 'answered') void reply.send('done')
    else reply.raw.writeContinue() // to tell the client that it may leave
    await goOn(request, uses)
    return reply
  })
  const port = await listen(app)
  for (const name of Object.keys(kept)) {
    await t.test(name, async (t) => {
      late = Promise.withResolvers()
      const { opened } = statsOf(app.sqlassist).sessions
      const client = (await RawClient.connect(port)).request('GET', `/${encodeURIComponent(name)}`, { headers: ending === 'answered' ? 'connection: close\r\n' : '' })
      await client.answered(ending === 'answered' ? undefined : /HTTP\/1\.1 100/)
      client.leave()
      const { uses, wrong } = await late.promise
      t.strictSame(wrong, [], 'refused inside the handler')
      t.ok(await until(() => allBack(app.sqlassist)), `all connections are back: ${JSON.stringify(statsOf(app.sqlassist))}`)
      // A generator that has thrown is at its end.
      if (!name.startsWith('a stream')) t.strictSame(await tryAll(uses), [], 'and later')
      t.ok(allBack(app.sqlassist))
      t.equal(statsOf(app.sqlassist).sessions.opened, opened + 1, 'nothing is opened by it')
      t.strictSame(await admin.idleInTransaction(), [])
      t.equal(await admin.unwanted(), 0, 'nothing is saved by it')
    })
  }
}

t.test('the client has left', async (t) => await checkLate(t, 'left'))
t.test('the client has its answer', async (t) => await checkLate(t, 'answered'))

t.test('what is kept works while the request lasts, so that it is the end that refuses it', async (t) => {
  const url = await library(t)
  const app = await service(t, url)
  app.get<{ Params: { name: string; use: string } }>('/:name/:use', async (request) => {
    const uses = await kept[request.params.name]!(writerOf(request))
    await uses[request.params.use]!()
    return 'done'
  })
  // Kysely ends a transaction for good, and then says so in its own words.
  for (const name of ['entities', 'the connection and the driver', 'query builders', 'kysely', 'a transaction of the session', 'a transaction of kysely', 'a stream of kysely']) {
    await t.test(name, async (t) => {
      await using container = app.sqlassist.session()
      const names = Object.keys(await kept[name]!((container as unknown as { writer: Parameters<(typeof kept)[string]>[0] }).writer))
      await container.close()
      for (const use of names.filter((use) => !/schema builder/.test(use))) {
        const answer = await app.inject(`/${encodeURIComponent(name)}/${encodeURIComponent(use)}`)
        t.equal(answer.statusCode, 200, `${use}: ${answer.body}`)
      }
    })
  }
})
