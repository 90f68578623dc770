// A reader that reads in the writer's transaction.
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql'
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import Fastify, { type FastifyRequest } from 'fastify'
import { type ReadonlySession, type Session, sqlassist } from 'fastify-sqlassist'
import t from 'tap'
import { asSuperuser, postgresDatabase } from '../../support/databases.ts'

@Entity()
class Note {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) text!: string
}

interface Sessions {
  readonly writer: Session<EntityManager>
  readonly reader: ReadonlySession<EntityManager>
  readonly transaction: { abort(): Promise<void> }
}

const sessionsOf = (request: FastifyRequest): Sessions => request.dbSession as unknown as Sessions

const url = await postgresDatabase(t)
await asSuperuser(url, 'create table note (id serial primary key, text text not null)')
const config = defineConfig({ clientUrl: url, entities: [Note] })

async function serve(transaction: 'request' | 'manual', handler: (sessions: Sessions) => Promise<unknown>): Promise<{ status: number; body: unknown; kept: number }> {
  await asSuperuser(url, 'truncate note')
  const app = Fastify()
  await app.register(sqlassist, {
    engines: { writer: { config }, reader: { config, readonly: true, follows: 'writer', joinTransaction: true } },
    transaction,
  })
  app.get('/', async (request) => await handler(sessionsOf(request)))
  const reply = await app.inject('/')
  await app.close()
  const [{ count }] = (await asSuperuser<{ count: number }>(url, 'select count(*)::int from note')) as [{ count: number }]
  return { status: reply.statusCode, body: reply.json<unknown>(), kept: count }
}

const persist = async ({ writer }: Sessions, text: string): Promise<void> => await writer.persistAndFlush(writer.create(Note, { text }))

t.test('it sees what is not committed, and only from then on', async (t) => {
  const answer = await serve('request', async (sessions) => {
    const before = await sessions.reader.count(Note)
    await persist(sessions, 'one')
    return { before, found: await sessions.reader.find(Note, {}), raw: await sessions.reader.execute('select text from note where text = ?', ['one']) }
  })
  t.match(answer, { status: 200, body: { before: 0, found: [{ text: 'one' }], raw: [{ text: 'one' }] }, kept: 1 })
})

t.test('it cannot write there, and what fails there spoils nothing', async (t) => {
  const answer = await serve('request', async (sessions) => {
    await persist(sessions, 'one')
    const failed = await Promise.allSettled([
      sessions.reader.execute(`insert into note (text) values ('through the reader')`),
      sessions.reader.execute(`with written as (insert into note (text) values ('hidden') returning id) select id from written`),
      sessions.reader.execute(`select nextval('note_id_seq')`),
      sessions.reader.execute('set transaction read write'),
      sessions.reader.execute('select 1 / 0'),
    ])
    await persist(sessions, 'two')
    return { failed: failed.map(({ status }) => status), seen: await sessions.reader.count(Note) }
  })
  t.strictSame(answer, { status: 200, body: { failed: Array.from({ length: 5 }, () => 'rejected'), seen: 2 }, kept: 2 })
})

t.test('reads and writes at the same time keep out of each other', async (t) => {
  const answer = await serve('request', async (sessions) => {
    await persist(sessions, 'first')
    const { writer, reader } = sessions
    await Promise.all(Array.from({ length: 20 }, async (_, index) => {
      await writer.execute('insert into note (text) values (?)', [`number ${index}`])
      await reader.execute('select pg_sleep(0.001)')
      await writer.execute('update note set text = text where text = ?', [`number ${index}`])
    }))
    return await reader.count(Note)
  })
  t.strictSame(answer, { status: 200, body: 21, kept: 21 })
})

t.test('a transaction of its own in there, and one that is aborted', async (t) => {
  const answer = await serve('request', async (sessions) => {
    await persist(sessions, 'one')
    const seen = await sessions.reader.transactional(async (em) => [await em.count(Note), await em.count(Note)])
    await sessions.transaction.abort()
    return { seen, after: await sessions.reader.count(Note) }
  })
  t.strictSame(answer, { status: 200, body: { seen: [1, 1], after: 0 }, kept: 0 })
})

t.test('a stream is refused', async (t) => {
  const answer = await serve('request', async (sessions) => {
    await persist(sessions, 'one')
    const read = async (): Promise<void> => {
      for await (const _ of sessions.reader.stream(Note)) break
    }
    return { refused: await read().catch((error: unknown) => (error as { code: string }).code) }
  })
  t.strictSame(answer, { status: 200, body: { refused: 'SQLASSIST_JOINED_STREAM' }, kept: 1 })
})

t.test('without a transaction over all engines there is nothing to join', async (t) => {
  const answer = await serve('manual', async (sessions) => {
    const inside = await sessions.writer.transactional(async (em) => {
      await em.execute(`insert into note (text) values ('one')`)
      return await sessions.reader.count(Note)
    })
    return { inside, after: await sessions.reader.count(Note) }
  })
  t.strictSame(answer, { status: 200, body: { inside: 0, after: 1 }, kept: 1 })
})
