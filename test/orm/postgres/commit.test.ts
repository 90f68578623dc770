// A COMMIT that the server answers by a rollback, because a statement had failed and the error was swallowed, is an error: whoever sends it.
import type { EventArgs } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/postgresql'
import { CompiledQuery } from 'kysely'
import t from 'tap'
import { postgres } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { type Lab, lab, nativePool, outcomeOf, type Writer } from './fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!

/** Work that fails in a way that its caller does not want to know. */
async function failUnnoticed(em: SqlEntityManager): Promise<void> {
  await em.insert(Author, { name: 'must not stay' })
  await em.execute('select 1/0').catch(() => {})
}

const FAILING = 'an author after whom a query fails'

/** A subscriber of the application. */
const failing = {
  async afterCreate({ em, entity }: EventArgs<Author>): Promise<void> {
    if (entity.name === FAILING) await (em as SqlEntityManager).execute('select 1/0').catch(() => {})
  },
}

interface Tables {
  author: { id: number; name: string }
}

const rolledBack = {
  code: 'SQLASSIST_TRANSACTION_ROLLED_BACK',
  statusCode: 500,
  message: /engine 'writer' answered COMMIT by a rollback: nothing of the transaction was saved/,
  cause: { code: '22012', message: 'division by zero' },
}

/** Everything that commits, in a transaction that has failed. */
const committers: Record<string, (writer: Writer) => Promise<unknown>> = {
  'begin() and commit()': async (writer) => {
    await writer.begin()
    await failUnnoticed(writer)
    await writer.commit()
  },
  'begin() and commit(), which flushes': async (writer) => {
    await writer.begin()
    await writer.execute('select 1/0').catch(() => {})
    await writer.commit()
  },
  'transactional()': async (writer) => await writer.transactional(failUnnoticed),
  'transactional() with an isolation level': async (writer) => await writer.transactional(failUnnoticed, { isolationLevel: 'serializable' as never }),
  'a flush, in a hook of which a query fails': async (writer) => {
    writer.create(Author, { name: FAILING, books: [] })
    await writer.flush()
  },
  'a transaction of kysely': async (writer) => await writer.getKysely<Tables>().transaction().execute(async (trx) => {
    await trx.insertInto('author').values({ name: 'must not stay' } as never).execute()
    await trx.executeQuery(CompiledQuery.raw('select 1/0')).catch(() => {})
  }),
  'a controlled transaction of kysely': async (writer) => {
    const trx = await writer.getKysely<Tables>().startTransaction().execute()
    await trx.executeQuery(CompiledQuery.raw('select 1/0')).catch(() => {})
    await trx.commit().execute()
  },
  'a connection of the driver': async (writer) => await (writer.getConnection() as unknown as { transactional(cb: (trx: never) => Promise<void>): Promise<void> }).transactional(async (trx) => {
    await writer.getConnection().execute('select 1/0', [], 'all', trx).catch(() => {})
  }),
}

/** What ends a transaction in raw SQL, all of them the server's ways to say COMMIT. */
const commits = [
  'commit', 'COMMIT', 'Commit;', ' \n\tcommit', 'commit work', 'commit transaction', 'end', 'end transaction', 'commit and chain', 'commit and no chain',
  '-- save it\ncommit', '-- rollback\ncommit', '/* save it */ commit', '/* rollback */commit', '/* a *//* b */ -- c\n end', ';commit', '; ; commit;', 'commit -- done', 'commit; -- done',
  'commit; select 1', 'commit; begin; select 1', 'commit; rollback', '/* a /* nested rollback */ one */ commit', `commit; select 'rollback'`, `commit; select $$; rollback$$ as "abort"`, `commit; select E'\\'; rollback'`,
  'commit; select 1 -- rollback', 'rollback to savepoint before; select 1/0; commit',
]

async function nothingStays(it: Lab): Promise<boolean> {
  const { rows } = await it.admin.query('select * from author')
  return rows.length === 0
}

