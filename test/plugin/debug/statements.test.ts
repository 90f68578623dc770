// The panel's statements are the server's own: its log of a request and the record of it are the same, in whatever way the statements were made.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CompiledQuery, type Kysely } from 'kysely'
import pg from 'pg'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { asSuperuser } from '../../support/databases.ts'
import { ownPostgres } from '../../support/own-postgres.ts'
import { Author, Book, Note } from '../endings/model.ts'
import { configOf, type Database, prepare, type Writer } from '../endings/service.ts'
import { application, Panel } from './fixtures/panel.ts'

t.setTimeout(300_000)

// Comments, line breaks and odd characters must come through as they are.
const server = await ownPostgres(t, ['log_statement=all', 'log_line_prefix=@%p|%d|%a|', 'log_destination=stderr'])
const database: Database = { dialect: 'postgresql', at: server.url }
await prepare(database)

/** What the server says that it has been sent since, by process. It says so when it has understood a statement; else only in its complaint. */
function logged(from: number): { pid: number; sql: string }[] {
  const text = readFileSync(join(server.directory, 'log'), 'utf8').slice(from)
  const entries = text.split(/^@/m).slice(1)
  return entries.flatMap((entry, index) => {
    const [, pid, kind, sql] = /^(\d+)\|[^|]*\|[^|]*\|(LOG: {2}(?:statement|execute [^:]*): |STATEMENT: {2})([^]*)\n$/.exec(entry) ?? []
    if (sql === undefined || (kind!.startsWith('STATEMENT') && !/ERROR: {2}syntax error/.test(entries[index - 1]!))) return []
    // A line break in a statement is followed by a tab.
    return [{ pid: Number(pid), sql: sql.replaceAll('\n\t', '\n') }]
  })
}

const position = (): number => readFileSync(join(server.directory, 'log'), 'utf8').length

