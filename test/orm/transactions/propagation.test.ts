// What MikroORM's propagations mean in a managed transaction, and which engines take part in one.
import { TransactionPropagation } from '@mikro-orm/core'
import t from 'tap'
import { postgres, sqlite } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { company, onEachKind } from './fixtures/branches.ts'

onEachKind(t, 'nested, required, supports and mandatory are in it; never is refused', async (t, { db, saved }) => {
  await t.rejects(db.transaction(async ({ paris }) => {
    for (const propagation of ['nested', 'required', 'supports', 'mandatory'] as const) {
      await paris.transactional(async (em) => await em.persist(new Author(propagation)).flush(), { propagation: TransactionPropagation[propagation.toUpperCase() as 'NESTED'] })
    }
    await t.rejects(paris.transactional(() => t.fail('there is one'), { propagation: TransactionPropagation.NEVER }), { name: 'TransactionStateError' })
    t.equal(await paris.count(Author), 4)
    throw new Error('no')
  }), { message: 'no' })
  t.strictSame((await saved()).paris, [])
})

t.test('REQUIRES_NEW and NOT_SUPPORTED are beside it, on a second connection', async (t) => {
  const { db, saved } = await company(t, await postgres(t), await postgres(t))
  await t.rejects(db.transaction(async ({ paris }) => {
    await paris.persistAndFlush(new Author('inside'))
    await paris.transactional(async (em) => {
      t.equal(await em.count(Author), 0, 'it sees what is committed')
      await em.persist(new Author('new')).flush()
      await paris.insert(Author, { name: 'in the new one too' })
    }, { propagation: TransactionPropagation.REQUIRES_NEW })
    await paris.transactional(async (em) => void (await em.insert(Author, { name: 'without any' })), { propagation: TransactionPropagation.NOT_SUPPORTED })
    t.ok(paris.isInTransaction())
    t.equal(await paris.count(Author), 4)
    throw new Error('no')
  }), { message: 'no' })
  t.strictSame((await saved()).paris, ['in the new one too', 'new', 'without any'])
})

t.test('REQUIRES_NEW and NOT_SUPPORTED as the first use do not begin what they are beside', async (t) => {
  const { db, saved } = await company(t, await postgres(t), await postgres(t), { config: { pool: { max: 1 } } })
  await t.rejects(db.transaction(async ({ paris, rome }) => {
    await paris.transactional(async (em) => await em.insert(Author, { name: 'new' }), { propagation: TransactionPropagation.REQUIRES_NEW })
    await rome.transactional(async (em) => await em.insert(Author, { name: 'without any' }), { propagation: TransactionPropagation.NOT_SUPPORTED })
    t.notOk(paris.isInTransaction())
    t.notOk(rome.isInTransaction())
    throw new Error('no')
  }), { message: 'no' })
  t.strictSame(await saved(), { paris: ['new'], rome: ['without any'] })
})

t.test('REQUIRES_NEW on a pool of one: the wait for oneself is found', async (t) => {
  const { db } = await company(t, await postgres(t), await postgres(t), { config: { pool: { max: 1 } } })
  await t.rejects(db.transaction(async ({ paris }) => {
    await paris.count(Author)
    await paris.transactional(async (em) => await em.count(Author), { propagation: TransactionPropagation.REQUIRES_NEW })
  }), { code: 'SQLASSIST_POOL_DEADLOCK' })
  t.equal(await db.transaction(async ({ paris }) => await paris.count(Author)), 0)
})

t.test('autocommit engines never join, readonly engines only for a snapshot', async (t) => {
  const [paris, rome] = [await postgres(t), await postgres(t)]
  const { db, saved } = await company(t, paris, rome, { more: { log: { config: rome.config(), autocommit: true } } })
  await t.rejects(db.transaction(async ({ paris, reader, log }) => {
    await paris.persistAndFlush(new Author('lost'))
    await log.persistAndFlush(new Author('kept'))
    t.equal(await reader.count(Author), 0)
    t.notOk(reader.isInTransaction())
    t.notOk(log.isInTransaction())
    throw new Error('no')
  }), { message: 'no' })
  t.strictSame(await saved(), { paris: [], rome: ['kept'] })
  await db.transaction(async ({ reader }) => {
    t.equal(await reader.count(Author), 0)
    t.ok(reader.isInTransaction())
    await using other = db.session()
    await other.paris.insert(Author, { name: 'meanwhile' })
    t.equal(await reader.count(Author), 0, 'it is still the same moment')
  }, { snapshot: true })
})

t.test('a fork that is to have no transactions has none, and what MikroORM is told to do without works without', async (t) => {
  const { db, saved } = await company(t, await postgres(t), await postgres(t), { more: { free: { config: (await sqlite(t)).config({ disableTransactions: true }) } } })
  await t.rejects(db.transaction(async (session) => {
    await session.paris.persistAndFlush(new Author('lost'))
    await session.paris.fork({ disableTransactions: true }).insert(Author, { name: 'outside' })
    const free = (session as unknown as { free: typeof session.paris }).free
    await free.persistAndFlush(new Author('at once'))
    t.notOk(free.isInTransaction())
    t.equal(await free.count(Author), 1)
    const savepoint = await session.transaction.savepoint()
    await savepoint.rollback()
    throw new Error('no')
  }), { message: 'no' })
  t.strictSame((await saved()).paris, ['outside'])
})

t.test('1,000 first uses at once are one BEGIN', async (t) => {
  const paris = await postgres(t)
  const begins: string[] = []
  const config = { debug: ['query'], loggerFactory: () => ({ ...console, log() {}, error() {}, warn() {}, setDebugMode() {}, isEnabled: () => true, logQuery: ({ query }: { query: string }) => void (query === 'begin' && begins.push(query)) }) }
  const { db } = await company(t, paris, await postgres(t), { config: config as never })
  const counts = await db.transaction(async ({ paris }) => await Promise.all(Array.from({ length: 1000 }, async () => (await paris.execute<{ xid: string }[]>('select txid_current() as xid'))[0]!.xid)))
  t.equal(new Set(counts).size, 1)
  t.equal(begins.length, 1)
})
