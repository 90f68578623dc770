// What docs/deploying.md says of PgBouncer in transaction mode, tried on a real one.
import { defineEntity, p } from '@mikro-orm/core'
import { defineConfig, type SqlEntityManager } from '@mikro-orm/postgresql'
import { createSqlAssist, type EngineOptions, type SqlAssist } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { asSuperuser, postgresDatabase } from '../support/databases.ts'
import { noPgBouncer, pgBouncer } from '../support/pgbouncer.ts'

const options = noPgBouncer === undefined ? {} : { skip: noPgBouncer }
const Note = defineEntity({ name: 'Note', tableName: 'note', properties: { id: p.integer().primary(), text: p.string() } })

/** A database with three notes, and its address through the pooler, which has two connections to it. */
async function pooled(t: Test): Promise<{ readonly url: string; readonly through: string }> {
  const url = await postgresDatabase(t)
  await asSuperuser(url, `create table note (id serial primary key, text text not null); insert into note (text) values ('a'), ('b'), ('c')`)
  return { url, through: await pgBouncer(t, url, 'transaction') }
}

const configOf = (clientUrl: string) => defineConfig({ clientUrl, entities: [Note], pool: { max: 4 } })

const whose = (info: object) => ({ session: { variables: { 'app.tenant': (info as { tenant: string }).tenant } } })

async function assist(t: Test, clientUrl: string, engines: Record<string, Partial<EngineOptions>>): Promise<SqlAssist> {
  const config = configOf(clientUrl)
  const db = await createSqlAssist({ engines: Object.fromEntries(Object.entries(engines).map(([name, given]) => [name, { config, ...given }])) })
  t.teardown(async () => await db.dispose())
  return db
}

async function within<T>(db: SqlAssist, engine: string, work: (em: SqlEntityManager) => Promise<T>): Promise<T> {
  await using session = db.session()
  return await work(session.get(engine) as unknown as SqlEntityManager)
}

t.test('sessions, batches and pipelined reads of many at once', options, async (t) => {
  const { url, through } = await pooled(t)
  const db = await assist(t, through, { writer: {}, log: { autocommit: true, batch: {}, pipeline: true } })
  const many = Array.from({ length: 20 }, (_, i) => i)
  await Promise.all(many.map(async (i) => await within(db, 'log', async (em) => await em.persist(em.create(Note, { text: `line ${i}` })).flush())))
  for (const engine of ['writer', 'log']) {
    const read = await Promise.all(many.map(async (i) => await within(db, engine, async (em) => (await em.findOneOrFail(Note, (i % 3) + 1)).text)))
    t.strictSame(read, many.map((i) => 'abc'[i % 3]), engine)
  }
  await Promise.all(many.map(async (i) => await db.transaction((session) => void (session.get('writer') as unknown as SqlEntityManager).create(Note, { text: `whole ${i}` }))))
  t.match(await asSuperuser(url, 'select count(*)::int from note'), [{ count: 43 }])
})

t.test('a statement that takes too long is stopped, and a health check answers', options, async (t) => {
  const { url, through } = await pooled(t)
  const db = await assist(t, through, { writer: { limits: { statementTimeoutMs: 200 } } })
  await t.rejects(within(db, 'writer', async (em) => await em.execute('select pg_sleep(60)')), { code: 'SQLASSIST_STATEMENT_TIMEOUT' })
  t.match(await asSuperuser(url, `select count(*)::int from pg_stat_activity where query like '%pg_sleep(60)' and state = 'active'`), [{ count: 0 }])
  t.match(await db.check(), { ok: true })
})

t.test('two databases are committed in two phases', options, async (t) => {
  const [one, two] = [await pooled(t), await pooled(t)]
  await using db = await createSqlAssist({ engines: { one: { config: configOf(one.through), twoPhase: true }, two: { config: configOf(two.through), twoPhase: true } } })
  await db.transaction((session) => {
    session.one.create(Note, { text: 'both' })
    session.two.create(Note, { text: 'both' })
  }, { twoPhase: true })
  for (const { url } of [one, two]) t.match(await asSuperuser(url, `select count(*)::int from note where text = 'both'`), [{ count: 1 }])
})

t.test('settings of row-level security end with their transaction, and nobody finds them', options, async (t) => {
  const { through } = await pooled(t)
  const db = await assist(t, through, { writer: { fork: whose }, other: {} })
  const ask = async (engine: string, tenant: string): Promise<unknown> => {
    await using session = db.session({ info: { tenant } as object })
    const [found] = await (session.get(engine) as unknown as SqlEntityManager).execute<{ tenant: string | null }[]>(`select current_setting('app.tenant', true) as tenant`)
    return found?.tenant ?? ''
  }
  const asked = Array.from({ length: 30 }, (_, i) => (i % 3 === 2 ? (['other', ''] as const) : (['writer', `tenant ${i}`] as const)))
  t.strictSame(await Promise.all(asked.map(async ([engine, tenant]) => await ask(engine, tenant))), asked.map(([, tenant]) => tenant))
})

const write = async (em: SqlEntityManager): Promise<unknown> => await em.execute(`insert into note (text) values ('past the session')`)

t.test('a readonly engine is refused, until the pooler ignores what makes it so; then only its role does', options, async (t) => {
  const { url, through } = await pooled(t)
  const refused = await assist(t, through, { reader: { readonly: true } })
  await t.rejects(within(refused, 'reader', async (em) => await em.count(Note)), { code: 'SQLASSIST_DRIVER_UNSUPPORTED', message: /ignore_startup_parameters = options/ })

  const ignoring = 'ignore_startup_parameters = options'
  const unguarded = await assist(t, await pgBouncer(t, url, 'transaction', 2, ignoring), { reader: { readonly: true } })
  t.equal(await within(unguarded, 'reader', async (em) => await em.count(Note)), 3)
  await within(unguarded, 'reader', write)
  t.match(await asSuperuser(url, 'select count(*)::int from note'), [{ count: 4 }], 'nobody has stopped it')

  const role = `reader_${new URL(url).pathname.slice(1)}`
  await asSuperuser(url, `create role ${role} login password 'reader'; alter role ${role} set default_transaction_read_only = on; grant select, insert on note to ${role}; grant usage on sequence note_id_seq to ${role}`)
  t.teardown(async () => await asSuperuser(url, `drop owned by ${role}; drop role ${role}`))
  const asRole = Object.assign(new URL(url), { username: role, password: 'reader' }).href
  const guarded = await assist(t, await pgBouncer(t, asRole, 'transaction', 2, ignoring), { reader: { readonly: true } })
  await t.rejects(within(guarded, 'reader', write), { code: 'SQLASSIST_READONLY_ENGINE' })
})
