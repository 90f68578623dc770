// What cannot be prepared: a clear error, and nothing is kept anywhere.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { ownPostgres } from '../../../support/own-postgres.ts'
import { asSuperuser, serverUrl } from '../../../support/databases.ts'
import { defineConfig } from '@mikro-orm/postgresql'
import { type Config, type Database, sqlite } from '../../sessions/fixtures/engines.ts'
import { Author, library } from '../../sessions/fixtures/library.ts'
import { type Sessions, type Towns, towns, townsOn } from './fixtures/towns.ts'
import { createSqlAssist } from 'fastify-sqlassist/orm'

const both = async ({ paris, rome }: Sessions): Promise<void> => {
  paris.persist(new Author('Ada'))
  rome.persist(new Author('Ada'))
}

async function everywhere(session: Sessions): Promise<void> {
  await both(session)
  session.oslo.persist(new Author('Ada'))
}

async function nothingKept(t: Test, all: Towns): Promise<void> {
  t.strictSame(await all.saved(), all.urls.map(() => []))
  t.strictSame(await all.prepared(), [])
}

t.test('temporary tables and NOTIFY', async (t) => {
  const all = await towns(t)
  const db = await all.assist()
  for (const sql of ['create temporary table scratch (n int)', 'notify news', 'listen news']) {
    const attempt = db.transaction(async (session: Sessions) => {
      await both(session)
      await session.rome.execute(sql)
    })
    await t.rejects(attempt, { code: 'SQLASSIST_PREPARE_FAILED', message: /engine 'rome' could not be prepared.*temporary tables/, cause: { code: '0A000' } }, sql)
    await nothingKept(t, all)
  }
  await db.transaction(async (session: Sessions) => {
    await both(session)
    await session.rome.execute('notify news')
  }, { twoPhase: false })
  t.strictSame(await all.saved(), [['Ada'], ['Ada']])
})

t.test('a constraint that is looked at only then is the error that it is', async (t) => {
  const all = await towns(t)
  const db = await all.assist()
  await all.query(1, 'alter table author add constraint once unique (name) deferrable initially deferred')
  const attempt = db.transaction(async (session: Sessions) => {
    await both(session)
    await session.rome.execute(`insert into author (name) values ('Ada')`)
  })
  await t.rejects(attempt, { code: '23505' })
  await nothingKept(t, all)
})

t.test('an error that was swallowed', async (t) => {
  const all = await towns(t)
  const db = await all.assist()
  const attempt = db.transaction(async (session: Sessions) => {
    await both(session)
    await session.rome.flush()
    await session.rome.execute('select 1 / 0').catch(() => {})
  })
  await t.rejects(attempt, { code: 'SQLASSIST_TRANSACTION_ROLLED_BACK' })
  await nothingKept(t, all)
})

/** Two databases of a server of their own. */
async function apart(t: Test, setting: string): Promise<Towns> {
  const server = await ownPostgres(t, [setting])
  const databases = await Promise.all(['paris', 'rome'].map(async (name): Promise<Database> => {
    await asSuperuser(server.url, `create database ${name}`)
    const url = new URL(server.url)
    url.pathname = name
    const config = (more: Config = {}): Config => defineConfig({ clientUrl: url.href, entities: library, ...more }) as Config
    await using setup = await createSqlAssist({ engines: { setup: { config: config() } } })
    await setup.engine('setup').orm.schema.create()
    return { dialect: 'postgresql', config }
  }))
  return townsOn(t, databases)
}

t.test('max_prepared_transactions = 0: said at start-up, and at the commit', async (t) => {
  const all = await apart(t, 'max_prepared_transactions=0')
  const db = await all.assist({ recoveryIntervalMs: 60_000 })
  while (db.lines.filter(({ level }) => level === 'error').length < 2) await sleep(10)
  t.match(db.lines.find(({ level }) => level === 'error')!.message, /set max_prepared_transactions/)
  await t.rejects(db.transaction(both), { code: 'SQLASSIST_PREPARE_FAILED', message: /set max_prepared_transactions/, cause: { code: '55000' } })
  await nothingKept(t, all)
  await db.transaction(async ({ paris }: Sessions) => void paris.persist(new Author('Ada')))
  t.strictSame(await all.saved(), [['Ada'], []], 'one engine needs nothing of it')
})

t.test('a user who may not make the table of decisions', async (t) => {
  const user = `user_${randomUUID().slice(0, 8)}`
  await asSuperuser(serverUrl(), `create role ${user} login password 'secret'`)
  t.teardown(async () => await asSuperuser(serverUrl(), `drop role ${user}`)) // after the databases, in which it has rights
  const all = await towns(t)
  for (const [town] of all.urls.entries()) await all.query(town, `grant all on all tables in schema public to ${user}; grant all on all sequences in schema public to ${user}`)
  const databases = all.databases.map((database): Database => ({ ...database, config: (more = {}): Config => database.config({ ...more, user, password: 'secret' }) }))
  const db = await townsOn(t, databases).assist()
  await t.rejects(db.transaction(both), { code: '42501', message: /permission denied for schema public/ })
  await nothingKept(t, all)
})

t.test('max_prepared_transactions are all in use', async (t) => {
  const all = await apart(t, 'max_prepared_transactions=1')
  const db = await all.assist()
  await t.rejects(db.transaction(both), { code: 'SQLASSIST_PREPARE_FAILED', message: /all in use/, cause: { code: '53200' } })
  await nothingKept(t, all)
})

t.test('with two engines that cannot be prepared', async (t) => {
  const all = await towns(t, 3)
  const files = { rome: { config: (await sqlite(t)).config(), twoPhase: false }, oslo: { config: (await sqlite(t)).config(), twoPhase: false } }
  const db = await all.assist({}, files)
  await t.rejects(db.transaction(everywhere, { twoPhase: true }), { code: 'SQLASSIST_TWO_PHASE_IMPOSSIBLE', message: /rome, oslo/ })
  t.strictSame((await all.saved())[0], [])
  await db.transaction(everywhere)
  t.strictSame((await all.saved())[0], ['Ada'])
  t.strictSame(await all.records(), [])
})
