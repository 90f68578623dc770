// A class that an engine was not given: every way in names the class and the engine, where MikroORM answers with a TypeError.
import { LockMode, wrap } from '@mikro-orm/core'
import { defineEntity, p } from '@mikro-orm/core'
import { SqliteDriver } from '@mikro-orm/sqlite'
import t from 'tap'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import { sqliteFile } from '../../support/databases.ts'
import { Author, Book, type SqlSession, Stranger, Tag } from './library.ts'

const StrangeSchema = defineEntity({ name: 'StrangeSchema', properties: { id: p.integer().primary() } })

/** The engine `logger` knows Stranger, the engine `writer` does not. */
async function open(t: { teardown(fn: () => unknown): unknown }) {
  const database = (): object => ({ driver: SqliteDriver, dbName: sqliteFile(t) })
  const db = await createSqlAssist({
    engines: { writer: { config: { ...database(), entities: [Author, Book, Tag] } }, logger: { config: { ...database(), entities: [Stranger] } } },
  })
  t.teardown(async () => await db.dispose())
  await db.engine('logger').orm.schema.create()
  const container = db.session()
  t.teardown(async () => await container.close())
  return { writer: container.writer as unknown as SqlSession, logger: container.logger as unknown as SqlSession }
}

type Use = (em: SqlSession, name: typeof Stranger) => unknown

const byName: Record<string, Use> = {
  find: (em, name) => em.find(name, {}),
  findOne: (em, name) => em.findOne(name, { id: 1 }),
  findOneOrFail: (em, name) => em.findOneOrFail(name, 1),
  findAndCount: (em, name) => em.findAndCount(name, {}),
  findAll: (em, name) => em.findAll(name),
  findByCursor: (em, name) => em.findByCursor(name, { first: 1, orderBy: { id: 'asc' } }),
  stream: (em, name) => em.stream(name).next(),
  count: (em, name) => em.count(name),
  countBy: (em, name) => em.countBy(name, 'name'),
  create: (em, name) => em.create(name, { name: 'x' }),
  map: (em, name) => em.map(name, { id: 1 }),
  merge: (em, name) => em.merge(name, { id: 1 }),
  getReference: (em, name) => em.getReference(name, 1),
  getRepository: (em, name) => em.getRepository(name),
  repo: (em, name) => em.repo(name),
  canPopulate: (em, name) => em.canPopulate(name, 'x'),
  createQueryBuilder: (em, name) => em.createQueryBuilder(name),
  qb: (em, name) => em.qb(name),
  insert: (em, name) => em.insert(name, { name: 'x' }),
  insertMany: (em, name) => em.insertMany(name, [{ name: 'x' }]),
  upsert: (em, name) => em.upsert(name, { id: 1, name: 'x' }),
  upsertMany: (em, name) => em.upsertMany(name, [{ id: 1, name: 'x' }]),
  nativeUpdate: (em, name) => em.nativeUpdate(name, { id: 1 }, { name: 'x' }),
  nativeDelete: (em, name) => em.nativeDelete(name, { id: 1 }),
  clone: (em, name) => em.clone(name, { id: 1 }),
}

const byEntity: Record<string, (em: SqlSession, stranger: Stranger) => unknown> = {
  persist: (em, stranger) => em.persist(stranger),
  'persist several': (em, stranger) => em.persist([em.create(Tag, { name: 'known' }, { persist: false }), stranger]),
  'persist a reference': (em, stranger) => em.persist(wrap(stranger).toReference()),
  persistAndFlush: (em, stranger) => em.persistAndFlush(stranger),
  remove: (em, stranger) => em.remove(stranger),
  removeAndFlush: (em, stranger) => em.removeAndFlush(stranger),
  assign: (em, stranger) => em.assign(stranger, { name: 'x' }),
  merge: (em, stranger) => em.merge(stranger),
  refresh: (em, stranger) => em.refresh(stranger),
  refreshOrFail: (em, stranger) => em.refreshOrFail(stranger),
  lock: (em, stranger) => em.lock(stranger, LockMode.NONE),
  populate: (em, stranger) => em.populate([stranger], []),
  insert: (em, stranger) => em.insert(stranger),
  insertMany: (em, stranger) => em.insertMany([stranger]),
  upsert: (em, stranger) => em.upsert(stranger),
  upsertMany: (em, stranger) => em.upsertMany([stranger]),
  clone: (em, stranger) => em.clone(stranger),
}

const unknown = (entity: string) => ({
  code: 'SQLASSIST_ENTITY_UNKNOWN',
  statusCode: 500,
  message: new RegExp(`^Engine 'writer' does not know the entity ${entity}\\. Add it to the 'entities' of that engine`),
})

t.test('by class, by name and by schema', async (t) => {
  const { writer } = await open(t)
  for (const [method, use] of Object.entries(byName)) {
    await t.rejects(async () => await use(writer, Stranger), unknown('Stranger'), `${method} by class`)
    await t.rejects(async () => await use(writer, 'Stranger' as never), unknown('Stranger'), `${method} by name`)
    await t.rejects(async () => await use(writer, StrangeSchema as never), unknown('StrangeSchema'), `${method} by schema`)
  }
})

t.test('by entity', async (t) => {
  const { writer, logger } = await open(t)
  const stranger = logger.create(Stranger, { name: 'x' })
  await logger.flush()
  for (const [method, use] of Object.entries(byEntity)) await t.rejects(async () => await use(writer, stranger), unknown('Stranger'), method)
  t.equal((await logger.findOneOrFail(Stranger, stranger.id, { refresh: true })).name, 'x')
})

t.test('by an object of a class that no engine at all knows', async (t) => {
  const { writer } = await open(t)
  class Nobody {
    name = 'x'
  }
  for (const method of ['persist', 'remove', 'insert', 'upsert', 'merge', 'refresh', 'assign'] as const) {
    await t.rejects(async () => await (writer[method] as (subject: object, data?: object) => unknown)(new Nobody()), unknown('Nobody'), method)
  }
})

t.test('in a fork and in a transaction as well', async (t) => {
  const { writer } = await open(t)
  await t.rejects(writer.fork().find(Stranger, {}), unknown('Stranger'))
  await t.rejects(writer.transactional(async (tx) => await tx.find(Stranger, {})), unknown('Stranger'))
  await t.rejects(writer.transactional(async () => await writer.count(Stranger)), unknown('Stranger'))
})

t.test('a class that the engine does know passes, by its name and by its schema too', async (t) => {
  const { writer, logger } = await open(t)
  t.strictSame(await logger.find('Stranger' as never, {}), [])
  t.ok(writer.getRepository(Author))
  t.ok(writer.createQueryBuilder(writer.createQueryBuilder(Author).select('*') as never, 'a'), 'a query builder as a subquery')
})
