// Queries in a loop: named, or refused; and what only looks like a loop.
import { onSqlAssistEvent } from 'fastify-sqlassist/orm'
import type { PoolClient } from 'pg'
import t from 'tap'
import { lab, nativePool } from '../../orm/postgres/fixtures/pool.ts'
import { Author, Book } from '../endings/model.ts'
import { postgres, type Writer } from '../endings/service.ts'
import { AUTHORS, onEachDatabase, type Service, service, type Sessions, sessionsOf } from './fixtures/service.ts'

const pathOf = (name: string): string => `/${name.replaceAll(/\W+/g, '-')}`

/** A route for each way to ask. */
function routes({ app }: Service, ways: Record<string, (sessions: Sessions) => Promise<unknown>>): void {
  for (const [name, ask] of Object.entries(ways)) {
    app.get(pathOf(name), async (request) => {
      await ask(sessionsOf(request))
      return {}
    })
  }
}

const namedOne = async (em: Writer, name: string): Promise<Author | null> => await em.findOne(Author, { name })

const loops: Record<string, (sessions: Sessions) => Promise<unknown>> = {
  async collections({ reader }) {
    for (const author of await reader.findAll(Author)) await author.books.init()
  },
  async references({ reader }) {
    for (const book of await reader.findAll(Book)) await book.author.load()
  },
  async together({ reader }) {
    const authors = await reader.findAll(Author)
    await Promise.all(authors.map(async (author) => await author.books.loadItems()))
  },
  async names({ reader }) {
    for (let i = 1; i <= AUTHORS; i++) await namedOne(reader, `Author ${i}`)
  },
  async raw({ writer }) {
    for (let i = 1; i <= AUTHORS; i++) await writer.execute('select title from book where author_id = ?', [i])
  },
  async kysely({ writer }) {
    for (let i = 1; i <= AUTHORS; i++) await writer.getKysely<{ book: { id: number } }>().selectFrom('book').select('id').where('id', '=', i).execute()
  },
  async streams({ writer }) {
    for (let i = 1; i <= AUTHORS; i++) for await (const book of writer.stream(Book, { where: { id: i } })) void book
  },
  async transaction({ writer }) {
    await writer.transactional(async (em) => {
      for (const author of await em.findAll(Author)) await author.books.init()
    })
  },
}

onEachDatabase(t, 'a loop is named once, when the request is over', async (t, database) => {
  const it = await service(t, database, { nPlusOne: 'warn' })
  routes(it, loops)
  const named: Record<string, object> = {
    collections: { engine: 'reader', entity: 'Book', relation: 'Author.books', count: AUTHORS, msg: /^Request req-\w+ \(GET \/collections\): 5 queries for Book that differ only in author_id.*populate: \['books'\]/ },
    references: { engine: 'reader', entity: 'Author', relation: 'Book.author', count: AUTHORS, msg: /populate: \['author'\]/ },
    together: { engine: 'reader', relation: 'Author.books', count: AUTHORS },
    names: { entity: 'Author', relation: null, count: AUTHORS, msg: /differ only in name, as a loop sends them: ask for all of them at once/ },
    raw: { engine: 'writer', entity: 'Book', relation: 'Author.books', count: AUTHORS },
    kysely: { entity: 'Book', count: AUTHORS, msg: /differ only in id/ },
    streams: { entity: 'Book', count: AUTHORS },
    transaction: { engine: 'writer', relation: 'Author.books', count: AUTHORS },
  }
  t.strictSame(Object.keys(named), Object.keys(loops))
  for (const [name, line] of Object.entries(named)) {
    t.equal((await it.get(`/${name}`)).status, 200)
    const warned = it.warned()
    t.equal(warned.length, 1, `${name}: one line`)
    t.match(warned, [{ ...line, caller: /n-plus-one\.test\.ts:\d+:\d+$/, reqId: warned[0]?.requestId, sql: /where .* (?:= \?|in \( \?, \.\.\. \))/ }], name)
    t.notMatch(warned[0]?.['sql'], /Author \d|\d\d/, 'no values')
  }
})

