// Transactions, settings and connections of an application are what they would be without the test around them.
import type { EntityManager } from '@mikro-orm/core'
import t, { type Test } from 'tap'
import type { SqlAssist } from 'fastify-sqlassist/orm'
import { rollbackAfterEach } from 'fastify-sqlassist/testing'
import { asSuperuser, postgresDatabase } from '../../support/databases.ts'
import { type Em, Item, Line, shop, TABLES } from './fixtures/shop.ts'

const url = await postgresDatabase(t)
await asSuperuser(url, TABLES)

interface Sessions extends AsyncDisposable {
  readonly writer: Em
  readonly reader: Em
  readonly logger: Em
}

/** Tests with an application of their own. */
async function tests(t: Test, more: Parameters<typeof shop>[1], options: Parameters<typeof rollbackAfterEach>[2], define: (open: () => Sessions, db: SqlAssist) => void): Promise<void> {
  const app = await shop(url, more)
  t.teardown(async () => await app.close())
  rollbackAfterEach(t, app, options)
  define(() => app.sqlassist.session() as unknown as Sessions, app.sqlassist)
}

const names = async (em: Em): Promise<string[]> => (await em.execute<{ name: string }[]>('select name from item order by id')).map(({ name }) => name)
const add = async (em: EntityManager, name: string): Promise<unknown> => await em.insert(Item, { name, stock: 1 })

t.test('nested transactions', async (t) => await tests(t, {}, {}, (open) => {
  t.test('what the inner one has done is undone, and the outer one goes on', async (t) => {
    await using db = open()
    await db.writer.transactional(async (outer) => {
      await add(outer, 'outer')
      await t.rejects(outer.transactional(async (inner) => {
        await add(inner, 'inner')
        throw new Error('on purpose')
      }), /on purpose/)
      await t.rejects(outer.transactional(async (inner) => await add(inner, 'outer')), { code: '23505' })
      await add(outer, 'after')
    })
    t.strictSame(await names(db.reader), ['outer', 'after'])
  })

  t.test('an error spoils a transaction, as ever', async (t) => {
    await using db = open()
    await t.rejects(db.writer.transactional(async (em) => {
      await add(em, 'spoilt')
      await t.rejects(em.execute('select nonsense'), { code: '42703' })
      t.strictSame(await names(db.reader), ['spoilt'], 'and is no reason not to read elsewhere')
      await t.rejects(em.execute('select 1'), { code: '25P02' })
    }), { code: 'SQLASSIST_TRANSACTION_ROLLED_BACK' })
    t.strictSame(await names(db.reader), [])
  })

  t.test('a constraint that is looked at last is looked at by the commit', async (t) => {
    await using db = open()
    await db.writer.transactional(async (em) => {
      await em.execute('insert into child values (1, 7)')
      await em.execute('insert into parent values (7)')
    })
    await t.rejects(db.writer.transactional(async (em) => await em.execute('insert into child values (2, 8)')), { code: '23503' })
    await t.rejects(db.writer.execute('insert into child values (3, 9)'), { code: '23503' }, 'also where a statement is its own transaction')
    t.strictSame(await db.reader.execute('select id from child'), [{ id: 1 }])
    await db.writer.transactional(async (em) => {
      await em.execute('insert into child values (4, 10)')
      await em.execute('insert into parent values (10)')
    })
    await db.writer.execute('create table late (n int constraint once unique deferrable initially deferred)')
    await t.rejects(db.writer.transactional(async (em) => await em.execute('insert into late values (1), (1)')), { code: '23505' }, 'also of a table that the test has made')
  })
}))

t.test('who may only read', async (t) => await tests(t, { reader: { joinTransaction: true, follows: 'writer' } }, {}, (open) => {
  t.test('is refused by the database', async (t) => {
    await using db = open()
    await t.rejects(db.reader.execute(`select nextval('item_id_seq')`), { code: 'SQLASSIST_READONLY_ENGINE', cause: { message: /read-only transaction/ } })
    await t.rejects(db.reader.transactional(async (em) => await em.execute(`select nextval('item_id_seq')`)), { code: 'SQLASSIST_READONLY_ENGINE' })
    await db.writer.execute(`insert into line (text) values ('y')`)
    t.strictSame(await db.reader.execute('select text from line'), [{ text: 'y' }])
  })
}))

