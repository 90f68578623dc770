// The panel's statements are the server's own: its log of a request and the record of it are the same, in whatever way the statements were made.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { ownPostgres } from '../../support/own-postgres.ts'
import { Author, Book, Note } from '../endings/model.ts'
import { type Database, prepare, type Writer } from '../endings/service.ts'
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
  'many at once, on several connections': async ({ writer, reader }) => {
    await Promise.all([writer.count(Book), reader.count(Book), reader.count(Author), writer.find(Note, {}, { limit: 2 })])
  },
}

/** What only the formatting of the panel changes. */
const flat = (sql: string): string => sql.replaceAll(/\s+/g, '')

/** With values in their places, the server logs them beside the statement. */
const byProcess = (statements: readonly { pid: number | null; sql: string }[]): Record<string, string[]> =>
  Object.fromEntries([...Map.groupBy(statements, ({ pid }) => String(pid))].map(([pid, list]) => [pid, list.map(({ sql }) => flat(sql))]))

const plain = await application(t, database)
const commented = await application(t, database, { plugin: { sqlComments: { application: `the 'shop' */ -- $1 ?`, requestId: true } } })

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

/** The server may write its log after it has answered, and closes a session after the request: until nothing is added. */
async function settled(from: number): Promise<void> {
  for (let before = -1; before !== logged(from).length; ) {
    before = logged(from).length
    await sleep(50)
  }
}