onEachDatabase(t, 'a loop is refused its third query, and the pool is clean afterwards', async (t, database) => {
  const it = await service(t, database, { nPlusOne: 'throw' })
  routes(it, loops)
  it.app.get('/whole-request', { config: { sqlassist: { transaction: 'request' } } }, async (request) => {
    const { writer } = sessionsOf(request)
    await writer.execute(`update book set title = 'gone'`)
    await loops['collections']!({ writer, reader: writer })
    return {}
  })
  for (const name of [...Object.keys(loops), 'whole-request']) {
    const { status, body } = await it.get(`/${name}`)
    t.strictSame([status, body.code], [500, 'SQLASSIST_N_PLUS_ONE'], name)
    t.match(body.message, /^On engine '(?:reader|writer)': [3-5] queries for (?:Book|Author) that differ only in \w+.*The last of them was not sent/)
    t.strictSame(it.warned(), [], 'the error says it')
  }
  await using container = it.app.sqlassist.session()
  t.equal(await (container as unknown as Sessions).writer.count(Book, { title: 'gone' }), 0, 'rolled back')
})

onEachDatabase(t, 'whoever catches it goes on in the same transaction, and commits', async (t, database) => {
  const it = await service(t, database, { nPlusOne: 'throw', transaction: 'request' })
  it.app.get('/', async (request) => {
    const { writer } = sessionsOf(request)
    const told: unknown[] = []
    const stop = onSqlAssistEvent('sqlassist:query:end', ({ error }) => void (error !== undefined && told.push((error as { code?: string }).code)))
    const caught: unknown[] = []
    await writer.execute(`update author set name = 'Renamed' where name = 'Author 5'`)
    for (const author of await writer.findAll(Author, { orderBy: { id: 1 } })) await author.books.init().catch((error: { code: string }) => caught.push(error.code))
    stop()
    await writer.execute(`update author set name = 'Author 5' where name = 'Renamed'`)
    return { caught, told, entity: await writer.count(Author) }
  })
  const { status, body } = await it.get('/')
  t.equal(status, 200)
  const thrice = ['SQLASSIST_N_PLUS_ONE', 'SQLASSIST_N_PLUS_ONE', 'SQLASSIST_N_PLUS_ONE']
  t.strictSame(body, { caught: thrice, told: thrice, entity: AUTHORS }, 'the third, the fourth and the fifth; listeners are told so')
})

const innocent: Record<string, (sessions: Sessions) => Promise<unknown>> = {
  async populated({ reader }) {
    await reader.findAll(Author, { populate: ['books'], strategy: 'select-in' })
  },
  async 'lists, one after another'({ reader }) {
    for (let i = 1; i < AUTHORS; i++) await reader.find(Book, { author: { $in: [i, i + 1] } })
  },
  async 'lists in other words'({ reader }) {
    for (let i = 1; i < AUTHORS; i++) await reader.execute('select * from author where id = ? or id = ?', [i, i + 1])
  },
  async pages({ reader }) {
    for (let offset = 0; offset < AUTHORS; offset++) await reader.find(Author, { name: { $like: '%' } }, { offset, limit: 1 })
    for (let offset = 0; offset < AUTHORS; offset++) await reader.find(Book, { title: 'Book 1' }, { offset, limit: 1 })
    for (let last = 0; last < AUTHORS; last++) await reader.find(Author, { id: { $gt: last } }, { limit: 1 })
  },
  async 'the same again'({ reader }) {
    for (let i = 0; i < AUTHORS; i++) await reader.fork().findOne(Author, { name: 'Author 1' })
  },
  async 'from several places'({ reader }) {
    await namedOne(reader, 'Author 1')
    await namedOne(reader, 'Author 2')
    await namedOne(reader, 'Author 3')
    await reader.findOne(Author, { name: 'Author 4' })
  },
  async 'on several engines'({ reader, writer }) {
    for (const [em, name] of [[reader, 'Author 1'], [writer, 'Author 2'], [reader, 'Author 3'], [writer, 'Author 4']] as const) await namedOne(em, name)
  },
  async 'transactions and writes'({ writer }) {
    for (let i = 0; i < AUTHORS; i++) {
      await writer.transactional(async (em) => {
        await em.nativeUpdate(Author, { name: `Author ${i}` }, { name: `Author ${i}` })
        await em.execute(`update book set title = title where title = 'Book ${i}'`)
      })
    }
  },
  async 'no condition'({ reader }) {
    for (let i = 0; i < AUTHORS; i++) await reader.execute(`select ${i} as n from book`)
  },
  async 'more than is read'({ reader }) {
    for (let i = 0; i < AUTHORS; i++) await reader.execute(`select '${'x'.repeat(10_000)}' as x from book where title = 'Book ${i}'`)
  },
}

