// What makes a read go the long way: everything that MikroORM does beside the statement.
import { defineEntity, DefaultLogger, p } from '@mikro-orm/core'
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql'
import { createSqlAssist, type EngineOptions, onSqlAssistEvent } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { postgresDatabase } from '../../support/databases.ts'

const BookSchema = defineEntity({ name: 'Book', tableName: 'books', properties: { id: p.integer().primary(), title: p.string() } })
class Book extends BookSchema.class {}
BookSchema.setClass(Book)

const clientUrl = await postgresDatabase(t)
const config = (more: object = {}): NonNullable<EngineOptions['config']> => defineConfig({ clientUrl, entities: [Book], ...more })

const sent: string[] = []
t.teardown(onSqlAssistEvent('sqlassist:query:start', ({ sql }) => void sent.push(sql)))

t.before(async () => {
  await using db = await createSqlAssist({ engines: { setup: { config: config() } } })
  const { orm } = db.engine()
  await orm.schema.create()
  await orm.em.fork().insert(Book, { id: 1, title: 'One' })
})

/** Reads on an engine, after it has connected; to the statements that the work has sent, without those of others. */
async function statements(t: Test, options: Partial<EngineOptions>, work: (em: EntityManager) => Promise<unknown>): Promise<string[]> {
  const db = await createSqlAssist({ engines: { library: { config: config(), preparedStatements: false, ...options } } })
  t.teardown(async () => await db.dispose())
  await using container = db.session()
  const em = container.get('library' as never) as unknown as EntityManager
  await em.fork().findOne(Book, 2)
  sent.length = 0
  await work(em)
  return sent.filter((sql) => sql.includes('books'))
}

const SHORT = 'select "b0".* from "books" as "b0" where "b0"."id" = $1 limit 1'
const LONG = 'select "b0".* from "books" as "b0" where "b0"."id" = 1 limit 1'
const find = async (em: EntityManager): Promise<unknown> => await em.findOne(Book, 1)

t.test('a read by key goes the short way', async (t) => {
  t.strictSame(await statements(t, {}, find), [SHORT])
  t.strictSame(await statements(t, {}, async (em) => await em.transactional(async () => await find(em))), [SHORT], 'in a transaction too')
  t.strictSame(await statements(t, {}, async (em) => [await find(em), await find(em)]), [SHORT], 'what is in memory is not asked for again')
  t.strictSame(await statements(t, { readonly: true }, find), [SHORT])
})

t.test('these are MikroORM\'s', async (t) => {
  t.strictSame(await statements(t, { fastPath: false }, find), [LONG], 'where it is switched off')
  t.strictSame(await statements(t, {}, async (em) => await em.findOne(Book, 1, { refresh: true })), [LONG], 'with options')
  t.strictSame(await statements(t, {}, async (em) => await find(em.fork({ signal: new AbortController().signal }))), [LONG], 'a signal')
  t.strictSame(await statements(t, { config: config({ onQuery: (sql: string) => `${sql} /* mine */` }) }, find), [`${LONG} /* mine */`])
  t.strictSame(await statements(t, { config: config({ onReserveConnection: async () => {} }) }, find), [LONG], 'a hook of kysely')
  t.strictSame(await statements(t, { config: config({ debug: ['query'], logger: () => {} }) }, find), [LONG], 'a log of statements')
  const lines: string[] = []
  class Mine extends DefaultLogger {
    override logQuery(context: Parameters<DefaultLogger['logQuery']>[0]): void {
      lines.push(context.query)
    }
  }
  t.strictSame(await statements(t, { config: config({ loggerFactory: (options: never) => new Mine(options) }) }, find), [LONG], 'a logger')
  t.match(lines.at(-1), /"books"/)
  t.strictSame(await statements(t, { config: config({ resultCache: { global: 1000 } }) }, find), [LONG], 'a cache')
  const filtered = await statements(t, {}, async (em) => {
    em.addFilter({ name: 'none', cond: { title: 'none' }, entity: [Book] })
    t.equal(await find(em), null)
    t.equal(await find(em.fork()), null)
  })
  t.notOk(filtered.some((sql) => sql.includes('$1')), 'filters that were added, to forks as well')
})

t.test('errors are those of MikroORM', async (t) => {
  const kinds: unknown[] = []
  for (const fastPath of [true, false]) {
    await statements(t, { fastPath }, async (em) => {
      await em.execute('alter table books rename to volumes')
      const error = await find(em).then(() => undefined, (thrown: Error & { code?: string }) => thrown)
      await em.execute('alter table volumes rename to books')
      kinds.push([error?.constructor.name, error?.message.replaceAll(/\$1|(?<== )1/g, '?'), error?.code])
    })
  }
  t.strictSame(kinds[0], kinds[1])
  t.match(kinds[0], ['TableNotFoundException', /"books" does not exist/, '42P01'])
})

t.test('fastPath is true or false', async (t) => {
  await t.rejects(createSqlAssist({ engines: { library: { config: config(), fastPath: 'yes' as never } } }), { code: 'SQLASSIST_INVALID_OPTIONS' })
})
