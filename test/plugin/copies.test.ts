// Two copies of the package in one tree, as npm installs them where two packages want different versions.
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineEntity, MikroORM, p } from '@mikro-orm/core'
import { defineConfig } from '@mikro-orm/sqlite'
import Fastify from 'fastify'
import sqlassist, { DbSessionsContainer } from 'fastify-sqlassist'
import { sqlassistDebug } from 'fastify-sqlassist/debug'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import t from 'tap'
import type * as Orm from '../../orm/index.ts'
import type * as Plugin from '../../plugin/index.ts'

const folder = join(t.testdir(), 'another', 'fastify-sqlassist')
mkdirSync(folder, { recursive: true })
for (const part of ['orm', 'plugin']) cpSync(part, join(folder, part), { recursive: true })
symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
symlinkSync(join(process.cwd(), 'package.json'), join(folder, 'package.json'))
const load = async (path: string): Promise<unknown> => await import(pathToFileURL(join(folder, path)).href)
const other = { ...((await load('orm/index.ts')) as typeof Orm), ...((await load('plugin/index.ts')) as typeof Plugin) }

const Note = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } })
const engines = (): { writer: { config: object } } => ({ writer: { config: defineConfig({ dbName: ':memory:', entities: [Note] }) } })
const duplicate = { code: 'SQLASSIST_DUPLICATE_PACKAGE', message: /npm ls fastify-sqlassist/ }

t.test('what the other copy has made is not taken for a wrong value', async (t) => {
  const theirs = await other.createSqlAssist({ engines: engines() })
  t.teardown(async () => await theirs.dispose())
  const app = Fastify()
  t.teardown(async () => await app.close())
  await t.rejects(async () => await app.register(sqlassist, { sqlassist: theirs as never }), { ...duplicate, message: /Option 'sqlassist' comes from another copy of fastify-sqlassist \(.+\) than this one \(.+\)/ })
})

t.test('a subclass of its container', async (t) => {
  class Theirs extends other.DbSessionsContainer {}
  await t.rejects(createSqlAssist({ engines: engines(), containerClass: Theirs }), duplicate)
  class Ours extends DbSessionsContainer {}
  const ours = await createSqlAssist({ engines: engines(), containerClass: Ours })
  await ours.dispose()
})

t.test('a MikroORM with its options', async (t) => {
  const orm = new MikroORM(other.sqlAssistConfig('writer', defineConfig({ dbName: ':memory:', entities: [Note] })))
  t.teardown(async () => await orm.close())
  await t.rejects(createSqlAssist({ engines: { writer: { orm } } }), duplicate)
})

t.test('an application that has the other one already', async (t) => {
  const app = Fastify()
  t.teardown(async () => await app.close())
  await app.register(other.sqlassist, { engines: engines() })
  await t.rejects(async () => await app.register(sqlassistDebug), duplicate)
  const again = Fastify()
  t.teardown(async () => await again.close())
  await again.register(other.sqlassist, { engines: engines() })
  await t.rejects(async () => await again.register(sqlassist, { engines: engines() }), duplicate)
})

t.test('each by itself, in a scope of its own, is nobody\'s business', async (t) => {
  const app = Fastify()
  t.teardown(async () => await app.close())
  const answers: Record<string, unknown> = {}
  for (const [name, plugin] of Object.entries({ ours: sqlassist, theirs: other.sqlassist })) {
    await app.register(async (scope) => {
      await scope.register(plugin, { engines: engines() })
      scope.get(`/${name}`, async (request) => await (request.dbSession.writer as unknown as { execute(sql: string): Promise<unknown> }).execute('select 1 as one'))
    })
  }
  for (const name of ['ours', 'theirs']) answers[name] = (await app.inject(`/${name}`)).json()
  t.strictSame(answers, { ours: [{ one: 1 }], theirs: [{ one: 1 }] })
})