const ways: Record<string, (sessions: { writer: Writer; reader: Writer; transaction: FastifyRequest['dbSession']['transaction'] }) => Promise<unknown>> = {
  find: async ({ reader }) => await reader.find(Book, { title: 'Ulysses' }, { populate: ['author'] }),
  'lazy relations and collections': async ({ reader }) => {
    for (const book of await reader.find(Book, {})) await book.author.load()
    for (const author of await reader.find(Author, {})) await author.books.init()
  },
  'flush, of several kinds of changes': async ({ writer }) => {
    const author = writer.create(Author, { name: `it's ; -- "odd" \\ \u00e9\n\ttabbed`, books: [] })
    await writer.flush()
    author.name = 'other'
    writer.create(Note, { text: '$1 ? $$' })
    await writer.flush()
    await writer.remove(author).flush()
  },
  'raw SQL with values, comments and line breaks': async ({ writer }) => {
    await writer.execute('select ?::int as a, ? as b', [1, `it's`])
    await writer.execute(`select 1 -- a comment; with a semicolon\n, /* and /* another */ */ 'x;y'`)
  },
  'several statements in one text': async ({ writer }) => await writer.execute(`select 1; select 2`),
  kysely: async ({ writer }) => {
    const kysely = writer.getKysely() as unknown as { selectFrom(table: string): { selectAll(): { where(...args: unknown[]): { execute(): Promise<unknown> } } } }
    await kysely.selectFrom('book').selectAll().where('title', '=', `it's`).execute()
  },
  'a transaction of kysely': async ({ writer }) => {
    const kysely = writer.getKysely() as unknown as { transaction(): { execute(work: (trx: never) => Promise<void>): Promise<void> } }
    await kysely.transaction().execute(async (trx: { insertInto(table: string): { values(row: object): { execute(): Promise<unknown> } } }) => {
      await trx.insertInto('note').values({ text: 'by kysely' }).execute()
    })
  },
  'a stream': async ({ reader }) => {
    let books = 0
    for await (const book of reader.stream(Book, {})) books += book.id > 0 ? 1 : 0
    t.equal(books, 1)
  },
  'a query builder, and its stream': async ({ writer }) => {
    await writer.createQueryBuilder(Book, 'b').where({ title: 'Ulysses' }).getResultList()
    await writer.createQueryBuilder(Note).insert({ text: 'built' }).execute()
    for await (const row of writer.createQueryBuilder(Book, 'b').stream()) t.ok(row)
  },
  'transactional, with a savepoint in it': async ({ writer }) => {
    await writer.transactional(async (outer) => {
      await outer.find(Note, {})
      await outer.transactional(async (inner) => void inner.create(Note, { text: 'inner' }))
      await outer.transactional(async () => { throw new Error('undone') }).catch(() => {})
    })
  },
  'begin, and rollback': async ({ writer }) => {
    await writer.begin()
    await writer.execute('select 1')
    await writer.rollback()
  },
  'a transaction over all engines, with savepoints': async ({ writer, transaction }) => {
    await transaction.begin()
    await writer.persistAndFlush(writer.create(Note, { text: 'kept' }))
    const savepoint = await transaction.savepoint()
    await writer.persistAndFlush(writer.create(Note, { text: 'undone' }))
    await savepoint.rollback()
    await transaction.commit()
  },
  'a transaction that is aborted': async ({ writer, transaction }) => {
    await transaction.begin()
    await writer.persistAndFlush(writer.create(Note, { text: 'undone' }))
    await transaction.abort()
  },
  'a transaction that is left open': async ({ writer }) => {
    await writer.begin()
    await writer.execute('select 1')
  },
  'statements that fail': async ({ writer }) => {
    await writer.execute('select * from nothing_of_this_name').catch(() => {})
    await writer.execute('select from from where').catch(() => {})
    await writer.find(Book, {})
  },
  'a flush of many changes': async ({ writer }) => {
    const notes = Array.from({ length: 5 }, (_, index) => writer.create(Note, { text: `note ${index}` }))
    await writer.flush()
    for (const note of notes) note.text = `${note.text}, changed`
    await writer.flush()
    for (const note of notes) writer.remove(note)
    await writer.flush()
  },
  'changes without entities': async ({ writer }) => {
    await writer.insertMany(Note, [{ text: 'one' }, { text: 'two' }])
    await writer.upsert(Note, { id: 1000, text: 'three' })
    await writer.nativeUpdate(Note, { text: 'one' }, { text: 'changed' })
    await writer.nativeDelete(Note, { text: { $in: ['changed', 'two', 'three'] } })
  },
  'a statement that the server stops': async ({ writer }) => {
    await writer.begin()
    await writer.execute('set local statement_timeout = 20')
    await writer.execute('select pg_sleep(60)').catch(() => {})
    await writer.rollback()
  },
  'a prepared statement with a name, twice': async ({ writer }) => {
    const kysely = writer.getKysely() as unknown as { executeQuery(query: object): Promise<unknown> }
    const query = { sql: { name: 'doubled', text: 'select $1::int * 2 as doubled' }, parameters: [21], query: { kind: 'RawNode' }, queryId: { queryId: 'x' } }
    for (let round = 0; round < 2; round++) await kysely.executeQuery(query)
  },
  'rows that are copied': async ({ writer }) => await writer.execute('copy note to stdout'),
  'prepared and executed by SQL': async ({ writer }) => {
    await writer.transactional(async (em) => {
      await em.execute('prepare notes as select * from note')
      await em.execute('execute notes')
      await em.execute('deallocate notes')
    })
  },
  'many at once, on several connections': async ({ writer, reader }) => {
    await Promise.all([writer.count(Book), reader.count(Book), reader.count(Author), writer.find(Note, {}, { limit: 2 })])
  },
}

/** What a statement can be given, and the type that it is there. */
const given: readonly (readonly [type: string, value: unknown])[] = [
  ['text', 'plain'], ['text', `it's`], ['text', String.raw`a\b "c" \'`], ['text', 'two\nlines, \u00e9 and \u{1f600}'], ['text', ''], ['text', null], ['text', '$1 ? -- /*'],
  ['int', 42], ['int', -7], ['float8', 0.1], ['float8', 1e300], ['bigint', 9007199254740993n], ['boolean', true], ['boolean', false],
  ['timestamptz', new Date('2026-02-03T04:05:06.789Z')], ['bytea', Buffer.from([0, 39, 92, 255])], ['text[]', ['a', `it's`, String.raw`b "c" \d`, null, '', 'NULL', '{}']], ['int[]', [1, -2]],
  ['bytea[]', [Buffer.from([0, 92])]], ['jsonb', { text: `it's "so" \\`, list: [1, null] }], ['jsonb', null],
]

/** What only the formatting of the panel changes. */
const flat = (sql: string): string => sql.replaceAll(/\s+/g, '')

/** With values in their places, the server logs them beside the statement. */
const byProcess = (statements: readonly { pid: number | null; sql: string }[]): Record<string, string[]> =>
  Object.fromEntries([...Map.groupBy(statements, ({ pid }) => String(pid))].map(([pid, list]) => [pid, list.map(({ sql }) => flat(sql))]))

const plain = await application(t, database)
const commented = await application(t, database, { plugin: { sqlComments: { application: `the 'shop' */ -- $1 ?`, requestId: true } } })

