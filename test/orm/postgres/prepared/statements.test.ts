// Statements that are repeated are prepared on their connection, so many and no more, and stay right when the database changes under them.
import { getById, onSqlAssistEvent } from 'fastify-sqlassist/orm'
import t from 'tap'
import { postgres } from '../../sessions/fixtures/engines.ts'
import { Author } from '../../sessions/fixtures/library.ts'
import { type Container, eventually, type Lab, lab, outcomeOf } from '../fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!

/** What the server keeps for the connection. */
const preparedOn = async ({ writer }: Container): Promise<{ name: string; statement: string; uses: number }[]> =>
  await writer.execute('select name, statement, (generic_plans + custom_plans)::int as uses from pg_prepared_statements order by prepare_time')

async function find({ writer }: Container, times: number): Promise<void> {
  for (let time = 0; time < times; time++) await writer.find(Author, { name: `nobody ${time}` })
}

/** Another column, of which the statements that are prepared know nothing. */
async function change(it: Lab): Promise<void> {
  await it.admin.query(`alter table author add column "more_${it.lines.length}${Math.floor(performance.now())}" int`)
}

t.test('from the second time on a statement has a name, which is that of its text', async (t) => {
  const it = await lab(t, url, { max: 1 })
  await using session = it.open()
  await find(session, 1)
  t.strictSame(await preparedOn(session), [])
  await find(session, 3)
  const [statement, ...more] = await preparedOn(session)
  t.match(statement, { name: /^sa_[0-9a-f]{24}$/, statement: /from "author" as "a0" where "a0"\."name" = \$1$/, uses: 3 })
  t.strictSame(more, [])
  const other = await lab(t, url, { max: 1 })
  await using second = other.open()
  await find(second, 2)
  t.equal((await preparedOn(second))[0]!.name, statement!.name, 'in every process')
})

t.test('it is asked once where the connections lead', async (t) => {
  const it = await lab(t, url, { max: 3 })
  const asked: boolean[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:start', ({ sql, internal }) => void (sql.includes('pg_backend_pid') && asked.push(internal))))
  await using session = it.open()
  await find(session, 4)
  await Promise.all([1, 2, 3].map(async () => {
    await using another = it.open()
    await another.writer.transactional(async (em) => void (await em.find(Author, { name: 'x' })))
  }))
  t.strictSame(asked, [true])
  await it.db.reinitEngine('writer')
  await find(session, 2)
  t.strictSame(asked, [true, true], 'and again where they were made anew')
})

t.test('with false MikroORM writes its literals', async (t) => {
  const it = await lab(t, url, { max: 1, preparedStatements: false })
  const sent: string[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:start', ({ sql, parameters }) => void (sent.push(sql), t.strictSame(parameters, []))))
  await using session = it.open()
  await find(session, 3)
  t.match(sent.at(-1), /where "a0"\."name" = 'nobody 2'$/)
  t.strictSame(await preparedOn(session), [])
})

t.test('after a change of the table a statement outside of transactions is prepared anew', async (t) => {
  const it = await lab(t, url, { max: 1 })
  await using session = it.open()
  await find(session, 3)
  await session.writer.find(Author, { id: 1 })
  await session.writer.find(Author, { id: 1 })
  await change(it)
  const told: (string | undefined)[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:end', ({ error }) => void told.push((error as Error | undefined)?.message)))
  await find(session, 3)
  t.strictSame(told, [undefined, undefined, undefined])
  t.match(await preparedOn(session), [{ statement: /"name" = \$1/, uses: 3 }])
  await session.writer.find(Author, { id: 1 })
  t.equal((await preparedOn(session)).length, 2)
})

t.test('it is prepared anew also where the engine is made anew while it is on its way', async (t) => {
  const it = await lab(t, url, { max: 1 })
  await it.admin.query(`insert into author (id, name) values (1, 'Ada') on conflict do nothing`)
  for (let time = 0; time < 3; time++) {
    await using before = it.open()
    await getById(before.writer, Author, 1)
  }
  await it.admin.query('begin')
  await change(it)
  await using session = it.open()
  const read = getById(session.writer, Author, 1)
  await eventually(async () => (await it.admin.query(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).rowCount === 1)
  const renewed = it.db.reinitEngine('writer')
  await it.admin.query('commit')
  t.equal((await read)?.id, 1)
  await session.close()
  await renewed
})

t.test('in a transaction the error stands, once; afterwards the statement is prepared anew, on all connections', async (t) => {
  const it = await lab(t, url, { max: 2 })
  const inTransaction = async (): Promise<void> => {
    await using session = it.open()
    await session.writer.transactional(async (em) => void (await em.find(Author, { name: 'Ada' })))
  }
  const both = async (): Promise<unknown> => {
    await using first = it.open()
    return await first.writer.transactional(async (em) => {
      await em.find(Author, { name: 'Ada' })
      return await outcomeOf(inTransaction())
    })
  }
  for (let round = 0; round < 3; round++) await both()
  await change(it)
  t.match(await outcomeOf(inTransaction()), { code: '0A000', message: /cached plan must not change result type/ })
  await inTransaction()
  t.match(await both(), { message: /there was no error/ })
})

t.test('what the application drops is prepared anew', async (t) => {
  const it = await lab(t, url, { max: 1 })
  await using session = it.open()
  for (const drop of ['deallocate all', 'discard all', `do $$ begin execute 'deallocate all'; end $$`, `deallocate sa_unknown`]) {
    await find(session, 3)
    await outcomeOf(session.writer.execute(drop))
    await find(session, 2)
    t.match(await preparedOn(session), [{ statement: /"name" = \$1/ }], drop)
  }
})

t.test('so many are kept on a connection', async (t) => {
  const it = await lab(t, url, { max: 1 })
  await using session = it.open()
  const ask = async (number: number): Promise<void> => void (await session.writer.execute(`select id from author where id = ? and ${number} = ${number}`, [number]))
  for (let number = 0; number < 230; number++) {
    await ask(number)
    await ask(number)
  }
  const kept = await preparedOn(session)
  t.equal(kept.length, 200)
  t.match(kept.at(-1)!.statement, / 229 = 229/)
  await ask(0)
  t.match((await preparedOn(session)).at(-1)!.statement, / 0 = 0/, 'one that had to make room is prepared again')
})

t.test('with comments it is prepared for each of them', async (t) => {
  const it = await lab(t, url, { max: 1, options: { sqlComments: { application: 'shop' } } })
  await using session = it.open()
  await find(session, 3)
  t.match(await preparedOn(session), [{ name: /^sa_[0-9a-f]{24}_[0-9a-f]{12}$/, statement: /\$1 \/\*application='shop',engine='writer'\*\/$/, uses: 2 }])
  await change(it)
  await find(session, 2)
  t.match(await preparedOn(session), [{ uses: 2 }])
})

t.test('where comments vary from request to request it has no name', async (t) => {
  const it = await lab(t, url, { max: 1, options: { sqlComments: { extra: () => ({ at: String(performance.now()) }) } } })
  await using session = it.open()
  await find(session, 3)
  t.strictSame(await preparedOn(session), [])
})
