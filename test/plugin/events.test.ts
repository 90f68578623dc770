// Whose an event is: requests that run at the same time, over one pool, and their retries.
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { Heard } from '../orm/events/fixtures/heard.ts'
import { postgres } from '../orm/sessions/fixtures/engines.ts'
import { Author } from '../orm/sessions/fixtures/library.ts'
import { sessionsOf, shop } from './transactions/fixtures/shop.ts'

t.test('every event of a request has its id, and leads to it', async (t) => {
  const { app } = await shop(t, await postgres(t), await postgres(t))
  app.post<{ Params: { name: string } }>('/:name', async (request) => {
    const { paris, rome } = sessionsOf(request)
    paris.persist(new Author(request.params.name))
    await paris.flush()
    return await rome.execute(`select '${request.params.name}' as name, pg_sleep(random() * 0.05)::text as slept`)
  })
  await app.ready()
  const heard = new Heard(t)
  const names = Array.from({ length: 20 }, (_, index) => `name-${index}-`)
  await Promise.all(names.map(async (name) => await app.inject({ method: 'POST', url: `/${name}` })))

  const owned = heard.all.filter(({ event }) => event.owner !== undefined)
  t.equal(new Set(owned.map(({ event }) => event.owner)).size, 20, 'one owner for each request')
  t.ok(owned.every(({ event }) => event.requestId === event.owner!.requestId && (event.owner!.info as { request: FastifyRequest }).request.id === event.requestId))
  t.strictSame(heard.all.filter(({ event }) => event.owner === undefined).map(({ name }) => name), [])
  for (const { sql, owner } of heard.of('sqlassist:query:end')) {
    const named = /name-\d+-/.exec(sql)?.[0]
    if (named === undefined) continue
    t.equal(((owner!.info as { request: FastifyRequest }).request.params as { name: string }).name, named)
  }
})

t.test('an attempt that is made again is an owner of its own, with the same request', async (t) => {
  const { app } = await shop(t, await postgres(t), await postgres(t))
  app.post('/', { config: { sqlassist: { retry: { attempts: 3, backoff: () => 0 } } } }, async (request) => {
    const { paris, transaction } = sessionsOf(request)
    await paris.persistAndFlush(new Author('Ada'))
    if (transaction.attempt < 3) await paris.execute(`do $$ begin raise exception 'again' using errcode = '40001'; end $$`)
    return {}
  })
  const heard = new Heard(t)
  t.equal((await app.inject({ method: 'POST', url: '/', headers: { 'request-id': 'mine' } })).statusCode, 200)
  const begun = heard.of('sqlassist:transaction:begin')
  t.strictSame(begun.map(({ attempt }) => attempt), [1, 2, 3])
  t.equal(new Set(begun.map(({ owner }) => owner)).size, 3)
  t.equal(new Set(begun.map(({ requestId }) => requestId)).size, 1)
  heard.check(t, 'sqlassist:transaction:abort', [{ attempt: 1, reason: { code: '40001' } }, { attempt: 2 }])
  heard.check(t, 'sqlassist:transaction:commit', [{ attempt: 3, engines: ['paris'], error: undefined }])
})
