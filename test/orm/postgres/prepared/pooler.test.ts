// Behind a pooler that gives each transaction another backend, what was prepared on one is not there on the next.
import t from 'tap'
import { asSuperuser, serverUrl } from '../../../support/databases.ts'
import { noPgBouncer, pgBouncer } from '../../../support/pgbouncer.ts'
import { errorOf } from '../../engines/library.ts'
import { assist, postgres } from '../../sessions/fixtures/engines.ts'
import { Author } from '../../sessions/fixtures/library.ts'
import { configOf, type Container } from '../fixtures/pool.ts'

const options = noPgBouncer === undefined ? {} : { skip: noPgBouncer }

t.test(`'auto' prepares nothing behind a pooler in transaction mode, and sends its values beside the statements`, options, async (t) => {
  const url = (await postgres(t)).config().clientUrl!
  const db = await assist(t, { writer: { config: configOf(await pgBouncer(t, url, 'transaction'), 4) } })
  const open = (): Container => db.session() as unknown as Container
  await using setup = open()
  await setup.writer.persistAndFlush(['Ada', 'Bea', 'Cleo'].map((name) => new Author(name)))
  const read = async (id: number): Promise<string> => {
    await using session = open()
    return (await session.writer.findOneOrFail(Author, id)).name
  }
  for (let round = 0; round < 5; round++) {
    t.strictSame(await Promise.all([1, 2, 3, 1, 2, 3].map(read)), ['Ada', 'Bea', 'Cleo', 'Ada', 'Bea', 'Cleo'])
  }
  const last = await asSuperuser<{ query: string }>(url, `select query from pg_stat_activity where datname = current_database() and query like '%from "author"%' and pid <> pg_backend_pid()`)
  t.match(last[0], { query: /"id" = \$1/ }, 'values stand beside the statement')
  await using session = open()
  t.strictSame(await session.writer.execute('select name from pg_prepared_statements'), [])
})

t.test('true prepares behind one in session mode, where the application knows that it can', options, async (t) => {
  const url = (await postgres(t)).config().clientUrl!
  const db = await assist(t, { writer: { config: configOf(await pgBouncer(t, url, 'session'), 1), preparedStatements: true } })
  await using session = db.session() as unknown as Container
  for (let round = 0; round < 3; round++) await session.writer.findOne(Author, { name: 'Ada' })
  t.equal((await session.writer.execute('select name from pg_prepared_statements')).length, 1)
})

t.test('a readonly engine sends what a pooler refuses; one that ignores it leads to a role that may not write', options, async (t) => {
  const url = new URL((await postgres(t)).config().clientUrl!)
  const refusing = await assist(t, { reader: { config: configOf(await pgBouncer(t, url.href, 'transaction'), 2), readonly: true } })
  const error = await errorOf(async () => {
    await using session = refusing.session()
    await session.reader.count(Author)
  })
  t.equal(error.code, 'SQLASSIST_DRIVER_UNSUPPORTED')
  t.match(error.message, /Engine 'reader' uses a connection pooler, and that refuses the start-up parameter 'options'.* ignore_startup_parameters = options/)

  const role = url.pathname.slice(1).replace('t_', 'reader_')
  await asSuperuser(url.href, `create role ${role} login superuser password 'reader'; alter role ${role} set default_transaction_read_only = on`)
  t.teardown(async () => await asSuperuser(serverUrl(), `drop role ${role}`))
  Object.assign(url, { username: role, password: 'reader' })
  const db = await assist(t, { reader: { config: configOf(await pgBouncer(t, url.href, 'transaction', 2, 'ignore_startup_parameters = options'), 2), readonly: true } })
  await using session = db.session()
  t.equal(await session.reader.count(Author), 0)
  const pastTheSession = db.engine('reader').orm.driver.getConnection()
  await t.rejects(pastTheSession.execute(`insert into author (name) values ('no')`), /read-only transaction/)
})
