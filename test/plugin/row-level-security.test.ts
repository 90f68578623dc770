// Row-level security: a session tells the database whose request it is, on each way that a statement can take, and leaves nothing of it on the connection.
import { defineEntity, p } from '@mikro-orm/core'
import { defineConfig, type SqlEntityManager } from '@mikro-orm/postgresql'
import Fastify, { type FastifyInstance } from 'fastify'
import sqlassist, { type EngineOptions, type SessionInfo } from 'fastify-sqlassist'
import { getById } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { asSuperuser, postgresDatabase } from '../support/databases.ts'

const Note = defineEntity({ name: 'Note', tableName: 'note', properties: { id: p.integer().primary(), tenant: p.string(), text: p.string() } })

const url = await postgresDatabase(t)
const role = `app_${new URL(url).pathname.slice(1)}`
await asSuperuser(url, `
  create role ${role} login password 'app';
  create table note (id serial primary key, tenant text not null, text text not null);
  insert into note (tenant, text) values ('a', 'of a'), ('b', 'of b');
  alter table note enable row level security;
  create policy of_the_tenant on note using (tenant = current_setting('app.tenant', true));
  grant select, insert, update, delete on note to ${role}; grant usage on sequence note_id_seq to ${role};
`)
t.teardown(async () => await asSuperuser(url, `drop owned by ${role}; drop role ${role}`))

/** One connection, so that each request is given the one that the last request has used. */
const config = defineConfig({ clientUrl: Object.assign(new URL(url), { username: role, password: 'app' }).href, entities: [Note], pool: { max: 1 } })

type Way = (em: SqlEntityManager, id: number) => Promise<readonly object[]>

const one = (row: object | null): object[] => (row === null ? [] : [row])

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of stream) found.push(item)
  return found
}

/** Ways to read a note whose number one knows. */
const reads: Record<string, Way> = {
  find: async (em, id) => await em.find(Note, { id }),
  'find by nothing': async (em, id) => (await em.find(Note, {})).filter((note) => note.id === id),
  findOne: async (em, id) => one(await em.findOne(Note, id)),
  getById: async (em, id) => one(await getById(em, Note as never, id as never)),
  count: async (em, id) => Array.from({ length: await em.count(Note, { id }) }, () => ({})),
  'query builder': async (em, id) => await em.createQueryBuilder(Note).select('*').where({ id }).execute<object[]>(),
  SQL: async (em, id) => await em.execute<object[]>('select * from note where id = ?', [id]),
  transactional: async (em, id) => await em.transactional(async (inner) => await inner.find(Note, { id })),
  'a stream in a transaction': async (em, id) => await em.transactional(async (inner) => await all(inner.stream(Note, { where: { id } }))),
  'kysely in a transaction': async (em, id) => await em.transactional(async (inner) => await notes(inner).where('id', '=', id).execute()),
}

const notes = (em: SqlEntityManager) => em.getKysely<{ note: { id: number } }>().selectFrom('note').selectAll()

type Options = Partial<EngineOptions> & { readonly managed?: boolean }

const fork = ({ request }: SessionInfo) => {
  const tenant = request?.headers['x-tenant']
  return tenant === undefined ? {} : { session: { variables: { 'app.tenant': String(tenant) } } }
}

/** Answers `/:way/:id` with how many notes the request sees there. */
async function application(t: Test, { managed = false, ...options }: Options): Promise<FastifyInstance> {
  const app = Fastify()
  t.teardown(async () => await app.close())
  await app.register(sqlassist, { engines: { main: { config, fork, ...options } }, transaction: managed ? 'request' : 'manual' })
  app.get<{ Params: { way: string; id: string } }>('/:way/:id', async ({ params, dbSession }) => (await reads[params.way]!(dbSession.get('main') as unknown as SqlEntityManager, Number(params.id))).length)
  app.get('/setting', async ({ dbSession }) => await (dbSession.get('main') as unknown as SqlEntityManager).execute(`select current_setting('app.tenant', true) as tenant`))
  app.get('/kysely', async ({ dbSession }) => await notes(dbSession.get('main') as unknown as SqlEntityManager).execute())
  app.post<{ Body: { tenant: string } }>('/', async ({ body, dbSession }) => {
    const main = dbSession.get('main') as unknown as SqlEntityManager
    await main.persist(main.create(Note, { tenant: body.tenant, text: 'new' })).flush()
    return 'written'
  })
  return app
}

const kinds: Record<string, Options> = {
  'as it comes': {},
  'in a transaction of the request': { managed: true },
  'readonly, pipelined': { readonly: true, pipeline: true },
  'literals in the text': { preparedStatements: false },
  autocommit: { autocommit: true },
}

const withoutTransactions = Object.entries(reads).filter(([way]) => !/transaction/.test(way)).map(([way]) => way)

for (const [kind, options] of Object.entries(kinds)) {
  t.test(`${kind}: a request sees what is its tenant's, whoever was on the connection before`, async (t) => {
    const app = await application(t, options)
    for (const way of options.autocommit === true ? withoutTransactions : Object.keys(reads)) {
      const seen: string[] = []
      // Twice, because what is read a second time may take a shorter way.
      for (const tenant of ['b', 'a', 'b', 'a', undefined, 'b']) {
        const { body } = await app.inject({ url: encodeURI(`/${way}/2`), headers: tenant === undefined ? {} : { 'x-tenant': tenant } })
        seen.push(body)
      }
      t.strictSame(seen, ['1', '0', '1', '0', '0', '1'], way)
    }
    t.match((await app.inject('/setting')).json(), [{ tenant: /^$/ }], 'nothing of it is left for who says nothing')
  })
}

for (const [kind, options] of Object.entries(kinds)) {
  if (options.readonly === true) continue
  t.test(`${kind}: a request writes what is its tenant's, and nothing else`, async (t) => {
    const app = await application(t, options)
    const write = async (tenant: string, as: string) => await app.inject({ method: 'POST', url: '/', headers: { 'x-tenant': as }, payload: { tenant } })
    t.equal((await write('a', 'a')).body, 'written')
    t.match((await write('b', 'a')).json(), { statusCode: 500, message: /row-level security/ })
    t.equal((await write('b', 'b')).body, 'written')
  })
}

t.test('kysely outside of a transaction says nothing of the tenant, and sees nothing', async (t) => {
  const app = await application(t, {})
  t.strictSame((await app.inject({ url: '/kysely', headers: { 'x-tenant': 'a' } })).json(), [])
  const managed = await application(t, { managed: true })
  t.ok((await managed.inject({ url: '/kysely', headers: { 'x-tenant': 'a' } })).json<{ tenant: string }[]>().every(({ tenant }) => tenant === 'a'))
})

t.test('an engine that writes rows of several requests in one statement does not so with those of two tenants', async (t) => {
  const app = await application(t, { autocommit: true, batch: {} })
  const answers = await Promise.all(['a', 'b', 'a', 'b', 'a'].map(async (as) => await app.inject({ method: 'POST', url: '/', headers: { 'x-tenant': as }, payload: { tenant: 'a' } })))
  t.strictSame(answers.map(({ statusCode }) => statusCode), [200, 500, 200, 500, 200])
})
