// Transactions: the session they were started on is in them, and nothing else is.
import { LockMode, TransactionPropagation, wrap } from '@mikro-orm/core'
import t from 'tap'
import { desk, type Writer } from './fixtures/desk.ts'
import { assist, type Database, gate, onEachDatabase, postgres } from './fixtures/engines.ts'
import { Author, Book } from './fixtures/library.ts'

onEachDatabase(t, 'inside transactional() the session itself is in the transaction', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  const repository = writer.getRepository(Author)
  const result = await writer.transactional(async (em) => {
    t.not(em, writer)
    em.persist(new Author('by the parameter'))
    writer.persist(new Author('by the session'))
    await writer.flush()
    await repository.insert({ name: 'by a repository' })
    await writer.execute(`insert into author (name) values ('by raw SQL')`)
    await writer.getKysely<{ author: { name: string } }>().insertInto('author').values({ name: 'by kysely' }).execute()
    t.equal(await writer.count(Author), 5)
    t.ok(writer.isInTransaction())
    t.strictSame(await committed(), [])
    return 'done'
  })
  t.equal(result, 'done')
  t.notOk(writer.isInTransaction())
  t.strictSame(await committed(), ['by a repository', 'by kysely', 'by raw SQL', 'by the parameter', 'by the session'])
})

onEachDatabase(t, 'what is persisted through the session is flushed by the transaction', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  await writer.transactional(async () => void writer.persist(new Author('Ada')))
  t.strictSame(await committed(), ['Ada'])
  const [ada] = await writer.findAll(Author)
  await writer.transactional(async () => void (ada!.name = 'Ada L.'))
  t.strictSame(await committed(), ['Ada L.'])
})

onEachDatabase(t, 'an error in the callback rolls all of it back and comes out as it is', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  await writer.persistAndFlush(new Author('Ada'))
  const reason = new Error('no')
  const work = writer.transactional(async (em) => {
    em.persist(new Author('Bob'))
    await writer.persistAndFlush(new Author('Cyd'))
    throw reason
  })
  t.equal(await work.catch((error: unknown) => error), reason)
  t.strictSame(await committed(), ['Ada'])
  t.notOk(writer.isInTransaction())
  await writer.flush()
  t.strictSame(await committed(), ['Ada'], 'nothing of it is left in the session')
  await writer.persistAndFlush(new Author('Dan'))
  t.strictSame(await committed(), ['Ada', 'Dan'])
})

onEachDatabase(t, 'an error of the database, too', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  const ada = new Author('Ada')
  const [first, again] = [new Book('Engines'), new Book('Engines')]
  ada.books.add(first, again)
  await t.rejects(writer.transactional(async (em) => void em.persist(ada)), { name: 'UniqueConstraintViolationException' })
  t.strictSame(await committed(), [])
  t.equal(await writer.count(Author), 0, 'the session goes on')
})

onEachDatabase(t, 'an inner transaction is a savepoint: it is undone alone', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  await writer.transactional(async () => {
    await writer.persistAndFlush(new Author('outer'))
    const inner = writer.transactional(async () => {
      await writer.persistAndFlush(new Author('inner'))
      t.equal(await writer.count(Author), 2)
      throw new Error('only the inner one')
    })
    await t.rejects(inner, { message: 'only the inner one' })
    t.equal(await writer.count(Author), 1)
    await writer.transactional(async (em) => {
      em.persist(new Author('second'))
      await writer.transactional(async () => void writer.persist(new Author('third')))
    })
    t.strictSame(await committed(), [])
  })
  t.strictSame(await committed(), ['outer', 'second', 'third'])
})