const tenant = async (em: Em): Promise<unknown> => (await em.execute<{ tenant: string | null }[]>(`select nullif(current_setting('app.tenant', true), '') as tenant`))[0]!.tenant

t.test('engines of all kinds', async (t) => await tests(t, { reader: { follows: 'writer', joinTransaction: true }, logger: { batch: { maxRows: 10 } } }, {}, (open, db) => {
  t.test('one that reads in the transaction of another', async (t) => {
    await db.transaction(async (session) => {
      const { writer, reader } = session as unknown as Sessions
      await add(writer, 'pen')
      t.strictSame(await names(reader), ['pen'])
      await t.rejects(reader.execute(`select nextval('item_id_seq')`), { code: 'SQLASSIST_READONLY_ENGINE' })
      t.strictSame(await names(reader), ['pen'], 'and the transaction goes on')
      await add(writer, 'ink')
    })
    await using session = open()
    t.strictSame(await names(session.reader), ['pen', 'ink'])
  })

  t.test('one that puts the rows of several sessions together', async (t) => {
    await Promise.all(['a', 'b', 'c', 'a'].map(async (text) => {
      await using session = open()
      session.logger.persist(session.logger.create(Line, { text }))
      await session.logger.flush()
    }))
    await using session = open()
    t.equal(await session.reader.count(Line), 4)
  })

  t.test('and how they are', async (t) => {
    const { ok, engines } = await db.check()
    t.ok(ok)
    t.match(engines, { writer: { ok: true, readOnly: false }, reader: { ok: true } })
    await db.reinitEngine()
    await using session = open()
    await add(session.writer, 'pen')
    t.strictSame(await names(session.reader), ['pen'])
  })
}))

t.test('settings', async (t) => await tests(t, {}, {}, (open) => {
  t.test('of a transaction end with it, and are those of one connection', async (t) => {
    await using db = open()
    await db.writer.transactional(async (em) => {
      await em.execute(`select set_config('app.tenant', 'seven', true)`)
      t.equal(await tenant(em), 'seven')
      t.equal(await tenant(db.reader), null)
      await em.execute(`set local role pg_read_all_data`)
      await t.rejects(async () => await em.transactional(async (inner) => await add(inner, 'x')), { code: '42501' })
      await add(db.logger, 'as somebody else')
    })
    t.equal(await tenant(db.writer), null)
    t.strictSame(await names(db.reader), ['as somebody else'])
  })

  t.test('of a connection stay on it', async (t) => {
    await using db = open()
    await db.writer.begin()
    await db.writer.execute(`set search_path to 'pg_catalog', public`)
    await db.writer.commit()
    t.strictSame(await db.reader.execute('show search_path'), [{ search_path: '"$user", public' }])
    t.strictSame(await db.writer.execute('show search_path'), [{ search_path: 'pg_catalog, public' }])
  })
}))

