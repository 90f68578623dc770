// What an application writes in a test is there in that test, and gone after it.
import type { AddressInfo } from 'node:net'
import { defineConfig, MikroORM } from '@mikro-orm/postgresql'
import { defineConfig as sqlite } from '@mikro-orm/sqlite'
import Fastify, { type FastifyInstance } from 'fastify'
import { createSqlAssist, type EngineOptions } from 'fastify-sqlassist/orm'
import { PostgresDialect } from 'kysely'
import pg from 'pg'
import t from 'tap'
import { rollbackAfterEach } from 'fastify-sqlassist/testing'
import { asSuperuser, postgresDatabase, serverUrl } from '../../support/databases.ts'
import { FULL } from '../../support/size.ts'
import { type Em, Item, Line, shop, TABLES } from './fixtures/shop.ts'

const url = await postgresDatabase(t)
await asSuperuser(url, TABLES)
const app = await shop(url)
t.teardown(async () => await app.close())
await app.listen({ port: 0, host: '127.0.0.1' })
const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`

/** What others see of the database. */
const rows = async (): Promise<unknown> => await asSuperuser(url, 'select (select count(*)::int from item) as items, (select count(*)::int from line) as lines')
const NOTHING = [{ items: 0, lines: 0 }]

t.test('each test has the database as it was', async (t) => {
  rollbackAfterEach(t, app)

  for (const how of ['first', 'second']) {
    t.test(`by inject, the ${how} time`, async (t) => {
      t.equal((await app.inject({ method: 'POST', url: '/items/pen' })).statusCode, 201)
      t.strictSame((await app.inject('/items')).json(), ['pen: 1'], 'the reader sees what the writer has written')
      t.strictSame((await app.inject('/lines')).json(), ['asked for pen'])
      t.strictSame(await rows(), NOTHING, 'and nobody else does')
    })
  }

  t.test('a test that has others in it', async (t) => {
    await app.inject({ method: 'POST', url: '/items/pen' })
    for (const name of ['ink', 'paper']) {
      await t.test(`such as this about ${name}`, async (t) => {
        await app.inject({ method: 'POST', url: `/items/${name}` })
        t.strictSame((await app.inject('/items')).json(), ['pen: 1', `${name}: 1`])
      })
    }
    t.strictSame((await app.inject('/items')).json(), ['pen: 1'])
  })

  t.test('over HTTP', async (t) => {
    t.equal((await fetch(`${origin}/items/ink`, { method: 'POST' })).status, 201)
    t.strictSame(await (await fetch(`${origin}/items`)).json(), ['ink: 1'])
  })

  t.test('an error of one statement is that of one statement', async (t) => {
    await app.inject({ method: 'POST', url: '/items/pen' })
    const twice = await app.inject({ method: 'POST', url: '/items/pen' })
    t.equal(twice.statusCode, 500)
    t.match(twice.json(), { message: /duplicate key/ })
    t.strictSame((await app.inject('/items')).json(), ['pen: 1'])
    t.strictSame((await app.inject('/lines')).json(), ['asked for pen', 'asked for pen'])
  })

  t.test('a transaction of a request, with a reader beside it and a line of the logger', async (t) => {
    const answer = await app.inject({ method: 'POST', url: '/together/pen' })
    t.equal(answer.statusCode, 201, answer.body)
    t.strictSame((await app.inject('/items')).json(), ['pen: 1'])
    t.strictSame((await app.inject('/lines')).json(), ['sold pen'])
  })

  t.test('a rollback of the application undoes what was to be undone', async (t) => {
    await app.inject({ method: 'POST', url: '/together/kept' })
    t.equal((await app.inject({ method: 'POST', url: '/together/pen?fail' })).statusCode, 500)
    t.strictSame((await app.inject('/items')).json(), ['kept: 1'])
    t.strictSame((await app.inject('/lines')).json(), ['sold kept', 'sold pen'], 'what the logger has written stays, as its engine promises')
  })
})

/** A test runner whose tests are begun and ended here. */
class Runner {
  readonly hooks: ((context?: unknown) => Promise<void>)[] = []
  readonly beforeEach = (hook: (context?: unknown) => Promise<void>): void => void (this.hooks[0] = hook)
  readonly afterEach = (hook: (context?: unknown) => Promise<void>): void => void (this.hooks[1] = hook)
  readonly begin = async (context?: unknown): Promise<void> => await this.hooks[0]!(context)
  readonly end = async (context?: unknown): Promise<void> => await this.hooks[1]!(context)
}

const times = FULL ? 200 : 40

t.test(`${times} tests, each with the database as it was`, async (t) => {
  const runner = new Runner()
  rollbackAfterEach(runner, app)
  let wrong = 0
  for (let test = 0; test < times; test++) {
    await runner.begin(test)
    if ((await app.inject({ method: 'POST', url: '/items/pen' })).statusCode !== 201) wrong++
    if ((await app.inject('/items')).body !== '["pen: 1"]') wrong++
    await runner.end(test)
  }
  t.equal(wrong, 0)
})

t.test('tests that are parts of others, and tests that are not', async (t) => {
  const runner = new Runner()
  rollbackAfterEach(runner, app)
  const outer = { fullName: 'outer' }
  const inner = { fullName: 'outer > inner' }
  await runner.begin(outer)
  await app.inject({ method: 'POST', url: '/items/pen' })
  await runner.begin(inner)
  await app.inject({ method: 'POST', url: '/items/ink' })
  await runner.end(inner)
  t.strictSame((await app.inject('/items')).json(), ['pen: 1'])
  await t.rejects(runner.begin({ fullName: 'another' }), { code: 'SQLASSIST_TESTS_AT_ONCE' })
  t.strictSame((await app.inject('/items')).json(), ['pen: 1'], 'and the one that runs goes on')
  await runner.end(outer)
  await t.rejects(runner.begin(outer).then(async () => await runner.begin()), { code: 'SQLASSIST_TESTS_AT_ONCE' })
  await runner.end(outer)
})

t.test('outside of a test nothing is sent', async (t) => {
  const late = await app.inject({ method: 'POST', url: '/items/late' })
  t.match(late.json(), { code: 'SQLASSIST_TEST_NOT_RUNNING', statusCode: 500 })
})

t.test('applications that are made before each test', async (t) => {
  const runner = new Runner()
  let current: FastifyInstance | undefined
  rollbackAfterEach(runner, () => current!)
  for (const name of ['pen', 'pen']) {
    current = await shop(url)
    await runner.begin()
    t.equal((await current.inject({ method: 'POST', url: `/items/${name}` })).statusCode, 201)
    await runner.end()
    await current.close()
  }
})

t.test('what cannot be undone is refused before a test begins', async (t) => {
  const refused = async (engines: Record<string, EngineOptions>, message: RegExp, only?: string[]): Promise<void> => {
    const db = await createSqlAssist({ engines })
    const runner = new Runner()
    rollbackAfterEach(runner, db, only && { engines: only })
    await t.rejects(runner.begin(), { code: 'SQLASSIST_TEST_ENGINE_UNSUPPORTED', message })
    await runner.end()
    await db.dispose()
  }
  const config = defineConfig({ clientUrl: url, entities: [Item] }) as EngineOptions['config']
  const inMemory = { config: sqlite({ dbName: ':memory:', entities: [Line] }) as EngineOptions['config'] } as EngineOptions
  await refused({ writer: { config } as EngineOptions, local: inMemory }, /engine 'local' .* SQLite/)
  await refused({ writer: { config, twoPhase: true } as EngineOptions }, /leave out 'twoPhase'/)
  await refused({ writer: { orm: await MikroORM.init(config as object), dispose: true } }, /sqlAssistConfig/)
  const readyMade = defineConfig({ clientUrl: url, entities: [Item], driverOptions: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }) }) as EngineOptions['config']
  await refused({ writer: { config: readyMade } as EngineOptions }, /connections that are made here/)
  await asSuperuser(url, `create role sqlassist_other login password 'other'`)
  t.teardown(async () => await asSuperuser(serverUrl(), 'drop role sqlassist_other'))
  const other = defineConfig({ clientUrl: url, user: 'sqlassist_other', password: 'other', entities: [Item] }) as EngineOptions['config']
  await refused({ writer: { config } as EngineOptions, other: { config: other, readonly: true } as EngineOptions }, /as another user/)

  const db = await createSqlAssist({ engines: { writer: { config } as EngineOptions, local: inMemory } })
  const runner = new Runner()
  rollbackAfterEach(runner, db, { engines: ['writer'] })
  await runner.begin()
  await db.transaction(async ({ writer }) => void (await (writer as unknown as Em).insert(Item, { name: 'pen', stock: 1 })))
  await runner.end()
  await db.dispose()

  t.throws(() => rollbackAfterEach({} as never, app), { code: 'SQLASSIST_INVALID_OPTIONS', message: /beforeEach/ })
  for (const options of [{ engines: [] }, { deadlock: 1 }, { deadlockMs: -1 }, []]) t.throws(() => rollbackAfterEach(new Runner(), app, options as never), { code: 'SQLASSIST_INVALID_OPTIONS' })
  rollbackAfterEach(runner, Fastify())
  await t.rejects(runner.begin(), { code: 'SQLASSIST_INVALID_OPTIONS', message: /is registered/ })
})

const engineAt = (clientUrl: string): EngineOptions => ({ config: defineConfig({ clientUrl, entities: [Item] }) as EngineOptions['config'] }) as EngineOptions

t.test('where one of two databases is away, no test begins in the other', async (t) => {
  const second = await postgresDatabase(t)
  const name = new URL(second).pathname.slice(1)
  const db = await createSqlAssist({ engines: { first: engineAt(url), second: engineAt(second) } })
  t.teardown(async () => await db.dispose())
  const runner = new Runner()
  rollbackAfterEach(runner, db)
  await runner.begin(1)
  await runner.end(1)
  await asSuperuser(serverUrl(), `drop database ${name} with (force)`)
  await t.rejects(runner.begin(2))
  await t.rejects(db.engine('first').orm.em.fork().count(Item), { code: 'SQLASSIST_TEST_NOT_RUNNING' })
  await asSuperuser(serverUrl(), `create database ${name}`)
  await runner.begin(3)
  t.equal(await db.engine('first').orm.em.fork().count(Item), 0)
  await runner.end(3)
})

t.test('after all of them there is nothing', async (t) => t.strictSame(await rows(), NOTHING))