onEachDatabase(t, 'each propagation does what its name says', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  const { MANDATORY, NEVER, REQUIRED, SUPPORTS, NOT_SUPPORTED } = TransactionPropagation

  await t.test('outside of a transaction', async (t) => {
    await writer.transactional(async () => t.ok(writer.isInTransaction()), { propagation: REQUIRED })
    await writer.transactional(async () => t.notOk(writer.isInTransaction()), { propagation: SUPPORTS })
    await writer.transactional(async () => t.notOk(writer.isInTransaction()), { propagation: NOT_SUPPORTED })
    await writer.transactional(async () => t.notOk(writer.isInTransaction()), { propagation: NEVER })
    await t.rejects(writer.transactional(async () => {}, { propagation: MANDATORY }), { name: 'TransactionStateError' })
  })

  await t.test('inside of one', async (t) => {
    await writer.transactional(async (outer) => {
      const inOuter = (propagation: TransactionPropagation): Promise<void> => writer.transactional(async (em) => {
        t.equal(em, outer, propagation)
        t.equal(writer.getContext(), outer)
        await writer.insert(Author, { name: propagation })
      }, { propagation })
      for (const propagation of [REQUIRED, SUPPORTS, MANDATORY]) await inOuter(propagation)
      await t.rejects(writer.transactional(async () => {}, { propagation: NEVER }), { name: 'TransactionStateError' })
      t.ok(writer.isInTransaction())
      t.strictSame(await committed(), [])
    })
    t.strictSame(await committed(), ['mandatory', 'required', 'supports'])
  })
})

t.test('a transaction beside the open one', async (t) => { // SQLite has one connection: there it would wait for itself
  const { writer, committed } = await desk(t, await postgres(t))
  await t.test('requires_new', async (t) => {
    const work = writer.transactional(async (outer) => {
      await writer.insert(Author, { name: 'outer' })
      await writer.transactional(async (em) => {
        t.not(em, outer)
        t.equal(await writer.count(Author), 0, 'the session is in the inner one')
        await writer.insert(Author, { name: 'inner' })
      }, { propagation: TransactionPropagation.REQUIRES_NEW })
      t.strictSame(await committed(), ['inner'])
      t.equal(await writer.count(Author), 2, 'and back in the outer one')
      throw new Error('the outer one fails')
    })
    await t.rejects(work, { message: 'the outer one fails' })
    t.strictSame(await committed(), ['inner'])
  })

  await t.test('not_supported', async (t) => {
    const work = writer.transactional(async () => {
      await writer.insert(Author, { name: 'undone' })
      await writer.transactional(async () => {
        t.notOk(writer.isInTransaction())
        await writer.insert(Author, { name: 'kept' })
      }, { propagation: TransactionPropagation.NOT_SUPPORTED })
      t.ok(writer.isInTransaction(), 'the transaction goes on')
      throw new Error('fails')
    })
    await t.rejects(work, { message: 'fails' })
    t.strictSame(await committed(), ['inner', 'kept'])
  })
})

t.test('transactions on several engines, one in the other: each session is in its own', async (t) => {
  const [one, two] = [await postgres(t), await postgres(t)]
  const db = await assist(t, { writer: { config: one.config() }, other: { config: two.config() } })
  await using session = db.session()
  await using witness = db.session()
  const writer = session.writer
  const other = session.get('other' as 'writer')
  await writer.transactional(async (writerTx) => {
    await writer.insert(Author, { name: 'one' })
    await other.transactional(async (otherTx) => {
      t.equal(await writer.count(Author), 1, 'the outer session is still in its transaction')
      t.equal(writer.getContext(), writerTx)
      t.equal(other.getContext(), otherTx)
      await other.insert(Author, { name: 'two' })
      await writer.transactional(async () => {
        t.equal(await other.count(Author), 1)
        await writer.insert(Author, { name: 'three' })
      })
      t.equal(await witness.writer.count(Author), 0)
    })
    t.equal(await witness.get('other' as 'writer').count(Author), 1, 'the inner engine has committed')
    t.equal(await witness.writer.count(Author), 0)
  })
  t.equal(await witness.writer.count(Author), 2)
})

onEachDatabase(t, 'transactions that run side by side on one session do not see each other', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  const transactions = Array.from({ length: 5 }, async (_, index) => await writer.transactional(async (em) => {
    await writer.insert(Author, { name: `author ${index}` })
    t.equal(writer.getContext(), em)
    if (database.dialect === 'postgresql') t.strictSame((await writer.find(Author, { id: { $gt: 0 } }, { disableIdentityMap: true })).map(({ name }) => name).includes(`author ${index}`), true)
    if (index === 2) throw new Error('this one fails')
  }, { clear: true }).then(() => 'committed', () => 'rolled back'))
  t.strictSame(await Promise.all(transactions), ['committed', 'committed', 'rolled back', 'committed', 'committed'])
  t.strictSame(await committed(), ['author 0', 'author 1', 'author 3', 'author 4'])
})

