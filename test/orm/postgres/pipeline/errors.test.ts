// Statements of many sessions on one connection: each has its own answer, or its own error.
import t from 'tap'
import { postgres } from '../../sessions/fixtures/engines.ts'
import { outcomeOf } from '../fixtures/pool.ts'
import { sharedLab, WHERE } from './fixtures/shared.ts'

const url = (await postgres(t)).config().clientUrl!

t.test('an error stays with its statement', async (t) => {
  const it = await sharedLab(t, url, 1)
  const [pid] = await it.shared()
  await using session = it.open()
  const ask = async (text: string, ...values: unknown[]): Promise<unknown> => await outcomeOf(it.read(session.writer, text, ...values))
  const where = `${WHERE}, $1::int as n`
  const answers = await Promise.all([
    ask(where, 1),
    ask('select $1::int as n', 'seven'),
    ask(where, 2),
    ask('select nothing from author where id = $1', 3),
    ask(where, 3),
    ask('select 1 / $1::int as n', 0),
    ask(where, 4),
    ask('selec $1', 4),
    ask(where, 5),
  ])
  const wanted = [1, '22P02', 2, '42703', 3, '22012', 4, '42601', 5]
  t.match(answers, wanted.map((each) => (typeof each === 'number' ? { result: [{ pid, n: each }] } : { code: each })))
  t.strictSame(await it.shared(), [pid], 'and the connection goes on')
})

t.test('what the values cannot be made of is an error of that statement', async (t) => {
  const it = await sharedLab(t, url, 1)
  await using session = it.open()
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  const [error, beside] = await Promise.all([outcomeOf(it.read(session.writer, 'select $1::json', circle)), it.read(session.writer, 'select $1::int as n', 7)])
  t.match(error, { message: /circular/ })
  t.strictSame(beside, [{ n: 7 }])
})

t.test('the server\'s own limit ends one statement, and none of its neighbours', async (t) => {
  const it = await sharedLab(t, url, 1, { driverOptions: { options: '-c statement_timeout=300' }, pipeline: { slowAfterMs: 60_000 } })
  await using session = it.open()
  const answers = await Promise.all([
    outcomeOf(it.read(session.writer, 'select 1 as n from pg_sleep(600)')),
    it.read(session.writer, 'select 2 as n'),
    it.read(session.writer, 'select 3 as n'),
  ])
  t.match(answers, [{ code: '57014' }, [{ n: 2 }], [{ n: 3 }]])
})

t.test('an autocommit engine shares read-only connections; what writes all the same is asked of the pool', async (t) => {
  const it = await sharedLab(t, url, 1, { readonly: false, autocommit: true })
  await it.admin.query('create table seen (n int); create function note_it(n int) returns int language sql as $$ insert into seen values (n) returning n $$')
  await using session = it.open()
  t.strictSame(await it.read(session.writer, 'select note_it($1) as n', 7), [{ n: 7 }])
  t.strictSame((await it.admin.query('select n from seen')).rows, [{ n: 7 }], 'once')
})
