// retry: the handler is called again, with fresh sessions, where another attempt may succeed.
import t from 'tap'
import { postgres } from '../../orm/sessions/fixtures/engines.ts'
import { Author } from '../../orm/sessions/fixtures/library.ts'
import { FULL } from '../../support/size.ts'
import { sessionsOf, shop } from './fixtures/shop.ts'

const retry = { attempts: 20 }

const [clients, times] = FULL ? [50, 20] : [10, 8]

t.test(`${clients} clients that increment one number ${times} times each, at serializable: none is lost`, async (t) => {
  const paris = await postgres(t)
  const { app, lines } = await shop(t, paris, paris)
  app.get('/', async (request) => await sessionsOf(request).reader.findOneOrFail(Author, 1))
  app.post('/', { config: { sqlassist: { retry: { attempts: 100 }, isolationLevel: 'serializable' } } }, async (request) => {
    const { paris } = sessionsOf(request)
    const counter = await paris.findOneOrFail(Author, 1)
    counter.name = String(Number(counter.name) + 1)
    return { counter: counter.name }
  })
  app.put('/', async (request, reply) => {
    sessionsOf(request).paris.persist(new Author('0'))
    return await reply.code(204).send()
  })
  t.equal((await app.inject({ method: 'PUT', url: '/' })).statusCode, 204)
  const statuses = new Map<number, number>()
  await Promise.all(Array.from({ length: clients }, async () => {
    for (let time = 0; time < times; time++) {
      const { statusCode } = await app.inject({ method: 'POST', url: '/' })
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
    }
  }))
  t.strictSame([...statuses], [[200, clients * times]])
  t.match((await app.inject('/')).json(), { name: String(clients * times) })
  t.strictSame(lines.filter(({ level }) => level >= 40), [])
})

t.test('status, headers and hooks are those of the attempt that has succeeded', async (t) => {
  const { app, saved } = await shop(t, await postgres(t), await postgres(t))
  const seen: unknown[] = []
  app.addHook('preHandler', async (_request, reply) => void reply.header('set-cookie', 'before=1').header('x-before', 'yes').code(202))
  app.post('/', { config: { sqlassist: { retry } } }, async (request, reply) => {
    const { paris, rome, transaction } = sessionsOf(request)
    const { attempt } = transaction
    transaction.afterCommit(() => void seen.push(`committed ${attempt}`))
    transaction.afterAbort(() => void seen.push(`aborted ${attempt}`))
    seen.push(reply.statusCode, reply.getHeader('set-cookie'), reply.hasHeader('x-attempt-1'))
    reply.header('set-cookie', `attempt=${attempt}`).header(`x-attempt-${attempt}`, 'yes').header('x-before', 'changed')
    if (attempt < 3) reply.code(500 + attempt)
    await rome.persistAndFlush(new Author(`Rome ${attempt}`))
    paris.persist(new Author(`Paris ${attempt}`))
    if (attempt < 3) await paris.execute(`do $$ begin raise exception 'again' using errcode = '40001'; end $$`)
    return { attempt }
  })
  const response = await app.inject({ method: 'POST', url: '/' })
  t.strictSame(response.json(), { attempt: 3 })
  t.equal(response.statusCode, 202)
  t.strictSame(response.headers['set-cookie'], ['before=1', 'attempt=3'])
  t.match(response.headers, { 'x-attempt-3': 'yes', 'x-before': 'changed' })
  t.notOk('x-attempt-1' in response.headers)
  t.strictSame(seen, [202, 'before=1', false, 202, 'before=1', false, 202, 'before=1', false, 'committed 3'])
  t.strictSame(await saved(), { paris: ['Paris 3'], rome: ['Rome 3'] })
})

