// Prepared statements on connections that are shared: several of the same name are on their way at once.
import t from 'tap'
import { asSuperuser } from '../../../support/databases.ts'
import { postgres } from '../../sessions/fixtures/engines.ts'
import { eventually, outcomeOf } from '../fixtures/pool.ts'
import { sharedLab } from './fixtures/shared.ts'

const url = (await postgres(t)).config().clientUrl!

const names = `select name, generic_plans + custom_plans as used from pg_prepared_statements where statement like 'select * from kept%'`

t.test('a statement that is repeated is prepared once on each connection', async (t) => {
  await asSuperuser(url, 'create table kept (id int primary key, text text); insert into kept select n, n::text from generate_series(1, 100) n')
  const it = await sharedLab(t, url, 1)
  await using session = it.open()
  const ask = async (id: number): Promise<object[]> => await it.read(session.writer, 'select * from kept where id = $1', id)
  const answers = await Promise.all(Array.from({ length: 50 }, async (_, n) => await ask(n + 1)))
  t.strictSame(answers.flat(), Array.from({ length: 50 }, (_, n) => ({ id: n + 1, text: String(n + 1) })))
  t.match(await it.read(session.writer, names), [{ name: /^sa_/, used: '49' }], 'from the second time on')
})

t.test('what was prepared before the columns changed is asked again, of all who were on their way', async (t) => {
  const it = await sharedLab(t, url, 2)
  await using session = it.open()
  const ask = async (id: number): Promise<object[]> => await it.read(session.writer, 'select * from kept where id = $1', id)
  const many = async (): Promise<object[]> => (await Promise.all(Array.from({ length: 20 }, async (_, n) => await ask(n + 1)))).flat()
  for (let times = 0; times < 3; times++) await many()
  const before = it.sharedNow()
  await asSuperuser(url, `alter table kept add column more text default 'more'`)
  t.strictSame(await many(), Array.from({ length: 20 }, (_, n) => ({ id: n + 1, text: String(n + 1), more: 'more' })))
  await eventually(async () => {
    await many()
    return it.sharedNow().length === 2 && it.sharedNow().every((pid) => !before.includes(pid))
  })
  await it.checkAllBack('after the columns have changed')
})

t.test('a statement that cannot be prepared does not spoil those of the same name behind it', async (t) => {
  const it = await sharedLab(t, url, 1)
  await using session = it.open()
  const ask = async (): Promise<unknown> => await outcomeOf(it.read(session.writer, 'select gone from kept where id = $1', 1))
  const codes = (await Promise.all(Array.from({ length: 10 }, ask))).map((error) => (error as { code: string }).code)
  t.strictSame(codes, Array.from({ length: 10 }, () => '42703'), 'each is told what is wrong with it')
  t.strictSame(await it.read(session.writer, 'select text from kept where id = $1', 7), [{ text: '7' }])
})

t.test('with preparedStatements: false nothing is kept', async (t) => {
  const it = await sharedLab(t, url, 1, { preparedStatements: false })
  await using session = it.open()
  for (let times = 0; times < 3; times++) await it.read(session.writer, 'select * from kept where id = $1', 1)
  t.strictSame(await it.read(session.writer, names), [])
})
