// Replies that are streams: committed before the first row, and what a stream may still read afterwards.
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { assist, postgres, sqlite } from '../../orm/sessions/fixtures/engines.ts'
import { Author } from '../../orm/sessions/fixtures/library.ts'
import { sessionsOf, type Shop, shop } from './fixtures/shop.ts'

async function openShop(t: Test, make = postgres): Promise<Shop & { add(name: string): Promise<void> }> {
  const paris = await make(t)
  const made = await shop(t, paris, await make(t))
  const db = await assist(t, { writer: { config: paris.config() } })
  const add = async (name: string): Promise<void> => {
    await using session = db.session()
    await session.writer.persistAndFlush(new Author(name))
  }
  await add('Ada')
  await add('Bruno')
  return { ...made, add }
}

const asText = (rows: AsyncIterable<Author>): Readable => Readable.from((async function* () {
  for await (const { name } of rows) yield `${name}\n`
})())

t.test('what was written is committed before the first byte, and a readonly engine is read to the end', async (t) => {
  const { app, saved, lines } = await openShop(t)
  app.post('/', async (request, reply) => {
    const { paris, reader } = sessionsOf(request)
    await paris.persistAndFlush(new Author('Carla'))
    return await reply.send(asText(reader.stream(Author, { orderBy: { name: 'asc' } })))
  })
  t.equal((await app.inject({ method: 'POST', url: '/' })).payload, 'Ada\nBruno\nCarla\n')
  t.strictSame((await saved()).paris, ['Ada', 'Bruno', 'Carla'])
  t.strictSame(lines, [])
})

t.test('a stream that was begun on a writable engine: an error before the first byte, unless it is kept open', async (t) => {
  const { app, saved, lines } = await openShop(t)
  app.post<{ Querystring: { keep?: string } }>('/', async (request, reply) => {
    const { paris, rome, transaction } = sessionsOf(request)
    const rows = paris.stream(Author, { orderBy: { name: 'asc' } })
    const { value } = await rows.next()
    rome.persist(new Author(value!.name))
    if (request.query.keep === 'yes') transaction.keepOpen('paris')
    return await reply.send(asText(rows))
  })
  const refused = await app.inject({ method: 'POST', url: '/' })
  t.equal(refused.statusCode, 500)
  t.match(refused.json(), { code: 'SQLASSIST_STREAM_OPEN' })
  t.strictSame(await saved(), { paris: ['Ada', 'Bruno'], rome: [] })
  t.match(await app.inject({ method: 'POST', url: '/?keep=yes' }), { statusCode: 200, payload: 'Bruno\n' })
  t.strictSame(await saved(), { paris: ['Ada', 'Bruno'], rome: ['Ada'] })
  t.equal(lines.filter(({ msg }) => /transaction/.test(msg) && !/stream_open/.test(msg)).length, 0, 'what was kept open ends without a word')
})

t.test('snapshot: true, kept open: the whole stream is of the moment of the first statement', async (t) => {
  const { app, add } = await openShop(t)
  app.get('/', { config: { sqlassist: { snapshot: true } } }, async (request, reply) => {
    const { reader, transaction } = sessionsOf(request)
    t.equal(await reader.count(Author), 2)
    await add('Carla')
    t.equal(await reader.count(Author), 2, 'everything is of one moment')
    transaction.keepOpen('reader')
    return await reply.send(asText(reader.stream(Author, { orderBy: { name: 'asc' } })))
  })
  app.get('/later', async (request) => await sessionsOf(request).reader.count(Author))
  t.equal((await app.inject('/')).payload, 'Ada\nBruno\n')
  t.equal((await app.inject('/later')).payload, '3')
})

for (const [dialect, make] of Object.entries({ postgresql: postgres, sqlite })) {
  t.test(`a stream that begins only after the commit reads in a transaction of its own, without a word (${dialect})`, async (t) => {
    const { app, lines } = await openShop(t, make)
    app.get('/', async (request, reply) => await reply.send(asText(sessionsOf(request).paris.stream(Author, { orderBy: { name: 'asc' } }))))
    t.equal((await app.inject('/')).payload, 'Ada\nBruno\n')
    await app.close()
    t.strictSame(lines, [])
  })
}

t.test('one in which something has failed may have been more than reading: a warning', async (t) => {
  const { app, lines } = await openShop(t)
  app.get('/', async (request, reply) => await reply.send(Readable.from((async function* () {
    yield 'begun, '
    await t.rejects(sessionsOf(request).paris.execute('select 1 / 0'))
    yield 'ended'
  })())))
  t.equal((await app.inject('/')).payload, 'begun, ended')
  await app.close()
  t.strictSame(lines.map(({ msg }) => msg), ['Request req-1 (GET /) ended with its transaction open: it is aborted'])
})

t.test('what is written after the reply is not kept, with a warning', async (t) => {
  const { app, lines, saved } = await openShop(t)
  app.get('/', async () => 'answered')
  app.addHook('onResponse', async (request) => await sessionsOf(request).paris.persistAndFlush(new Author('too late')).catch(() => {}))
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.equal(await (await fetch(app.listeningOrigin)).text(), 'answered')
  await app.close()
  t.strictSame((await saved()).paris, ['Ada', 'Bruno'])
  t.ok(lines.length <= 1, 'it may be refused already')
})
