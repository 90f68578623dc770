// Subscribers of MikroORM: what they do with sessions of their own while another one runs, and what they fail with.
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { postgres, sqlite } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { type Company, company } from './fixtures/branches.ts'
import { adaInBoth, towns, townsOn } from './two-phase/fixtures/towns.ts'

/** A subscriber that does something once, when it is told what. */
class Once {
  work: (() => Promise<unknown>) | undefined
  failure: unknown

  async afterFlush(): Promise<void> {
    const { work } = this
    this.work = undefined
    await work?.().catch((error: unknown) => (this.failure = error))
  }
}

class Failing {
  afterTransactionCommit(): void {
    throw new Error('the search index is away')
  }
}

const NO = new Error('no')

/** What a subscriber may do with sessions of its own, and what is saved of it. */
const WORK: Record<string, { readonly saved: string[]; do(db: Company['db']): Promise<unknown> }> = {
  'a job that succeeds': { saved: ['inner'], do: async (db) => await db.transaction(async ({ paris }) => await paris.insert(Author, { name: 'inner' })) },
  'a job that fails': {
    saved: [],
    do: async (db) => {
      await db.transaction(async ({ paris }) => {
        await paris.insert(Author, { name: 'inner' })
        throw NO
      })
    },
  },
  'a session that ends in its transaction': {
    saved: [],
    do: async (db) => {
      await using session = db.session()
      await session.paris.begin()
      await session.paris.insert(Author, { name: 'inner' })
    },
  },
  'a session that ends in a transaction of its connection': {
    saved: [],
    do: async (db) => {
      await using session = db.session()
      const connection = session.paris.getConnection()
      const transaction = await connection.begin()
      await connection.execute(`insert into author (name) values ('inner')`, [], 'run', transaction)
    },
  },
}

for (const [what, { saved: kept, do: work }] of Object.entries(WORK)) {
  t.test(`while another session runs: ${what}`, async (t) => {
    const subscriber = new Once()
    const { db, lines, saved } = await company(t, await postgres(t), await sqlite(t), { config: { subscribers: [subscriber] } })
    {
      await using session = db.session()
      subscriber.work = async () => await work(db)
      await session.paris.persistAndFlush(new Author('outer'))
    }
    t.equal(subscriber.failure, kept.length === 0 && what.startsWith('a job') ? NO : undefined)
    t.strictSame((await saved()).paris, [...kept, 'outer'])
    t.notOk(lines.some(({ message }) => message.includes('failed')))
    const { total, idle } = db.engine('paris').stats().pool!
    t.equal(idle, total, 'all connections came back')
  })
}

t.test('while another session runs: a job over two databases, committed in two phases', async (t) => {
  const all = await towns(t)
  const subscriber = new Once()
  const db = await townsOn(t, all.databases, { subscribers: [subscriber] }).assist()
  await using session = db.session()
  subscriber.work = async () => {
    await db.transaction(async ({ paris, rome }) => {
      await paris.insert(Author, { name: 'inner' })
      await rome.insert(Author, { name: 'inner' })
    })
  }
  await session.paris.persistAndFlush(new Author('outer'))
  t.equal(subscriber.failure, undefined)
  t.strictSame(await all.saved(), [['inner', 'outer'], ['inner']])
  t.notOk(db.lines.some(({ level }) => level === 'warn'))
  const { total, idle } = db.engine('paris').stats().pool!
  t.equal(idle, total, 'all connections came back')
})

function saidOfBoth(t: Test, lines: Company['lines']): void {
  const said = lines.filter(({ level }) => level !== 'debug').toSorted((one, other) => one.message.localeCompare(other.message))
  t.match(said, ['paris', 'rome'].map((name) => ({ level: 'error', message: new RegExp(`session ${name}#.*a subscriber has failed after the commit`) })))
  t.equal(said.length, 2)
}

for (const [dialect, database] of Object.entries({ postgresql: postgres, sqlite })) {
  t.test(`one that fails after the commit does not make a failure of it (${dialect})`, async (t) => {
    const { db, lines, saved } = await company(t, await database(t), await database(t), { config: { subscribers: [new Failing()] } })
    await db.transaction(adaInBoth)
    t.strictSame(await saved(), { paris: ['Ada'], rome: ['Ada'] })
    saidOfBoth(t, lines)
    await db.transaction(async ({ paris }) => t.equal(await paris.count(Author), 1, 'the engine can be used'))
  })
}

t.test('nor of one in two phases', async (t) => {
  const all = await towns(t)
  const db = await townsOn(t, all.databases, { subscribers: [new Failing()] }).assist()
  await db.transaction(adaInBoth)
  t.strictSame(await all.saved(), [['Ada'], ['Ada']])
  while ((await all.records()).length > 0) await sleep(10)
  saidOfBoth(t, db.lines)
})
