// The same classes on PostgreSQL and on SQLite: an entity answers with the metadata and the platform of its own database.
import { MikroORM, wrap } from '@mikro-orm/core'
import { PostgreSqlDriver } from '@mikro-orm/postgresql'
import { SqliteDriver } from '@mikro-orm/sqlite'
import t from 'tap'
import { createSqlAssist, sqlAssistConfig, type SqlAssist } from 'fastify-sqlassist/orm'
import { postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { Address, Author, Book, Contact, entities, Shelf } from './battery/model.ts'
import { Statements } from './battery/statements.ts'
import type { SqlSession } from './library.ts'

t.setTimeout(300_000)

type Name = 'postgres' | 'sqlite'

interface Test {
  teardown(fn: () => unknown): unknown
}

async function configs(t: Test) {
  const statements = { postgres: new Statements(), sqlite: new Statements() }
  return {
    statements,
    postgres: { driver: PostgreSqlDriver, clientUrl: await postgresDatabase(t), entities, loggerFactory: statements.postgres.loggerFactory },
    sqlite: { driver: SqliteDriver, dbName: sqliteFile(t), entities, loggerFactory: statements.sqlite.loggerFactory },
  }
}

/** Sessions of both databases, with their schemas made; every call of `open` opens another container. */
async function prepare(t: Test, db: Pick<SqlAssist, 'session' | 'engine' | 'dispose'>) {
  t.teardown(async () => await db.dispose())
  for (const name of ['postgres', 'sqlite']) await db.engine(name).orm.schema.create()
  return (): Record<Name, SqlSession> & { close(): Promise<void> } => db.session() as never
}

const prefix = { postgres: 'pg', sqlite: 'sqlite' } as const
const platform = { postgres: 'PostgreSql', sqlite: 'Sqlite' } as const

for (const order of [['postgres', 'sqlite'], ['sqlite', 'postgres']] as const) {
  t.test(`engines in the order ${order.join(', ')}`, async (t) => {
    const config = await configs(t)
    const open = await prepare(t, await createSqlAssist({ engines: order.map((name) => [name, { config: config[name] }] as const) }))
    const [from, to] = order
    const raw = async (name: Name, sql: string): Promise<unknown[]> => {
      const container = open()
      try {
        return await container[name].execute(sql)
      } finally {
        await container.close()
      }
    }
    for (const name of order) {
      const container = open()
      const author = container[name].create(Author, {
        name: 'Ada', settings: { theme: 'dark', fonts: ['serif'] }, address: { street: 'High Street', city: 'London', rent: 100 }, contact: { mail: 'a@l.org', fee: 5 },
      })
      container[name].create(Book, { title: 'Numbers', author, shelf: { mark: 'A-1' }, price: 1250 })
      await container[name].flush()
      await container.close()
    }

    await t.test('an entity of one database is adopted by the other, which gets the changes and nothing else', async (t) => {
      const request = open()
      const book = await request[from].findOneOrFail(Book, 1, { populate: ['author', 'shelf'] })
      const author = book.author!.unwrap()
      book.title = 'Changed'
      author.settings!.theme = 'light'
      delete author.contact!.fee
      await request.close()

      const other = open()
      const em = other[to]
      em.persist(book)
      t.equal(wrap(book.shelf!, true).__em, em, 'with what is loaded around it')
      t.match(JSON.stringify(book), `A-1 in ${platform[to]}`)
      config.statements[to].take()
      await em.flush()
      const updates = config.statements[to].take().map((sql) => sql.replaceAll(/["`]/g, '')).filter((sql) => sql.startsWith('update')).toSorted()
      t.match(updates, [/^update author set contact = .*settings = |^update author set settings = .*contact = /, /^update book set title = /])
      t.equal(updates.length, 2)
      t.notMatch(updates.join(), /address|price|shelf|name/, 'what was not changed is not written')
      t.match(await raw(to, 'select title, price, shelf_mark from book'), [{ title: 'Changed', price: '12.50', shelf_mark: `${prefix[to]}:A-1` }])

      book.title = 'Later'
      book.shelf!.capacity = 7
      author.address!.rent = 300
      await em.flush()
      t.match(await raw(to, 'select title from book'), [{ title: 'Later' }])
      t.match(await raw(to, 'select capacity from shelf'), [{ capacity: 7 }])
      t.match(await raw(to, 'select address_rent from author'), [{ address_rent: '3.00' }])
      t.match(await raw(from, 'select title from book'), [{ title: 'Numbers' }], 'the database that it came from is not touched')
      await other.close()
    })

    await t.test('merge() hands over from one database to the other', async (t) => {
      const container = open()
      const shelf = await container[from].findOneOrFail(Shelf, 'A-1')
      shelf.capacity = 9
      container[to].merge(shelf)
      t.equal(container[to].getReference(Shelf, 'A-1'), shelf, 'found under the key of its new database')
      await container[from].flush()
      await container[to].flush()
      t.match(await raw(from, 'select capacity from shelf'), [{ capacity: 0 }])
      t.match(await raw(to, 'select capacity from shelf'), [{ capacity: 9 }])
      await container.close()
    })

    await t.test('a new entity that was made by one session is persisted by the other', async (t) => {
      const container = open()
      const shelf = container[to].create(Shelf, { mark: 'B-2' }, { persist: false })
      const author = Object.assign(new Author(), { name: 'New', address: Object.assign(new Address(), { street: 's', city: 'c', rent: 1 }) })
      author.contact = Object.assign(new Contact(), { mail: 'm' })
      const book = container[to].create(Book, { title: 'New', shelf, author }, { persist: false })
      await container[from].persistAndFlush(book)
      t.match(await raw(from, `select mark from shelf where mark like '%B-2'`), [{ mark: `${prefix[from]}:B-2` }])
      t.match(JSON.stringify(book), `B-2 in ${platform[from]}`)
      t.match(JSON.stringify(author), `0.01 from ${platform[from]}`)
      await container[to].upsert(Object.assign(new Shelf(), { mark: 'C-3' }))
      t.match(await raw(to, `select mark from shelf where mark like '%C-3'`), [{ mark: `${prefix[to]}:C-3` }])
      await container.close()
    })

    await t.test('upsert() takes a free entity from one database to the other', async (t) => {
      const request = open()
      const shelf = await request[from].findOneOrFail(Shelf, 'B-2')
      await request.close()
      const container = open()
      await container[to].upsert(shelf)
      t.equal(container[to].getReference(Shelf, 'B-2'), shelf)
      shelf.capacity = 3
      await container[to].flush()
      t.match(await raw(to, `select mark, capacity from shelf where mark like '%B-2'`), [{ mark: `${prefix[to]}:B-2`, capacity: 3 }])
      await container.close()
    })
  })

  t.test(`the application's own MikroORM instances, initialised in the order ${order.join(', ')}`, async (t) => {
    const config = await configs(t)
    const orms = new Map<Name, MikroORM>()
    for (const name of order) orms.set(name, await MikroORM.init(sqlAssistConfig(name, config[name] as never)))
    for (const orm of orms.values()) t.teardown(async () => await orm.close(true))
    const engines = { postgres: { orm: orms.get('postgres')! }, sqlite: { orm: orms.get('sqlite')! } }
    const open = await prepare(t, (await createSqlAssist({ engines })) as unknown as SqlAssist)
    const container = open()
    for (const name of order) container[name].create(Shelf, { mark: 'A-1' })
    for (const name of order) await container[name].flush()
    for (const name of order) {
      const shelf = await container[name].fork().findOneOrFail(Shelf, 'A-1')
      t.match(JSON.stringify(shelf), `A-1 in ${platform[name]}`)
      t.match(await container[name].execute('select mark from shelf'), [{ mark: `${prefix[name]}:A-1` }])
    }
    await container.close()
  })

  t.test(`discovery at first use, in the order ${order.join(', ')}`, async (t) => {
    const config = await configs(t)
    const db = await createSqlAssist({ engines: { postgres: { config: config.postgres }, sqlite: { config: config.sqlite } }, discovery: 'deferred' })
    t.teardown(async () => await db.dispose())
    const container = db.session() as unknown as Record<Name, SqlSession>
    const shelves = new Map<Name, Shelf>()
    for (const name of order) {
      await db.engine(name).orm.schema.create()
      const shelf = container[name].create(Shelf, { mark: 'A-1' })
      await container[name].flush()
      shelves.set(name, shelf)
    }
    for (const [name, shelf] of shelves) {
      shelf.capacity = 4
      await container[name].flush()
      t.match(await container[name].execute('select mark, capacity from shelf'), [{ mark: `${prefix[name]}:A-1`, capacity: 4 }])
      t.match(JSON.stringify(shelf), `A-1 in ${platform[name]}`)
    }
  })
}

t.test('an entity can be serialized when its engines are gone', async (t) => {
  const config = await configs(t)
  const db = await createSqlAssist({ engines: { postgres: { config: config.postgres }, sqlite: { config: config.sqlite } } })
  const made: [Name, Shelf][] = []
  for (const name of ['postgres', 'sqlite'] as const) {
    await db.engine(name).orm.schema.create()
    await using container = db.session()
    const shelf = container[name].create(Shelf, { mark: 'A-1' })
    await container[name].flush()
    made.push([name, shelf])
  }
  await db.dispose()
  for (const [name, shelf] of made) t.match(JSON.parse(JSON.stringify(shelf)), { mark: `A-1 in ${platform[name]}`, capacity: 0 })
})
