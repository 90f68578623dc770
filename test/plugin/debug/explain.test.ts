// The plan of a recorded statement, by its number only: nothing that a browser sends is run, and nothing is written.
import t from 'tap'
import { asSuperuser } from '../../support/databases.ts'
import { statementGate } from '../../support/statement-gate.ts'
import { Book, Note } from '../endings/model.ts'
import { postgres, sqlite, writerOf, type Writer } from '../endings/service.ts'
import { application, Panel } from './fixtures/panel.ts'

t.test('on PostgreSQL', async (t) => {
  const database = await postgres(t)
  const app = await application(t, database, { debug: { explain: true } })
  app.get('/', async (request) => {
    const { writer, reader } = request.dbSession as unknown as { writer: Writer; reader: Writer }
    await reader.find(Book, { title: 'Ulysses' })
    await writer.persistAndFlush(writer.create(Note, { text: 'x' }))
    await writer.getKysely().selectFrom('book' as never).selectAll().where('title' as never, '=', `it's` as never).execute()
    await writer.execute(`with gone as (delete from note returning *) select * from gone`)
    await writer.execute(`select 1; select 2`)
    await writer.execute(`select * from note where text = 'x'; -- the end`)
    await writer.execute(`create table other (id int)`)
    await writer.execute('drop table other')
    await writer.execute(`select 'a;b'`)
    return 'done'
  })
  await app.inject('/')
  const panel = new Panel(app)
  const { id, records } = await panel.last()
  const texts = records.filter(({ explainable }) => explainable).map(({ sql }) => sql.split(/\s/, 1)[0])
  t.strictSame(texts, ['select', 'insert', 'select', 'with', 'select', 'select'])
  const seen = await asSuperuser<{ n: number }>(database.at, 'select count(*)::int as n from note')
  for (const { n, explainable } of records) {
    const answer = await panel.explain(id, n)
    if (explainable) t.match(answer, { status: 200, plan: /cost=/ })
    else t.match(answer, { status: 403, error: { code: 'SQLASSIST_EXPLAIN_REFUSED', message: /no single query or change/ } })
  }
  t.match(await panel.explain(id, records.find(({ sql }) => sql.startsWith('insert'))!.n), { plan: /^Insert on note/ })
  t.strictSame(await asSuperuser(database.at, 'select count(*)::int as n from note'), seen, 'nothing was run')
  t.equal((await panel.requests()).length, 1, 'the panel does not record itself')
  t.match(await panel.explain(id, 999), { status: 404, error: { code: 'SQLASSIST_RECORD_UNKNOWN' } })
  t.match(await panel.explain(999, 1), { status: 404 })
  t.equal((await asSuperuser<{ n: number }>(database.at, `select count(*)::int as n from pg_stat_activity where datname = current_database() and state like '%transaction%'`))[0]!.n, 0)

  await asSuperuser(database.at, 'drop table book cascade')
  t.match(await panel.explain(id, 1), { status: 422, error: { code: '42P01', message: /relation "book" does not exist/ } })
})

t.test('a server that does not answer is not waited for without an end', async (t) => {
  const database = await postgres(t)
  const gate = await statementGate(t, database.at)
  const app = await application(t, { ...database, at: gate.through(database.at) }, { debug: { explain: true } })
  app.get('/', async (request) => await writerOf(request).count(Note))
  await app.inject('/')
  const panel = new Panel(app)
  const { id } = await panel.last()
  const held = gate.stopAt({ text: 'explain ' })
  const answer = panel.explain(id, 1)
  await held
  t.match(await answer, { status: 403, error: { code: 'SQLASSIST_EXPLAIN_REFUSED', message: /did not answer within/ } })
  gate.open()
})

t.test('while all connections are taken, and the table is locked', async (t) => {
  const database = await postgres(t)
  const app = await application(t, database, { debug: { explain: true } })
  app.get('/', async (request) => await writerOf(request).count(Note))
  await app.inject('/')
  const panel = new Panel(app)
  const { id } = await panel.last()
  const holders = await Promise.all([1, 2, 3].map(async () => {
    const em = app.sqlassist.engine('writer').orm.em.fork() as unknown as Writer
    await em.begin()
    await em.execute('select 1')
    return em
  }))
  t.match(await panel.explain(id, 1), { status: 200 }, 'it does not wait for the pool')
  await holders[0]!.execute('lock table note in access exclusive mode')
  t.match(await panel.explain(id, 1), { status: 422, error: { code: '55P03' } }, 'it does not wait for ever')
  for (const em of holders) await em.rollback()
})

t.test('on SQLite', async (t) => {
  const app = await application(t, await sqlite(t), { debug: { explain: ['writer'] } })
  app.get('/', async (request) => {
    const { writer, reader } = request.dbSession as unknown as { writer: Writer; reader: Writer }
    await writer.find(Book, { id: 1 })
    await reader.find(Book, {})
    await writer.persistAndFlush(writer.create(Note, { text: `it's` }))
    return 'done'
  })
  await app.inject('/')
  const panel = new Panel(app)
  const { id, records } = await panel.last()
  t.match(await panel.explain(id, 1), { status: 200, plan: /SEARCH b0 USING INTEGER PRIMARY KEY/ })
  t.match(records[1], { engine: 'reader', explainable: false })
  t.match(await panel.explain(id, 2), { status: 403, error: { message: /does not allow it for engine 'reader'/ } })
  const insert = records.find(({ sql }) => sql.startsWith('insert'))!
  t.equal((await panel.explain(id, insert.n)).status, 200)
  const em = app.sqlassist.engine('writer').orm.em.fork()
  t.equal(await em.count(Note), 1)
})

t.test('nowhere, unless it was allowed', async (t) => {
  const app = await application(t, await sqlite(t))
  app.get('/', async (request) => await writerOf(request).count(Note))
  await app.inject('/')
  const panel = new Panel(app)
  const { id, records } = await panel.last()
  t.equal(records[0]!.explainable, false)
  t.match(await panel.explain(id, 1), { status: 403, error: { code: 'SQLASSIST_EXPLAIN_REFUSED' } })
  t.match(await panel.info(), { explain: false })
})