t.test('a fork made inside a transaction is outside of it', async (t) => { // as above: on SQLite it would wait for the transaction
  const { writer, committed } = await desk(t, await postgres(t))
  await writer.transactional(async (em) => {
    await writer.insert(Author, { name: 'inside' })
    for (const fork of [writer.fork(), em.fork()]) {
      t.notOk(fork.isInTransaction())
      t.equal(await fork.count(Author), 0)
      await fork.transactional(async () => t.equal(await fork.count(Author), 0))
    }
  })
  await writer.transactional(() => {
    const fork = writer.fork()
    return fork.insert(Author, { name: 'first thing in the callback' }).then(() => t.notOk(fork.isInTransaction()))
  }, { propagation: TransactionPropagation.REQUIRED })
  await writer.transactional(async () => await writer.transactional(() => {
    t.notOk(writer.fork().isInTransaction(), 'in a callback that joins, too')
  }, { propagation: TransactionPropagation.REQUIRED }))
  t.strictSame(await committed(), ['first thing in the callback', 'inside'])
})

onEachDatabase(t, 'entities are loaded in the transaction', async (t, database) => {
  const { writer } = await desk(t, database)
  const ada = new Author('Ada')
  ada.books.add(new Book('Engines'))
  await writer.persistAndFlush(ada)
  writer.clear()
  const [loaded] = await writer.find(Book, {})
  for (const options of [{}, { clear: true }]) {
    writer.clear()
    const before = await writer.findOneOrFail(Book, loaded!.id)
    await writer.transactional(async (em) => {
      await em.insert(Book, { title: `Notes ${Object.keys(options).join('')}`, author: ada.id })
      const author = await writer.findOneOrFail(Author, ada.id)
      await author.books.loadItems()
      t.equal(author.books.length, await em.count(Book, { author: ada.id }), 'a collection sees what the transaction has written')
      const book = await writer.findOneOrFail(Book, before.id)
      t.equal((await book.author.loadOrFail()).name, 'Ada')
      t.equal((await before.author.loadOrFail()).name, 'Ada', 'an entity that was loaded before, too')
    }, options)
    t.equal((await before.author.loadOrFail()).name, 'Ada')
  }
})

onEachDatabase(t, 'the state of entities after the transaction', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  const ada = new Author('Ada')
  await writer.persistAndFlush(ada)

  await t.test('committed: changes and new entities belong to the session', async (t) => {
    let bob: Author | undefined
    await writer.transactional(async (em) => {
      bob = em.create(Author, { name: 'Bob' })
      ada.name = 'Ada L.'
    })
    t.equal(writer.getUnitOfWork().getById(Author, bob!.id), bob)
    t.equal(wrap(bob!, true).__em, writer)
    bob!.name = 'Bobby'
    await writer.flush()
    t.strictSame(await committed(), ['Ada L.', 'Bobby'])
  })

  await t.test('rolled back: what was new is not in the session, and no flush brings it back', async (t) => {
    const work = writer.transactional(async (em) => {
      em.persist(new Author('Eve'))
      await em.flush()
      await em.nativeUpdate(Author, { id: ada.id }, { name: 'changed' })
      throw new Error('undone')
    })
    await t.rejects(work, { message: 'undone' })
    await writer.flush()
    t.strictSame(await committed(), ['Ada L.', 'Bobby'])
    t.equal((await writer.refresh(ada))?.name, 'Ada L.')
  })

  await t.test('removed', async (t) => {
    await writer.transactional(async (em) => void em.remove(ada))
    t.equal(writer.getUnitOfWork().getById(Author, ada.id), undefined)
    t.strictSame(await committed(), ['Bobby'])
  })
})