for (const [committer, commit] of Object.entries(committers)) {
  t.test(committer, async (t) => {
    const it = await lab(t, url, { hooks: { subscribers: [failing] } })
    for (let round = 0; round < 3; round++) {
      await using session = it.open()
      t.match(await outcomeOf(commit(session.writer)), rolledBack)
      t.ok(await nothingStays(it))
      await session.close({ aborted: true })
    }
    await it.checkAllBack('afterwards')
  })
}

t.test('raw SQL', async (t) => {
  const it = await lab(t, url)
  for (const commit of commits) {
    await using session = it.open()
    await session.writer.begin()
    await session.writer.execute('savepoint before')
    await failUnnoticed(session.writer)
    const error = await outcomeOf(session.writer.execute(commit))
    if (commit.startsWith('rollback to')) t.match(error, { code: '22012' }, 'what comes before the commit is not hidden by it')
    else t.match(error, rolledBack, JSON.stringify(commit))
    t.ok(await nothingStays(it))
    await session.close({ aborted: true })
  }
  await it.checkAllBack('afterwards')
})

t.test('PREPARE TRANSACTION prepares nothing in a transaction that has failed', async (t) => {
  const it = await lab(t, url)
  for (const prepare of [`prepare transaction 'lost'`, `/* two phases */ PREPARE  TRANSACTION 'lost'`, `; prepare transaction 'lost';`]) {
    await using session = it.open()
    await session.writer.begin()
    await failUnnoticed(session.writer)
    const error = await outcomeOf(session.writer.execute(prepare))
    t.match(error, { ...rolledBack, message: /answered PREPARE TRANSACTION by a rollback/ })
    t.strictSame((await it.admin.query('select gid from pg_prepared_xacts where database = current_database()')).rows, [])
    await session.close({ aborted: true })
  }
  await it.checkAllBack('afterwards')
})

t.test('PREPARE TRANSACTION and COMMIT PREPARED of one that has not', async (t) => {
  const it = await lab(t, url)
  t.teardown(async () => await it.admin.query('truncate author cascade'))
  await using session = it.open()
  await session.writer.begin()
  await session.writer.insert(Author, { name: 'Ada' })
  await session.writer.execute(`prepare transaction 'kept'`)
  await session.writer.rollback()
  t.ok(await nothingStays(it))
  await session.writer.fork().execute(`commit prepared 'kept'`)
  t.notOk(await nothingStays(it))
  t.match(await outcomeOf(session.writer.fork().execute(`rollback prepared 'kept'`)), { code: '42704' })
  await it.checkAllBack('afterwards')
})

t.test('without a failure all of them commit', async (t) => {
  const it = await lab(t, url)
  for (const commit of commits.filter((text) => !text.startsWith('rollback to'))) {
    await using session = it.open()
    await session.writer.begin()
    await session.writer.insert(Author, { name: commit })
    await session.writer.execute(commit)
    t.strictSame((await it.admin.query('delete from author returning name')).rows, [{ name: commit }], JSON.stringify(commit))
    await session.close({ aborted: true })
  }
  await it.checkAllBack('afterwards')
})

t.test('what was asked for is no error: ROLLBACK, and ROLLBACK TO a savepoint, after which the transaction goes on', async (t) => {
  const it = await lab(t, url)
  for (const rollback of ['rollback', 'ROLLBACK', 'abort', '/* no */ rollback work;', 'rollback; select 1', 'rollback and chain']) {
    await using session = it.open()
    await session.writer.begin()
    await failUnnoticed(session.writer)
    await session.writer.execute(rollback)
    t.ok(await nothingStays(it), rollback)
    await session.close({ aborted: true })
  }
  await using session = it.open()
  await session.writer.transactional(async (em) => {
    await em.execute('savepoint first')
    await failUnnoticed(em)
    t.match(await outcomeOf(em.execute('rollback to savepoint second')), { code: '3B001' }, 'a savepoint that there is not')
    await em.execute('rollback to first')
    await em.insert(Author, { name: 'Ada' })
    await outcomeOf(em.transactional(async (inner) => await inner.execute('select 1/0')))
    await em.insert(Author, { name: 'Bob' })
  })
  t.strictSame((await it.admin.query('delete from author returning name')).rows, [{ name: 'Ada' }, { name: 'Bob' }])
  await it.checkAllBack('afterwards')
})