t.test('several at once', async (t) => await tests(t, {}, { deadlockMs: 300 }, (open) => {
  t.test('transactions that write wait for each other', async (t) => {
    const work = async (name: string): Promise<void> => {
      await using db = open()
      await db.writer.transactional(async (em) => {
        await add(em, name)
        await em.execute('select pg_sleep(0.01)')
        if (name === 'c') throw new Error('on purpose')
      }).catch((error: Error) => t.equal(error.message, 'on purpose'))
    }
    await Promise.all(['a', 'b', 'c', 'd'].map(work))
    await using db = open()
    t.strictSame((await names(db.reader)).toSorted(), ['a', 'b', 'd'])
  })

  t.test('one that waits for another one to begin and end', async (t) => {
    await using db = open()
    await using other = open()
    await db.writer.transactional(async (em) => {
      await add(em, 'first')
      await other.writer.transactional(async (second) => await add(second, 'second'))
      await t.rejects(other.writer.transactional(async (undone) => {
        await add(undone, 'undone')
        await other.logger.insert(Line, { text: 'beside both' })
        throw new Error('on purpose')
      }), /on purpose/)
      await add(em, 'third')
    })
    t.strictSame((await names(db.reader)).toSorted(), ['first', 'second', 'third'])
    t.equal(await db.reader.count(Line), 1)
  })

  t.test('what has been committed in between stays, whatever becomes of the one around it', async (t) => {
    await using db = open()
    await using other = open()
    await t.rejects(db.writer.transactional(async (em) => {
      await add(em, 'first')
      await other.logger.transactional(async () => await Promise.resolve()).catch(() => {}) // an autocommit engine has none
      other.logger.persist([other.logger.create(Line, { text: 'one' }), other.logger.create(Item, { name: 'two', stock: 2 })])
      await other.logger.flush()
      await other.writer.transactional(async (second) => {
        await add(second, 'second')
        await other.logger.insert(Line, { text: 'in it' })
      })
      throw new Error('on purpose')
    }), /on purpose/)
    t.strictSame((await names(db.reader)).toSorted(), ['second', 'two'])
    t.strictSame((await db.reader.find(Line, {})).map(({ text }) => text).toSorted(), ['in it', 'one'])
  })

  t.test('two that wait for each other are told', async (t) => {
    await using db = open()
    await using other = open()
    await t.rejects(db.writer.transactional(async (em) => {
      await add(em, 'first')
      await other.writer.begin()
      await add(other.writer, 'second')
      try {
        await add(em, 'third')
      } finally {
        await other.writer.commit()
      }
    }), { code: 'SQLASSIST_TEST_DEADLOCK', message: /createTestDatabase/ })
    t.strictSame(await names(db.reader), ['second'])
  })

  t.test('what cannot be written again is told when the test ends', async (t) => {
    const hooks: Record<string, (context: unknown) => Promise<void>> = {}
    const app = await shop(url)
    t.teardown(async () => await app.close())
    rollbackAfterEach({ beforeEach: (hook) => void (hooks['before'] = hook as never), afterEach: (hook) => void (hooks['after'] = hook as never) }, app)
    await hooks['before']!('a test')
    await using db = app.sqlassist.session() as unknown as Sessions
    await db.writer.begin()
    await db.writer.execute('insert into parent values (70)')
    await db.logger.execute('insert into child values (71, 70)')
    await db.logger.insert(Line, { text: 'this can be' })
    await db.writer.rollback()
    t.equal(await db.reader.count(Line), 1)
    await t.rejects(hooks['after']!('a test'), { code: 'SQLASSIST_TEST_REPLAY' })
  })
}))

t.test('rows one by one, with others in between', async (t) => await tests(t, {}, {}, (open) => {
  t.test('a cursor', async (t) => {
    await using db = open()
    await db.writer.execute(`insert into item (name, stock) select 'item ' || n, n from generate_series(1, 500) n`)
    let sum = 0
    await db.writer.transactional(async (em) => {
      for await (const item of em.stream(Item, {})) {
        if (item.stock % 100 === 0) sum += await db.reader.count(Item, { stock: item.stock })
      }
    })
    t.equal(sum, 5)
  })
}))

t.test('limits and ends', async (t) => await tests(t, { writer: { limits: { statementTimeoutMs: 100 } }, logger: { pipeline: true } }, {}, (open) => {
  t.test('a statement that takes too long is stopped', async (t) => {
    await using db = open()
    await add(db.writer, 'before')
    await t.rejects(db.writer.execute('select pg_sleep(60)'), { code: 'SQLASSIST_STATEMENT_TIMEOUT' })
    t.strictSame(await names(db.writer), ['before'])
  })

  let left: Sessions | undefined

  t.test('what a test leaves open is cut off', async () => {
    left = open()
    await left.writer.begin()
    await add(left.writer, 'left')
  })

  t.test('and the next one begins as if it had not been', async (t) => {
    await left![Symbol.asyncDispose]()
    await using db = open()
    t.strictSame(await names(db.writer), [])
    await add(db.writer, 'mine')
    t.strictSame(await names(db.writer), ['mine'])
  })

  t.test('connections that are shared by many statements lead there too', async (t) => {
    await using db = open()
    await db.writer.insertMany(Line, [1, 2, 3].map((id) => ({ id, text: `line ${id}` })))
    const { logger } = db
    const texts = await Promise.all([1, 2, 3, 1, 2, 3].map(async (id) => (await logger.findOne(Line, { id }))?.text))
    t.strictSame(texts, [1, 2, 3, 1, 2, 3].map((id) => `line ${id}`))
  })
}))

t.test('nothing is left', async (t) => t.strictSame(await asSuperuser(url, 'select (select count(*) from item) + (select count(*) from line) + (select count(*) from child) + (select count(*) from parent) as n'), [{ n: '0' }]))
