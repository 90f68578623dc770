// A connection knows why the server has given its transaction up: by the first error, of which all others are only the echo.
import type pg from 'pg'
import t, { type Test } from 'tap'
import { postgres } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { type Lab, lab, nativePool, outcomeOf, type Writer } from './fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!

/** A session in a transaction, and what spoils it, as its connection says. */
async function inTransaction(t: Test): Promise<{ admin: Lab['admin']; writer: Writer; spoiltBy: () => unknown; end: () => Promise<void> }> {
  const it = await lab(t, url, { max: 1 })
  const session = it.open()
  const end = async (): Promise<void> => {
    await session.close({ aborted: true })
    await it.checkAllBack('afterwards')
  }
  let held: (pg.PoolClient & { readonly spoiltBy?: unknown }) | undefined
  ;(await nativePool(session.writer)).on('acquire', (client) => (held = client))
  await session.writer.begin()
  await session.writer.insert(Author, { name: 'must not stay' })
  return { admin: it.admin, writer: session.writer, spoiltBy: () => held!.spoiltBy, end }
}

t.test('the first error, whatever comes after it', async (t) => {
  const { writer, spoiltBy, end } = await inTransaction(t)
  t.equal(spoiltBy(), undefined, 'nothing has failed')
  await writer.execute('select 1/0').catch(() => t.match(spoiltBy(), { code: '22012' }, 'at once'))
  const first = spoiltBy()
  t.match(first, { code: '22012', message: 'division by zero' })
  t.match(await outcomeOf(writer.execute('select 1')), { code: '25P02' })
  t.match(await outcomeOf(writer.execute('this is no SQL')), { code: '42601' })
  t.equal(spoiltBy(), first)
  const error = await outcomeOf(writer.commit())
  t.match(error, { code: 'SQLASSIST_TRANSACTION_ROLLED_BACK' })
  t.equal(error.cause, first)
  t.equal(spoiltBy(), undefined, 'the transaction is over')
  await end()
})

t.test('a transaction that has gone back to a savepoint is fine, until the next error', async (t) => {
  const { writer, spoiltBy, end } = await inTransaction(t)
  await writer.execute('savepoint before')
  await outcomeOf(writer.execute('select 1/0'))
  await outcomeOf(writer.execute('select 1'))
  await writer.execute('rollback to savepoint before')
  t.equal(spoiltBy(), undefined)
  await writer.execute('select 1')
  t.equal(spoiltBy(), undefined)
  await outcomeOf(writer.execute('select nonsense'))
  await outcomeOf(writer.execute('select 1'))
  t.match(spoiltBy(), { code: '42703' })
  t.match(await outcomeOf(writer.commit()), { code: 'SQLASSIST_TRANSACTION_ROLLED_BACK', cause: { code: '42703' } })
  await end()
})

t.test('what fails outside of a transaction spoils none, also not the next one', async (t) => {
  const { writer, spoiltBy, end } = await inTransaction(t)
  await writer.rollback()
  t.match(await outcomeOf(writer.execute('select nonsense')), { code: '42703' })
  t.equal(spoiltBy(), undefined)
  await writer.begin()
  t.equal(spoiltBy(), undefined)
  await outcomeOf(writer.execute('select 1/0'))
  t.match(spoiltBy(), { code: '22012' })
  await writer.rollback()
  t.equal(spoiltBy(), undefined)
  await end()
})

t.test('a stream that fails', async (t) => {
  const { writer, spoiltBy, end } = await inTransaction(t)
  const rows = writer.getConnection().stream('select 1/(2 - n) from generate_series(1, 3) n', [], writer.getTransactionContext())
  t.match(await outcomeOf((async () => { for await (const _ of rows); })()), { code: '22012' })
  await outcomeOf(writer.execute('select 1'))
  t.match(spoiltBy(), { code: '22012' })
  await end()
})

t.test('a deferred constraint that fails at the commit leaves no transaction behind', async (t) => {
  const { admin, writer, spoiltBy, end } = await inTransaction(t)
  await admin.query('create table seat (id int primary key deferrable initially deferred)')
  await writer.execute('insert into seat values (1), (1)')
  t.equal(spoiltBy(), undefined, 'not yet')
  t.match(await outcomeOf(writer.commit()), { code: '23505' })
  await end()
  t.equal(spoiltBy(), undefined)
})