t.test('the cause is the first error of this transaction, and of no other', async (t) => {
  const it = await lab(t, url, { max: 1 })
  await using session = it.open()
  t.match(await outcomeOf(session.writer.execute('select nonsense')), { code: '42703' })
  await session.writer.transactional(async (em) => await em.count(Author))
  await session.writer.begin()
  await session.writer.execute('select 1/0').catch(() => {})
  t.match(await outcomeOf(session.writer.execute('select 1')), { code: '25P02' })
  const error = await outcomeOf(session.writer.commit())
  t.match(error, { code: 'SQLASSIST_TRANSACTION_ROLLED_BACK', cause: { code: '22012' } })
})

t.test('an error that pg told somebody else, past us, is the cause all the same', async (t) => {
  const it = await lab(t, url, { max: 1 })
  await using session = it.open()
  const client = await (await nativePool(session.writer)).connect()
  await client.query('begin')
  await new Promise((resolve) => client.query('select 1/0', resolve)) // pg's own way, past us
  const error = await outcomeOf(client.query('commit'))
  t.match(error, { code: 'SQLASSIST_TRANSACTION_ROLLED_BACK', cause: { code: '22012' } })
  client.release()
  await it.checkAllBack('afterwards')
})

t.test('a deferred constraint fails at the commit: the error is the server\'s own, and the connection is kept', async (t) => {
  const it = await lab(t, url, { max: 1 })
  await it.admin.query('create table seat (id int primary key deferrable initially deferred)')
  await using session = it.open()
  const [pid] = await (async () => {
    await session.writer.execute('select 1')
    return await it.backends()
  })()
  for (const commit of [
    async () => await session.writer.transactional(async (em) => await em.execute('insert into seat values (1), (1)')),
    async () => await session.writer.getKysely().transaction().execute(async (trx) => await trx.executeQuery(CompiledQuery.raw('insert into seat values (1), (1)'))),
    async () => await session.writer.execute('insert into seat values (1), (1)'),
  ]) {
    t.match(await outcomeOf(commit()), { code: '23505', constraint: 'seat_pkey' })
    t.strictSame(await it.backends(), [pid])
  }
  await it.checkAllBack('afterwards')
})

t.test('a commit waits for what was asked for before it', async (t) => {
  const it = await lab(t, url, { max: 1 })
  await using session = it.open()
  await session.writer.begin()
  const asked = session.writer.execute(`insert into author (name) select 'slow' from pg_sleep(0.3)`)
  await Promise.all([asked, session.writer.commit()])
  t.strictSame((await it.admin.query('delete from author returning name')).rows, [{ name: 'slow' }])

  await session.writer.begin()
  await session.writer.insert(Author, { name: 'must not stay' })
  const failing = outcomeOf(session.writer.execute('select pg_sleep(0.2), 1/0'))
  const committing = outcomeOf(session.writer.commit())
  t.match(await failing, { code: '22012' })
  t.match(await committing, { code: 'SQLASSIST_TRANSACTION_ROLLED_BACK', cause: { code: '22012' } })
  await session.close({ aborted: true })
  t.ok(await nothingStays(it))
  await it.checkAllBack('afterwards')
})

t.test('a commit while somebody reads a stream waits for it, and takes none of its rows', async (t) => {
  const it = await lab(t, url, { limits: { commitTimeoutMs: 60_000 } })
  await using session = it.open()
  await session.writer.begin()
  await session.writer.insert(Author, { name: 'Ada' })
  const rows = session.writer.getConnection().stream<{ n: number }>('select n from generate_series(1, 250) n', [], session.writer.getTransactionContext())
  const read: number[] = [(await rows.next()).value!.n]
  const committing = session.writer.commit()
  for await (const { n } of rows) read.push(n)
  await committing
  t.strictSame(read, Array.from({ length: 250 }, (_, index) => index + 1))
  t.strictSame((await it.admin.query('delete from author returning name')).rows, [{ name: 'Ada' }])
  await it.checkAllBack('afterwards')
})
