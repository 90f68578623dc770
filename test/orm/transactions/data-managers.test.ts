// Mailers, queues and files in a transaction: two phases, a failure in each of them, and nothing half done.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import type { DataManager } from 'fastify-sqlassist/orm'
import { sqliteFile } from '../../support/databases.ts'
import { sqlite } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { type Company, company, onEachKind } from './fixtures/branches.ts'

const PHASES = ['begin', 'commit', 'vote', 'finish', 'abort'] as const
type Phase = (typeof PHASES)[number]

/** Notes what it is called for, and fails in one phase. */
function recorder(sortKey: string, calls: string[], failing?: Phase): DataManager {
  const phase = (name: Phase) => async () => {
    calls.push(`${sortKey} ${name}`)
    if (name === failing) throw new Error(`${sortKey} cannot ${name}`)
  }
  return { sortKey, begin: phase('begin'), commit: phase('commit'), vote: phase('vote'), finish: phase('finish'), abort: phase('abort') }
}

const of = (phase: Phase, ...keys: string[]): string[] => keys.map((key) => `${key} ${phase}`)

onEachKind(t, 'the phases, in the order of the sort keys', async (t, { db, saved }) => {
  const calls: string[] = []
  await db.transaction(async ({ transaction, paris, rome }) => {
    for (const key of ['b', 'c', 'a']) transaction.join(recorder(key, calls))
    paris.persist(new Author('Ada'))
    rome.persist(new Author('Bruno'))
  })
  t.strictSame(calls, [...of('begin', 'a', 'b', 'c'), ...of('commit', 'a', 'b', 'c'), ...of('vote', 'a', 'b', 'c'), ...of('finish', 'a', 'b', 'c')])
  t.strictSame(await saved(), { paris: ['Ada'], rome: ['Bruno'] })
})

onEachKind(t, 'a failure in each phase, of each of three: all or nothing', async (t, { db, saved, lines }) => {
  for (const failing of PHASES) {
    for (const [index, key] of ['a', 'b', 'c'].entries()) {
      const calls: string[] = []
      const before = await saved()
      const work = db.transaction(async ({ transaction, paris, rome }) => {
        for (const other of ['c', 'a', 'b']) transaction.join(recorder(other, calls, other === key ? failing : undefined))
        paris.persist(new Author(`${key} ${failing}`))
        rome.persist(new Author(`${key} ${failing}`))
        if (failing === 'abort') throw new Error('the work has failed')
      })
      const what = `${key} fails in ${failing}`
      if (failing === 'finish') {
        await work
        t.strictSame(calls.slice(-3), of('finish', 'a', 'b', 'c'), `${what}: the others finish all the same`)
        t.ok((await saved()).paris.includes(`${key} finish`) && (await saved()).rome.includes(`${key} finish`), `${what}: everything is kept`)
        t.equal(lines.filter(({ level }) => level === 'error').length, index + 1, `${what}: it is logged`)
        continue
      }
      await t.rejects(work, { message: failing === 'abort' ? 'the work has failed' : `${key} cannot ${failing}` }, what)
      t.strictSame(calls.slice(-3), of('abort', 'a', 'b', 'c'), `${what}: each is told to abort`)
      t.equal(calls.filter((call) => call.endsWith(' abort')).length, 3, `${what}: once`)
      t.notOk(calls.some((call) => call.endsWith(' finish')), `${what}: nobody finishes`)
      t.strictSame(await saved(), before, `${what}: nothing is saved`)
    }
  }
})

onEachKind(t, 'a commit that fails after the votes aborts them too', async (t, { db, saved }) => {
  const calls: string[] = []
  await t.rejects(db.transaction(async ({ transaction, paris }) => {
    transaction.join({ ...recorder('a', calls), vote: () => transaction.doom() })
    await paris.persistAndFlush(new Author('Ada'))
  }), { code: 'SQLASSIST_TRANSACTION_DOOMED' })
  t.strictSame(calls, ['a begin', 'a commit', 'a abort'])
  t.strictSame(await saved(), { paris: [], rome: [] })
})

