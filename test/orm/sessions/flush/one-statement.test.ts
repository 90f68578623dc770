// What a flush sends: one statement where that is enough, and a transaction where it is not, or where somebody wants to see it.
import { createServer, connect, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import type { EntityManager, EventSubscriber } from '@mikro-orm/core'
import { defineConfig, MikroORM } from '@mikro-orm/postgresql'
import t, { type Test } from 'tap'
import { onSqlAssistEvent, type Session } from 'fastify-sqlassist/orm'
import { assist, postgres } from '../fixtures/engines.ts'
import { Author, Book, library, Shelf } from '../fixtures/library.ts'

/** What each step of a story has sent, in short. */
async function told(t: Test, steps: Record<string, () => Promise<unknown>>): Promise<Record<string, string>> {
  const sent: string[] = []
  const stop = onSqlAssistEvent('sqlassist:query:end', ({ internal, sql }) => !internal && sent.push(sql.split(/[ ;]/, 1)[0]!))
  const story: Record<string, string> = {}
  for (const [name, step] of Object.entries(steps)) {
    sent.length = 0
    await step()
    story[name] = sent.join(' ')
  }
  stop()
  return story
}

const flushes = (em: EntityManager): Record<string, () => Promise<unknown>> => ({
  'a new entity': async () => await em.persist(new Author('Ada')).flush(),
  'nothing': async () => await em.flush(),
  'a change': async () => {
    const ada = (await em.findOne(Author, { name: 'Ada' }))!
    ada.name = 'Bea'
    await em.flush()
  },
  'several of a kind': async () => await em.persist([new Author('Cid'), new Author('Dan')]).flush(),
  'several changes of a kind': async () => {
    for (const author of await em.findAll(Author)) author.name += '!'
    await em.flush()
  },
  'two kinds': async () => {
    em.create(Shelf, { label: 'new' })
    await em.persist(new Author('Eve')).flush()
  },
  'a new one and a change': async () => {
    const [eve] = await em.find(Author, { name: 'Eve' })
    eve!.name = 'Fay'
    await em.persist(new Author('Gus')).flush()
  },
  'one that refers to a new one': async () => {
    const author = new Author('Hal')
    author.books.add(new Book('His'))
    await em.persist(author).flush()
  },
  'a removal': async () => await em.remove(em.getReference(Book, 1)).flush(),
  'in a transaction': async () => await em.transactional(async (inner) => await inner.persist(new Author('Ida')).flush()),
})

t.test('one statement is enough for what one statement does', async (t) => {
  const database = await postgres(t)
  const db = await assist(t, { writer: { config: database.config() } })
  await using sessions = db.session()
  await sessions.writer.count(Author)
  t.strictSame(await told(t, flushes(sessions.writer)), {
    'a new entity': 'insert', 'nothing': '', 'a change': 'select update', 'several of a kind': 'insert', 'several changes of a kind': 'select update',
    'two kinds': 'begin insert insert commit', 'a new one and a change': 'select begin insert update commit', 'one that refers to a new one': 'begin insert insert commit',
    'a removal': 'delete', 'in a transaction': 'begin insert commit',
  })
})

t.test('a managed transaction takes it in as before', async (t) => {
  const database = await postgres(t)
  const db = await assist(t, { writer: { config: database.config() } })
  await using sessions = db.session()
  await sessions.writer.count(Author)
  const story = await told(t, { 'in a job': async () => await db.transaction(async ({ writer }) => {
    await (writer as Session).persistAndFlush(new Author('Ada'))
    await (writer as Session).persistAndFlush(new Author('Bea'))
  }) })
  t.match(story['in a job'], /^begin insert insert commit$/)
})

t.test('whoever listens to the transaction has one, and whoever may write in it', async (t) => {
  const database = await postgres(t)
  const heard: string[] = []
  const listeners: Record<string, [EventSubscriber, string]> = {
    'transaction events': [{ beforeTransactionCommit: () => void heard.push('commit') }, 'begin insert commit'],
    'hooks of the entity': [{ afterCreate: () => void heard.push('created') }, 'begin insert commit'],
    'hooks of another entity': [{ getSubscribedEntities: () => [Book], afterCreate: () => void heard.push('never') }, 'insert'],
    'what comes before and after all': [{ beforeFlush: () => void heard.push('before'), onFlush: () => void heard.push('on'), afterFlush: () => void heard.push('after') }, 'insert'],
    'what comes with reading': [{ onLoad: () => void heard.push('loaded'), onInit: () => void heard.push('made') }, 'insert'],
  }
  for (const [name, [subscriber, expected]] of Object.entries(listeners)) {
    const db = await assist(t, { writer: { config: database.config({ subscribers: [subscriber] }) } })
    await using sessions = db.session()
    await sessions.writer.count(Book)
    const story = await told(t, { flush: async () => await (sessions.writer as Session).persistAndFlush(new Author('Ada')) })
    t.equal(story['flush'], expected, name)
  }
  t.strictSame(heard.filter((event) => !['loaded', 'made'].includes(event)), ['commit', 'created', 'before', 'on', 'after'])
})

t.test('the short way goes on where it began: a flush behind it waits, and sees what it has done', async (t) => {
  const database = await postgres(t)
  const db = await assist(t, { writer: { config: database.config() } })
  await using sessions = db.session()
  const session = sessions.writer as Session
  await session.count(Author)
  const ada = new Author('Ada')
  const first = session.persistAndFlush(ada)
  await Promise.all([first, session.flush(), session.flush()])
  ada.name = 'Bea'
  await session.flush()
  t.match(await session.fork().findAll(Author), [{ id: 1, name: 'Bea' }])
})

/** All statements that come to a server through here, each byte of them. */
async function recorder(t: Test, url: string): Promise<{ url: string; texts: string[] }> {
  const target = new URL(url)
  const texts: string[] = []
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    let rest = Buffer.alloc(0)
    let started = false
    near.on('data', (chunk) => {
      far.write(chunk)
      rest = Buffer.concat([rest, chunk])
      for (;;) {
        const head = started ? 1 : 0
        if (rest.length < head + 4 || rest.length < head + rest.readInt32BE(head)) return
        const end = head + rest.readInt32BE(head)
        if (started && 'QPB'.includes(String.fromCharCode(rest[0]!))) texts.push(rest.subarray(0, end).toString('latin1'))
        started = true
        rest = rest.subarray(end)
      }
    })
    far.on('data', (chunk) => near.write(chunk))
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
    near.on('error', () => {})
    far.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const through = new URL(url)
  through.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url: through.href, texts }
}