onEachDatabase(t, 'code that goes on after the callback has settled is not in the transaction', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  const over = gate()
  let late: Promise<void> | undefined
  let lateInner: Promise<Writer> | undefined
  await writer.transactional(async () => {
    await writer.insert(Author, { name: 'in time' })
    const goOn = async (): Promise<void> => {
      await over.opened
      t.notOk(writer.isInTransaction())
      await writer.insert(Author, { name: 'late' })
    }
    late = goOn()
    const innerOver = gate()
    const outer = writer.getContext()
    await writer.transactional(async () => {
      lateInner = innerOver.opened.then(() => writer.getContext())
    })
    innerOver.open()
    t.equal(await lateInner, outer, 'code of an inner transaction that is over is in the outer one')
  })
  over.open()
  await late
  t.strictSame(await committed(), ['in time', 'late'])
})

onEachDatabase(t, 'options of transactional()', async (t, database) => {
  const { writer, committed } = await desk(t, database)
  const options = Object.freeze({ propagation: undefined, clear: true })
  await writer.persistAndFlush(new Author('Ada'))
  for (let round = 0; round < 2; round++) {
    await writer.transactional(async (em) => {
      t.equal(em.getUnitOfWork().getIdentityMap().keys().length, 0, 'clear: true')
      t.equal(await writer.count(Author), 1)
    }, options as object)
  }
  t.strictSame(Object.keys(options), ['propagation', 'clear'], 'the options are the caller\'s')
  if (database.dialect === 'postgresql') {
    await writer.transactional(async () => {
      t.same(await writer.execute('show transaction isolation level'), [{ transaction_isolation: 'serializable' }])
    }, { isolationLevel: 'serializable' as never })
    await t.rejects(writer.transactional(async () => await writer.insert(Author, { name: 'Bob' }), { readOnly: true }), { code: '25006' })
    await writer.transactional(async () => void (await writer.findOne(Author, { name: 'Ada' }, { lockMode: LockMode.PESSIMISTIC_WRITE })))
  }
  t.strictSame(await committed(), ['Ada'])
})

onEachDatabase(t, 'without a session MikroORM is as it was', async (t, database) => {
  const db = await assist(t, { writer: { config: database.config() } })
  const { orm } = db.engine('writer')
  await t.rejects(orm.em.find(Author, {}), /global EntityManager/)
  await orm.em.transactional(async (em) => {
    em.persist(new Author('Ada'))
    await em.flush()
    t.equal(orm.em.getContext(), em, 'the global EntityManager finds the transaction by its context')
    t.equal(await orm.em.count(Author), 1)
  })
  const fork = orm.em.fork()
  await fork.begin()
  await fork.insert(Author, { name: 'Bob' })
  await fork.rollback()
  const work = fork.transactional(async (em) => {
    await em.insert(Author, { name: 'Cyd' })
    throw new Error('undone')
  })
  await t.rejects(work, { message: 'undone' })
  t.equal(await fork.count(Author), 1)
})

t.test('two applications in one process keep their transactions apart', async (t) => {
  const [left, right] = await Promise.all([postgres(t), postgres(t)])
  const application = async (database: Database) => {
    const db = await assist(t, { writer: { config: database.config() } })
    const session = db.session()
    t.teardown(async () => await session.close())
    return { session, orm: db.engine('writer').orm }
  }
  const [one, two] = await Promise.all([application(left), application(right)])
  t.not(one.orm.em.name, two.orm.em.name)
  await one.session.writer.transactional(async (em) => {
    await two.session.writer.insert(Author, { name: 'right' })
    t.notOk(two.session.writer.isInTransaction())
    t.equal(one.orm.em.getContext(false), em)
    t.equal(two.orm.em.getContext(false), two.orm.em, 'nor does the other global EntityManager join')
    await two.orm.em.transactional(async (other) => {
      t.equal(two.orm.em.getContext(false), other)
      t.equal(one.session.writer.getContext(), em)
      await one.session.writer.insert(Author, { name: 'left' })
      await other.insert(Author, { name: 'right again' })
    })
    t.equal(await two.session.writer.count(Author), 2)
  })
  t.strictSame((await one.session.writer.findAll(Author)).map(({ name }) => name), ['left'])
  t.strictSame((await two.session.writer.findAll(Author)).map(({ name }) => name), ['right', 'right again'])
})
