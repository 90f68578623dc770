// What a client may send, handed to the helpers as it comes: the answer is the client's fault, with a code, and never an error of the database.
import { defineConfig as postgres } from '@mikro-orm/postgresql'
import { defineConfig as sqlite } from '@mikro-orm/sqlite'
import Fastify from 'fastify'
import sqlassist from 'fastify-sqlassist'
import t from 'tap'
import { postgresDatabase, sqliteFile } from '../../../support/databases.ts'
import { DATABASES } from './support/databases.ts'
import { Author, Book, entities, Shelf, Tag } from './support/library.ts'
import { fillLibrary } from './support/shelved.ts'

/** A request's body, in JSON: what does not belong there has been written into it by hand. */
const HOSTILE: readonly (readonly [route: string, body: string, code: string])[] = [
  ['author', '{ "id": { "$ne": 0 } }', 'ARGUMENT_INVALID'],
  ['author', '{ "id": [1, 2] }', 'ARGUMENT_INVALID'],
  ['author', '{ "id": 1e300 }', 'ARGUMENT_INVALID'],
  ['author', '{ "id": 99999999999999999999 }', 'ARGUMENT_INVALID'],
  ['author', '{ "id": "1" }', 'ARGUMENT_INVALID'],
  ['author', '{ "id": null }', 'ARGUMENT_INVALID'],
  ['author', '{}', 'ARGUMENT_INVALID'],
  ['author', '{ "id": 1, "column": "$or" }', 'COLUMN_UNKNOWN'],
  ['author', '{ "id": 1, "column": "toString" }', 'COLUMN_UNKNOWN'],
  ['author', '{ "id": 1, "column": "books" }', 'COLUMN_UNKNOWN'],
  ['author', '{ "id": "x", "column": "name" }', 'COLUMN_UNSUITABLE'],
  ['authors', '{ "ids": { "$ne": 0 } }', 'ARGUMENT_INVALID'],
  ['authors', '{ "ids": [1, { "$gt": 0 }] }', 'ARGUMENT_INVALID'],
  ['authors', '{ "ids": "1" }', 'ARGUMENT_INVALID'],
  ['book', '{ "id": "no uuid" }', 'ARGUMENT_INVALID'],
  ['shelf', '{ "id": ["north", { "$ne": 0 }] }', 'ARGUMENT_INVALID'],
  ['shelf', '{ "id": { "room": "north" } }', 'ARGUMENT_INVALID'],
  ['tag', '{ "id": "nul \\u0000" }', 'ARGUMENT_INVALID'],
  ['tag', '{ "id": "half \\ud800" }', 'ARGUMENT_INVALID'],
  ['search', '{ "column": "name", "text": "nul \\u0000" }', 'ARGUMENT_INVALID'],
  ['search', '{ "column": "name", "text": "\\udc00 half" }', 'ARGUMENT_INVALID'],
  ['search', '{ "column": "name", "text": { "$like": "%" } }', 'ARGUMENT_INVALID'],
  ['search', '{ "column": "name", "text": ["x"] }', 'ARGUMENT_INVALID'],
  ['search', '{ "column": "$not", "text": "x" }', 'COLUMN_UNKNOWN'],
  ['search', '{ "column": ["name"], "text": "x" }', 'COLUMN_UNKNOWN'],
  ['range', '{ "limit": "10" }', 'ARGUMENT_INVALID'],
  ['range', '{ "limit": -1 }', 'ARGUMENT_INVALID'],
  ['range', '{ "offset": 0.5 }', 'ARGUMENT_INVALID'],
  ['range', '{ "sortDirection": "asc; drop table authors" }', 'ARGUMENT_INVALID'],
  ['range', '{ "orderCol": "name; drop table authors" }', 'COLUMN_UNKNOWN'],
  ['range', '{ "orderCol": { "name": "asc" } }', 'COLUMN_UNKNOWN'],
  ['page', '{ "after": "x" }', 'CURSOR_INVALID'],
  ['page', '{ "after": { "$ne": "" } }', 'CURSOR_INVALID'],
  ['page', '{ "first": 1e9999 }', 'ARGUMENT_INVALID'],
]

for (const database of DATABASES) {
  t.test(`whatever a client sends (${database})`, async (t) => {
    const statements: string[] = []
    const shared = { entities, debug: ['query' as const], logger: (line: string) => void statements.push(line) }
    const config = database === 'postgresql' ? postgres({ ...shared, clientUrl: await postgresDatabase(t) }) : sqlite({ ...shared, dbName: sqliteFile(t) })
    const app = Fastify()
    t.teardown(async () => await app.close())
    await app.register(sqlassist, { engines: { writer: { config: config as never, default: true }, reader: { config: config as never, readonly: true } } })
    await app.sqlassist.engine().orm.schema.create()
    {
      await using container = app.sqlassist.session()
      await fillLibrary(container.writer)
    }

    type Body = { Body: Readonly<Record<'id' | 'ids' | 'column' | 'text' | 'limit' | 'offset' | 'orderCol' | 'sortDirection' | 'first' | 'after', never>> }
    app.post<Body>('/author', async ({ body, dbSession }) => await Author.getById(dbSession.reader, body.id, body.column))
    app.post<Body>('/authors', async ({ body, dbSession }) => await Author.getByIds(dbSession.reader, body.ids))
    app.post<Body>('/book', async ({ body, dbSession }) => await Book.getById(dbSession.reader, body.id))
    app.post<Body>('/shelf', async ({ body, dbSession }) => await Shelf.getById(dbSession.reader, body.id))
    app.post<Body>('/tag', async ({ body, dbSession }) => await Tag.getById(dbSession.reader, body.id))
    app.post<Body>('/search', async ({ body, dbSession }) => [
      await Author.getByColumnSimilar(dbSession.reader, body.column, body.text),
      await Author.getByColumnLower(dbSession.reader, body.column, body.text, { allowMany: true }),
      await Author.getByColumnExactThenIlike(dbSession.reader, body.column, body.text),
    ])
    app.post<Body>('/range', async ({ body: { limit, offset, orderCol, sortDirection }, dbSession }) => await Author.getRange(dbSession.reader, { limit, offset, orderCol, sortDirection }))
    app.post<Body>('/page', async ({ body: { first, after }, dbSession }) => await Author.getPage(dbSession.reader, { first, after }))
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const send = async (route: string, body: string): Promise<{ status: number; json: { code?: string; message?: string } }> => {
      const response = await fetch(`${url}/${route}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      return { status: response.status, json: (await response.json()) as { code?: string } }
    }

    statements.length = 0
    for (const [route, body, code] of HOSTILE) {
      const { status, json } = await send(route, body)
      t.strictSame([status, json.code], [400, `SQLASSIST_${code}`], `${route} ${body}`)
    }
    t.strictSame(statements.filter((line) => line.includes('select')), [], 'and no statement is run')

    t.strictSame((await send('author', '{ "id": 2 }')).json, (await send('author', '{ "id": "author2@example.org", "column": "email" }')).json)
    t.equal(JSON.stringify((await send('search', '{ "column": "name", "text": "bob_" }')).json).match(/"id"/g)?.length, 1, '_ is a character')
    t.equal((await send('range', '{ "limit": 3 }')).status, 200)
    t.equal((await send('page', '{ "first": 3 }')).status, 200)
  })
}