t.test('with every switch off each byte is as MikroORM sends it', async (t) => {
  const stories: Record<string, string[]> = {}
  for (const way of ['plain', 'ours'] as const) {
    const { url, texts } = await recorder(t, ((await postgres(t)).config() as { clientUrl: string }).clientUrl)
    const config = defineConfig({ clientUrl: url, entities: library, pool: { min: 0, max: 1 } })
    const db = way === 'ours' ? await assist(t, { writer: { config, fastPath: false, preparedStatements: false } }) : undefined
    const orm = db === undefined ? await MikroORM.init(config) : undefined
    const sessions = db?.session()
    const em = orm === undefined ? (sessions!.writer as EntityManager) : (orm.em.fork() as EntityManager)
    await em.count(Author)
    texts.length = 0
    for (const step of Object.values(flushes(em))) await step()
    await em.find(Author, { name: { $in: [`it's`, 'b'] }, id: { $gt: 1 } }, { orderBy: { name: 'asc' }, limit: 3 })
    await em.findOne(Author, 1, { populate: ['books'], refresh: true })
    await em.nativeUpdate(Author, { name: 'x' }, { name: 'y' })
    await em.nativeDelete(Book, { title: 'none' })
    await em.insertMany(Author, [{ name: 'p' }, { name: `q'` }])
    stories[way] = texts.filter((text) => !/txid_current_if_assigned/.test(text)) // what part of an answer to COMMIT may be lost is asked beside it
    await sessions?.close()
    await orm?.close()
  }
  t.ok(stories['plain']!.length > 25)
  t.strictSame(stories['ours'], stories['plain'])
})