const quick = async (t: Parameters<typeof company>[0]): Promise<Company> => await company(t, await sqlite(t), await sqlite(t))

t.test('what is told, and what may be left out', async (t) => {
  const { db } = await quick(t)
  const told: unknown[] = []
  const small: DataManager = { sortKey: 'small', commit: ({ description, attempt }) => void told.push(description, attempt), finish() {}, abort() {} }
  await db.transaction(async ({ transaction }) => {
    transaction.note('order 17')
    transaction.note('for Ada')
    transaction.join(small)
    transaction.join(small) // once is enough
  })
  t.strictSame(told, ['order 17\nfor Ada', 1])
})

t.test('what is no data manager is refused', async (t) => {
  const { db } = await quick(t)
  await using session = db.session()
  await session.transaction.begin()
  const fine = recorder('a', [])
  for (const wrong of [undefined, 'mailer', {}, { ...fine, sortKey: 1 }, { ...fine, commit: undefined }, { ...fine, finish: 'yes' }, { ...fine, abort: null }, { ...fine, vote: true }]) {
    t.throws(() => session.transaction.join(wrong as never), { code: 'SQLASSIST_DATA_MANAGER_INVALID' })
  }
  await session.transaction.commit()
})

t.test('savepoints: what has none makes going back an error, before anything is undone', async (t) => {
  const { db, saved } = await quick(t)
  await using session = db.session()
  const { transaction, paris } = session
  const calls: string[] = []
  let [sent, undone] = [0, 0]
  await transaction.begin()
  transaction.join({ ...recorder('able', calls), savepoint: () => ({ rollback: () => void (undone = ++sent) }) })
  const first = await transaction.savepoint()
  transaction.join(recorder('unable', calls))
  const second = await transaction.savepoint()
  await paris.persistAndFlush(new Author('Ada'))
  await t.rejects(second.rollback(), { code: 'SQLASSIST_SAVEPOINT_UNSUPPORTED', message: /'unable'/ })
  t.equal(await paris.count(Author), 1, 'nothing was undone')
  t.equal(undone, 0)
  await first.rollback() // it joined later: it leaves
  t.equal(undone, 1)
  t.strictSame(calls, ['unable abort'])
  await transaction.commit()
  t.strictSame(calls, ['unable abort', ...of('begin', 'able'), ...of('commit', 'able'), ...of('vote', 'able'), ...of('finish', 'able')])
  t.strictSame(await saved(), { paris: [], rome: [] })
})

/** A file that appears with the commit, or not at all. */
class FileWriter implements DataManager {
  readonly sortKey: string
  readonly #text: string

  constructor(file: string, text: string) {
    this.sortKey = file
    this.#text = text
  }

  commit(): void {
    writeFileSync(`${this.sortKey}.new`, this.#text)
  }

  finish(): void {
    renameSync(`${this.sortKey}.new`, this.sortKey)
  }

  abort(): void {
    rmSync(`${this.sortKey}.new`, { force: true })
  }
}

t.test('a file that belongs to the rows', async (t) => {
  const { db, saved } = await quick(t)
  const file = sqliteFile(t, 'invoice.txt')
  const order = async (name: string, fails: boolean): Promise<void> => await db.transaction(async ({ transaction, paris }) => {
    transaction.join(new FileWriter(file, name))
    if (fails) transaction.join({ ...recorder('z', []), vote: () => Promise.reject(new Error('no')) })
    paris.persist(new Author(name))
  })
  await t.rejects(order('Ada', true), { message: 'no' })
  t.notOk(existsSync(file) || existsSync(`${file}.new`))
  await order('Bruno', false)
  t.equal(readFileSync(file, 'utf8'), 'Bruno')
  t.strictSame((await saved()).paris, ['Bruno'])
})
