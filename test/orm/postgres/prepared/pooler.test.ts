// Behind a pooler that gives each transaction another backend, what was prepared on one is not there on the next.
import t from 'tap'
import { noPgBouncer, pgBouncer } from '../../../support/pgbouncer.ts'
import { postgres } from '../../sessions/fixtures/engines.ts'
import { Author } from '../../sessions/fixtures/library.ts'
import { lab } from '../fixtures/pool.ts'

const options = noPgBouncer === undefined ? {} : { skip: noPgBouncer }

t.test(`'auto' prepares nothing behind a pooler in transaction mode, and sends its values beside the statements`, options, async (t) => {
  const url = (await postgres(t)).config().clientUrl!
  const it = await lab(t, url, { through: await pgBouncer(t, url, 'transaction'), max: 4 })
  await using setup = it.open()
  await setup.writer.persistAndFlush(['Ada', 'Bea', 'Cleo'].map((name) => new Author(name)))
  const read = async (id: number): Promise<string> => {
    await using session = it.open()
    return (await session.writer.findOneOrFail(Author, id)).name
  }
  for (let round = 0; round < 5; round++) {
    t.strictSame(await Promise.all([1, 2, 3, 1, 2, 3].map(read)), ['Ada', 'Bea', 'Cleo', 'Ada', 'Bea', 'Cleo'])
  }
  const { rows } = await it.admin.query(`select count(*)::int as named from pg_stat_activity where datname = current_database() and query like '%"author"%$1%'`)
  t.ok(rows[0].named > 0, 'values stand beside the statement')
  await using session = it.open()
  t.strictSame(await session.writer.execute('select name from pg_prepared_statements'), [])
})

t.test('true prepares behind one in session mode, where the application knows that it can', options, async (t) => {
  const url = (await postgres(t)).config().clientUrl!
  const it = await lab(t, url, { through: await pgBouncer(t, url, 'session'), max: 1, preparedStatements: true })
  await using session = it.open()
  for (let round = 0; round < 3; round++) await session.writer.findOne(Author, { name: 'Ada' })
  t.equal((await session.writer.execute('select name from pg_prepared_statements')).length, 1)
})