t.test('a failure at COMMIT is tried again; what cannot be is an error at once; attempts come to an end', async (t) => {
  const { app, saved } = await shop(t, await postgres(t), await postgres(t))
  let calls = 0
  app.post<{ Params: { code: string } }>('/:code', { config: { sqlassist: { retry: { attempts: 3, backoff: () => 0 } } } }, async (request) => {
    calls++
    const { paris, transaction } = sessionsOf(request)
    await paris.execute(`create or replace function fail() returns trigger language plpgsql as $$ begin
      if new.name = 'code 40001' and ${transaction.attempt} < 3 then raise exception 'again' using errcode = '40001'; end if;
      if new.name = 'code 40P01' then raise exception 'again' using errcode = '40P01'; end if;
      if new.name = 'code 23514' then raise exception 'never' using errcode = '23514'; end if;
      return null; end $$`)
    await paris.execute('drop trigger if exists late on author')
    await paris.execute('create constraint trigger late after insert on author deferrable initially deferred for each row execute function fail()')
    paris.persist(new Author(`code ${request.params.code}`))
    return { attempt: transaction.attempt }
  })
  t.match(await app.inject({ method: 'POST', url: '/40001' }), { statusCode: 200, payload: '{"attempt":3}' })
  t.equal(calls, 3)
  t.match(await app.inject({ method: 'POST', url: '/40P01' }), { statusCode: 500 })
  t.equal(calls, 6)
  t.match(await app.inject({ method: 'POST', url: '/23514' }), { statusCode: 500 })
  t.equal(calls, 7)
  t.strictSame(await saved(), { paris: ['code 40001'], rome: [] })
})

t.test('a handler that replies by itself is not called again, with one warning', async (t) => {
  const { app, lines, saved } = await shop(t, await postgres(t), await postgres(t))
  let calls = 0
  const { promise: hasFailed, resolve: failed } = Promise.withResolvers<void>()
  const fail = `do $$ begin raise exception 'again' using errcode = '40001'; end $$`
  app.post('/send', { config: { sqlassist: { retry } } }, async (request, reply) => {
    calls++
    sessionsOf(request).paris.persist(new Author('sent'))
    return await reply.send({ ok: true })
  })
  app.post('/callback', { config: { sqlassist: { retry } } }, (request, reply) => {
    calls++
    void sessionsOf(request).paris.persistAndFlush(new Author('called back')).then(async () => await reply.send({ ok: true }))
  })
  app.post('/fails', { config: { sqlassist: { retry } } }, async (request, reply) => {
    calls++
    await sessionsOf(request).paris.persistAndFlush(new Author('lost'))
    reply.hijack()
    reply.raw.end('by hand')
    await sessionsOf(request).paris.execute(fail).finally(() => setImmediate(failed))
  })
  t.equal((await app.inject({ method: 'POST', url: '/send' })).payload, '{"ok":true}')
  t.equal((await app.inject({ method: 'POST', url: '/send' })).payload, '{"ok":true}')
  t.equal((await app.inject({ method: 'POST', url: '/callback' })).payload, '{"ok":true}')
  t.equal((await app.inject({ method: 'POST', url: '/fails' })).payload, 'by hand')
  await hasFailed
  t.equal(calls, 4)
  t.equal(lines.filter(({ code }) => code === 'SQLASSIST_NOT_RETRIED').length, 3)
  t.strictSame((await saved()).paris, ['called back', 'sent', 'sent'])
})

t.test('what a hook before the handler has written would be lost: no second call', async (t) => {
  const { app, lines, saved } = await shop(t, await postgres(t), await postgres(t))
  let calls = 0
  app.addHook('preHandler', async (request) => void sessionsOf(request).paris.persist(new Author('by a hook')))
  app.post('/', { config: { sqlassist: { retry } } }, async (request) => {
    if (++calls === 1) await sessionsOf(request).paris.execute(`do $$ begin raise exception 'again' using errcode = '40001'; end $$`)
    return { calls }
  })
  t.equal((await app.inject({ method: 'POST', url: '/' })).statusCode, 500)
  t.equal((await app.inject({ method: 'POST', url: '/' })).statusCode, 200)
  t.match(lines.filter(({ code }) => code === 'SQLASSIST_NOT_RETRIED'), [{ msg: /hook before the handler/ }])
  t.strictSame(await saved(), { paris: ['by a hook'], rome: [] })
})

t.test('a handler that has committed a part of its work is not called again', async (t) => {
  const { app, saved } = await shop(t, await postgres(t), await postgres(t))
  let calls = 0
  app.post('/', { config: { sqlassist: { retry } } }, async (request) => {
    const { paris, transaction } = sessionsOf(request)
    paris.persist(new Author(`call ${++calls}`))
    await transaction.commit()
    await paris.execute(`do $$ begin raise exception 'again' using errcode = '40001'; end $$`)
  })
  t.equal((await app.inject({ method: 'POST', url: '/' })).statusCode, 500)
  t.strictSame((await saved()).paris, ['call 1'])
})