onEachDatabase(t, 'what only looks like a loop is left alone', async (t, database) => {
  const it = await service(t, database, { nPlusOne: 'throw' })
  routes(it, innocent)
  for (const name of Object.keys(innocent)) {
    t.strictSame([await it.get(pathOf(name)), it.warned()], [{ status: 200, body: {} }, []], name)
  }
})

onEachDatabase(t, 'a route or a job may say otherwise, and an attempt that is made again starts anew', async (t, database) => {
  const it = await service(t, database, { nPlusOne: 'throw' })
  const loop = loops['collections']!
  it.app.get('/allowed', { config: { sqlassist: { nPlusOne: 'off' } } }, async (request) => await loop(sessionsOf(request)).then(() => ({})))
  it.app.get('/named', { config: { sqlassist: { nPlusOne: 'warn' } } }, async (request) => await loop(sessionsOf(request)).then(() => ({})))
  let attempts = 0
  it.app.get('/again', { config: { sqlassist: { transaction: 'request', retry: { attempts: 4, backoff: () => 0 } } } }, async (request) => {
    attempts++
    const { writer } = sessionsOf(request)
    await writer.find(Book, { author: { name: `Author ${attempts}` } })
    await writer.execute(`select * from author where name = 'Author ${attempts}'`)
    if (attempts < 4) throw Object.assign(new Error('again'), { code: '40001' })
    return {}
  })
  for (const path of ['/allowed', '/again']) t.strictSame([await it.get(path), it.warned()], [{ status: 200, body: {} }, []], path)
  t.equal(attempts, 4)
  t.equal((await it.get('/named')).status, 200)
  t.match(it.warned(), [{ relation: 'Author.books' }])

  const { sqlassist: db } = it.app
  await t.rejects(db.transaction(async (session) => await loop(session as unknown as Sessions)), { code: 'SQLASSIST_N_PLUS_ONE', relation: 'Author.books', entity: 'Book', engine: 'reader', count: 3 })
  await db.transaction(async (session) => await loop(session as unknown as Sessions), { nPlusOne: 'off' })
  await using allowed = db.session({ nPlusOne: 'off' })
  await loop(allowed as unknown as Sessions)
  t.strictSame(it.warned(), [])
})

t.test('a callback of pg is given the refusal', async (t) => {
  const it = await lab(t, (await postgres(t)).at, { options: { nPlusOne: 'throw' } })
  await using container = it.open()
  const clients: PoolClient[] = []
  ;(await nativePool(container.writer)).on('acquire', (client) => clients.push(client))
  const errors = await container.writer.transactional(async (em) => {
    await em.execute('select 1')
    const [client] = clients as [PoolClient]
    return await Promise.all([1, 2, 3, 4].map(async (id) => await new Promise((resolve) => {
      client.query(`select * from pg_class where oid = ${id}`, (error: Error | null) => resolve((error as { code?: string } | null)?.code))
    })))
  })
  t.strictSame(errors, [undefined, undefined, 'SQLASSIST_N_PLUS_ONE', 'SQLASSIST_N_PLUS_ONE'])
})

t.test('a request that asks for very many things is looked at in part', async (t) => {
  const it = await lab(t, (await postgres(t)).at, { options: { nPlusOne: 'throw' } })
  await using container = it.open()
  for (let i = 0; i < 200; i++) await container.writer.execute(`select ${'1, '.repeat(i)} oid as n${i} from pg_class where oid = ${i}`)
  for (let i = 0; i < 5; i++) await container.writer.execute(`select relname from pg_class where oid = ${i}`)
  t.pass('the 201st kind of query is not counted')
})