plain.get('/given/:index', async (request) => {
  const [type, value] = given[Number((request.params as { index: string }).index)]!
  const kysely = (request.dbSession as unknown as { writer: Writer }).writer.getKysely() as unknown as Kysely<object>
  await kysely.executeQuery(CompiledQuery.raw(`select 1 as one, $1::int as two, $2::${type} as three`, [2, value]))
  return 'done'
})

for (const [suffix, app] of [['', plain], [', with comments in its SQL', commented]] as const) {
  const panel = new Panel(app)
  app.get('/ways/:name', async (request) => {
    await ways[(request.params as { name: string }).name]!(request.dbSession as never)
    return 'done'
  })

  for (const name of Object.keys(ways)) {
    t.test(name + suffix, async (t) => {
      const from = position()
      t.equal((await app.inject(`/ways/${encodeURIComponent(name)}`)).body, 'done')
      const { records, statements } = await panel.last()
      await settled(from)
      t.ok(records.length > 0)
      t.equal(statements, records.length)
      t.strictSame(byProcess(records), byProcess(logged(from)))
      const without = records.filter(({ sql }) => !sql.includes(`route='%2Fways%2F%3Aname'`))
      t.equal(without.length, suffix === '' ? records.length : 0, 'a comment is in all of them, or in none')
    })
  }
}

const panelOfPlain = new Panel(plain)

t.test('parameters are those that the server was given', async (t) => {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  t.teardown(async () => await client.end())
  for (const [index, [type, value]] of given.entries()) {
    const from = position()
    t.equal((await plain.inject(`/given/${index}`)).body, 'done')
    const [record, ...others] = (await panelOfPlain.last()).records.filter(({ internal }) => !internal)
    t.strictSame(others, [])
    await settled(from)
    const [, two, three] = /DETAIL: {2}Parameters: \$1 = ('2'), \$2 = (NULL|'[^]*')\n(?:@|$)/.exec(readFileSync(join(server.directory, 'log'), 'utf8').slice(from)) ?? []
    t.equal(two, `'2'`)
    const logged = three!.replaceAll('\n\t', '\n')
    const { rows } = await client.query(`select (${logged})::${type} is not distinct from (${record!.parameters[1]})::${type} as same, (${logged})::${type} is null as nothing`)
    t.strictSame(rows, [{ same: true, nothing: value === null }], `${type} ${record!.parameters[1]}`)
    t.equal(record!.parameters[0], '2')
    // What can be copied out of the panel runs by itself, and gives the same.
    const { rows: [run] } = await client.query(`select three::text from (${record!.runnable}) as run`)
    const { rows: [sent] } = await client.query(`select (${logged})::${type}::text as three`)
    t.strictSame(run, sent)
  }
})

t.test('a commit in two phases', async (t) => {
  await asSuperuser(server.url, 'create database audit')
  const audit: Database = { dialect: 'postgresql', at: server.url.replace(/postgres$/, 'audit') }
  await prepare(audit)
  const engines = Object.fromEntries([['writer', database], ['audit', audit]].map(([name, at]) => [name, { config: configOf(at as Database), twoPhase: true }]))
  const app = await application(t, database, { plugin: { engines } })
  app.get('/both', { config: { sqlassist: { transaction: 'request' } } }, async (request) => {
    const sessions = request.dbSession as unknown as Record<'writer' | 'audit', Writer>
    for (const session of [sessions.writer, sessions.audit]) await session.persistAndFlush(session.create(Note, { text: 'both' }))
    return 'done'
  })
  await app.sqlassist.recover()
  const from = position()
  t.equal((await app.inject('/both')).body, 'done')
  const { records } = await new Panel(app).last()
  await settled(from)
  t.match(records.map(({ sql }) => sql).join('\n'), /prepare transaction[^]*commit prepared/)
  const sessions = new Set(records.map(({ pid }) => pid))
  t.equal(sessions.size, 2)
  t.strictSame(byProcess(records), byProcess(logged(from).filter(({ pid }) => sessions.has(pid))), 'beside that there is only the record of the decision, on a connection of its own')
})

t.test('what is done outside of requests is of no request', async (t) => {
  const before = (await panelOfPlain.requests()).map(({ id }) => id)
  const from = position()
  await plain.sqlassist.engine('writer').orm.schema.update()
  await plain.sqlassist.engine('writer').orm.em.fork().count(Note)
  await settled(from)
  t.ok(logged(from).length > 2, 'the server has been asked')
  t.strictSame((await panelOfPlain.requests()).map(({ id }) => id), before)
})

/** The server may write its log after it has answered, and closes a session after the request: until nothing is added. */
async function settled(from: number): Promise<void> {
  for (let before = -1; before !== logged(from).length; ) {
    before = logged(from).length
    await sleep(50)
  }
}
