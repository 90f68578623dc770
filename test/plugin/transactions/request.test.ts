// transaction: 'request': one transaction over all engines per request, decided before the first byte of the reply.
import t, { type Test } from 'tap'
import { postgres, sqlite } from '../../orm/sessions/fixtures/engines.ts'
import { Author, Book } from '../../orm/sessions/fixtures/library.ts'
import { sessionsOf, type Shop, shop } from './fixtures/shop.ts'

function onEachKind(name: string, fn: (t: Test, shop: Shop) => Promise<void>): void {
  t.test(`${name} (postgresql)`, async (t) => await fn(t, await shop(t, await postgres(t), await postgres(t))))
  t.test(`${name} (sqlite)`, async (t) => await fn(t, await shop(t, await sqlite(t), await sqlite(t))))
}

onEachKind('a 2xx is committed on both engines, before it is sent', async (t, { app, saved }) => {
  app.post('/', async (request, reply) => {
    const { paris, rome } = sessionsOf(request)
    paris.persist(new Author('Ada'))
    await rome.persistAndFlush(new Author('Bruno'))
    t.strictSame(await saved(), { paris: [], rome: [] })
    return await reply.code(201).send({ ok: true })
  })
  const response = await app.inject({ method: 'POST', url: '/' })
  t.equal(response.statusCode, 201)
  t.strictSame(await saved(), { paris: ['Ada'], rome: ['Bruno'] })
})

onEachKind('a thrown error aborts, also where the error handler makes a 200 of it', async (t, { app, saved }) => {
  app.setErrorHandler(async (_error, _request, reply) => await reply.code(200).send({ excuse: 'never mind' }))
  app.post('/', async (request) => {
    await sessionsOf(request).paris.persistAndFlush(new Author('Ada'))
    throw new Error('after the flush')
  })
  const response = await app.inject({ method: 'POST', url: '/' })
  t.equal(response.statusCode, 200)
  t.strictSame(await saved(), { paris: [], rome: [] })
})

onEachKind('a commit that fails is an error reply, and nothing of it is saved', async (t, { app, saved }) => {
  app.post('/', async (request, reply) => {
    const { paris, rome } = sessionsOf(request)
    await paris.persistAndFlush(new Author('Ada'))
    const author = new Author('Bruno')
    author.books.add(new Book('Nights'), new Book('Nights'))
    rome.persist(author)
    return await reply.send({ ok: true })
  })
  const response = await app.inject({ method: 'POST', url: '/' })
  t.equal(response.statusCode, 500)
  t.match(response.json(), { message: /unique/i })
  t.strictSame(await saved(), { paris: [], rome: [] })
})

onEachKind('4xx and 5xx are vetoed, x-tm says otherwise', async (t, { app, saved }) => {
  app.post<{ Params: { status: string; tm: string } }>('/:status/:tm', async (request, reply) => {
    const { status, tm } = request.params
    await sessionsOf(request).paris.persistAndFlush(new Author(`${status} ${tm}`))
    if (tm !== 'none') reply.header('x-tm', tm)
    return await reply.code(Number(status)).send({ status })
  })
  for (const status of ['200', '302', '404', '500']) {
    for (const tm of ['none', 'commit', 'abort']) t.equal((await app.inject({ method: 'POST', url: `/${status}/${tm}` })).statusCode, Number(status))
  }
  t.strictSame((await saved()).paris, ['200 commit', '200 none', '302 commit', '302 none', '404 commit', '500 commit'])
})

onEachKind('begin() is refused, commit() commits now, and the next use starts another', async (t, { app, saved }) => {
  app.post('/', async (request) => {
    const { paris, transaction } = sessionsOf(request)
    await t.rejects(transaction.begin(), { code: 'SQLASSIST_TRANSACTION_ACTIVE' })
    await t.rejects(paris.begin(), { code: 'SQLASSIST_TRANSACTION_MANAGED' })
    await paris.persistAndFlush(new Author('kept'))
    await transaction.commit()
    t.notOk(transaction.isActive)
    await paris.persistAndFlush(new Author('lost'))
    t.ok(transaction.isActive)
    throw new Error('after the commit')
  })
  t.equal((await app.inject({ method: 'POST', url: '/' })).statusCode, 500)
  t.strictSame(await saved(), { paris: ['kept'], rome: [] })
})

onEachKind('a doomed request is answered as it is, and not saved', async (t, { app, saved }) => {
  app.post('/', async (request) => {
    const { paris, transaction } = sessionsOf(request)
    await paris.persistAndFlush(new Author('Ada'))
    transaction.doom()
    return { ok: true }
  })
  t.equal((await app.inject({ method: 'POST', url: '/' })).statusCode, 200)
  t.strictSame(await saved(), { paris: [], rome: [] })
})

onEachKind('a route may be manual, and a hook that fails after the handler finds nothing committed', async (t, { app, saved }) => {
  app.post('/manual', { config: { sqlassist: { transaction: 'manual' } } }, async (request) => {
    await sessionsOf(request).paris.persistAndFlush(new Author('by hand'))
    throw new Error('too late')
  })
  await app.register(async (scope) => {
    scope.addHook('onSend', async (request) => {
      if (request.method === 'POST') throw new Error('a hook of the scope')
    })
    scope.post('/hook', async (request) => {
      await sessionsOf(request).paris.persistAndFlush(new Author('Ada'))
      return { ok: true }
    })
  })
  t.equal((await app.inject({ method: 'POST', url: '/manual' })).statusCode, 500)
  t.equal((await app.inject({ method: 'POST', url: '/hook' })).statusCode, 500)
  t.strictSame(await saved(), { paris: ['by hand'], rome: [] })
})
