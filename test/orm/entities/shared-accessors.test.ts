import { defineEntity, MikroORM, p } from '@mikro-orm/core'
import { defineConfig } from '@mikro-orm/sqlite'
import t from 'tap'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import { sqliteFile } from '../../support/databases.ts'

const schema = (name: string) => defineEntity({ name, tableName: 'book', properties: { id: p.integer().primary(), title: p.string(), pages: p.integer().nullable() } })
const library = (Book: ReturnType<typeof schema>, dbName = ':memory:') => defineConfig({ dbName, entities: [Book] })

const accessorsOf = (entity: object, name: string): PropertyDescriptor => Object.getOwnPropertyDescriptor(entity, name)!

t.test('entities share the accessors of their properties, and nothing else', async (t) => {
  const Book = schema('Book')
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: library(Book) } } })
  await sqlassist.engine().orm.schema.create()
  await using session = sqlassist.session()
  const [one, two] = [session.writer.create(Book, { id: 1, title: 'One' }), session.writer.create(Book, { id: 2, title: 'Two', pages: 2 })]
  await session.writer.persistAndFlush([one, two])
  await using reading = sqlassist.session()
  const read = await reading.writer.findOneOrFail(Book, 1)
  const { get, set, enumerable, configurable } = accessorsOf(read, 'title')
  t.equal(get, accessorsOf(one, 'title').get)
  t.equal(set, accessorsOf(two, 'title').set)
  t.same([enumerable, configurable], [true, true])
  t.same([one.title, two.title, read.title, read.pages], ['One', 'Two', 'One', null])
  t.same(JSON.parse(JSON.stringify(read)), { id: 1, title: 'One', pages: null })
  t.same(Object.keys(read), ['id', 'title', 'pages'])

  read.title = 'Changed'
  t.equal(one.title, 'One', 'another entity of the same row')
  await reading.writer.flush()
  await using again = sqlassist.session()
  t.equal((await again.writer.findOneOrFail(Book, 1)).title, 'Changed', 'a change is noticed')
})

t.test('what MikroORM gives an entity is what it was when this was written', async (t) => {
  const Book = schema('PlainBook')
  const orm = await MikroORM.init(library(Book))
  const entities = [1, 2].map((id) => orm.em.fork().create(Book, { id, title: 'One' }))
  t.not(accessorsOf(entities[0]!, 'title').get, accessorsOf(entities[1]!, 'title').get, 'two functions for each: else there is nothing to share any more')
  await orm.close()
})

t.test('an entity class that two MikroORMs know', async (t) => {
  const Book = schema('SharedBook')
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: library(Book, sqliteFile(t)), default: true }, copy: { config: library(Book, sqliteFile(t)) } } })
  await using session = sqlassist.session()
  const [one, two] = [session.writer.create(Book, { id: 1, title: 'One' }), session.copy.create(Book, { id: 1, title: 'Copy' })]
  t.equal(accessorsOf(one, 'title').get, accessorsOf(two, 'title').get)
  t.same([one.title, two.title], ['One', 'Copy'])
})
