// Errors: each has a code, a section in the docs and a test that raises it, and none shows a password.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as exported from 'fastify-sqlassist/orm'
import { createSqlAssist, type SqlAssistErrorClass, sqlAssistConfig } from 'fastify-sqlassist/orm'
import { MikroORM } from '@mikro-orm/postgresql'
import { errorCodes } from '../../orm/errors.ts'
import { postgresDatabase, serverUrl } from '../support/databases.ts'
import { errorOf, everythingIn, onPostgres, recordingLogger, Shelf, unusedPort } from './engines/library.ts'

const root = join(import.meta.dirname, '..', '..')
const PASSWORD = 'correct-horse-battery'

const withPassword = (url: string, password = PASSWORD): string => {
  const changed = new URL(url)
  changed.password = password
  return changed.href
}

const classes = Object.values(exported).filter((member) => typeof member === 'function' && member.prototype instanceof Error) as unknown as SqlAssistErrorClass<readonly unknown[]>[]

t.test('every error class is exported, by its name', async (t) => {
  t.same(new Set(classes.map(({ code }) => code)), new Set(errorCodes))
  for (const [name, member] of Object.entries(exported)) if (classes.includes(member as never)) t.equal((member as unknown as { name: string }).name, name)
})

t.test('every code has a section in docs/errors.md, and every section a code', async (t) => {
  const sections = [...readFileSync(join(root, 'docs', 'errors.md'), 'utf8').matchAll(/^#{2,3} .*?(SQLASSIST_[A-Z_]+)/gm)].map(([, code]) => code)
  t.equal(new Set(sections).size, sections.length, 'no section twice')
  t.same(new Set(sections), new Set(errorCodes))
})

t.test('every error is raised by a test', async (t) => {
  const tests = globSync('test/**/*.ts', { cwd: root }).filter((file) => file !== join('test', 'orm', 'errors.test.ts')).map((file) => readFileSync(join(root, file), 'utf8')).join('\n')
  t.ok(tests.length > 10_000, 'the tests have been read')
  for (const { code, name } of classes as unknown as { code: string; name: string }[]) {
    t.ok(tests.includes(`'${code}'`) || new RegExp(`\\b${name}\\b`).test(tests), code)
  }
})

t.test('an error keeps its cause, its status and its address in the docs', async (t) => {
  const cause = new Error('the reason')
  for (const Class of classes) {
    const args = Class.code === 'SQLASSIST_PARTIAL_COMMIT' ? [{ committed: ['one'], rolledBack: ['two'], unknown: [] }] : ['one', 'two', 'three']
    const error = new Class(...(args as string[]), { cause })
    t.match(error, { code: Class.code, message: new RegExp(`\\[docs/errors\\.md#${Class.code.toLowerCase()}\\]$`) })
    t.type(error.statusCode, 'number')
    t.equal(error.name, (Class as unknown as { name: string }).name)
  }
  t.equal(new exported.DiscoveryFailedError('writer', 'why', { cause }).cause, cause)
  t.equal(new exported.DiscoveryFailedError('writer', 'why').cause, undefined)
  t.ok(new exported.DisposedError('It') instanceof Error)
})

t.test('no error of registration shows the password', async (t) => {
  const url = withPassword('postgresql://librarian@localhost/library')
  class Stray {}
  const attempts: Record<string, () => unknown> = {
    'a URL that is none': async () => await createSqlAssist({ engines: { writer: { config: onPostgres(`postgresql://librarian:${PASSWORD}@localhost:port/library`) } } }),
    'a password that is not percent-encoded': async () => await createSqlAssist({ engines: { writer: { config: onPostgres(`postgresql://librarian:${PASSWORD}%@localhost/library`) } } }),
    'a URL that is no string': async () => await createSqlAssist({ engines: { writer: { config: onPostgres({ href: url } as never) } } }),
    'sqlAssistConfig': () => sqlAssistConfig('writer', onPostgres(`postgresql://librarian:${PASSWORD}@:`)),
    'a URL without a database': async () => await createSqlAssist({ engines: { writer: { config: onPostgres(withPassword('postgresql://librarian@localhost')) } } }),
    'an entity that is none': async () => await createSqlAssist({ engines: { writer: { config: onPostgres(url, { entities: [Stray] }) } } }),
    'an unknown option': async () => await createSqlAssist({ engines: { writer: { config: onPostgres(url), password: PASSWORD } as never } }),
    'options in place of an engine': async () => await createSqlAssist({ engines: { writer: onPostgres(url) as never } }),
    'replicas': async () => await createSqlAssist({ engines: { writer: { config: onPostgres(url, { replicas: [{ clientUrl: url }] } as never) } } }),
    'name and options swapped': async () => await createSqlAssist({ engines: [[{ config: onPostgres(url) }, 'writer']] as never }),
    'an orm without sqlAssistConfig': async () => {
      const orm = await MikroORM.init(onPostgres(url))
      await createSqlAssist({ engines: { reader: { orm, readonly: true } } })
    },
  }
  for (const [what, attempt] of Object.entries(attempts)) {
    const error = await errorOf(attempt)
    t.match(error.code, /^SQLASSIST_/, what)
    t.notMatch(everythingIn(error), PASSWORD, what)
  }
})

t.test('no error of connecting shows the password', async (t) => {
  const database = await postgresDatabase(t)
  const closed = new URL(withPassword(database))
  closed.port = String(await unusedPort())
  const missing = new URL(serverUrl())
  missing.pathname = '/there_is_no_such_database'
  const urls = {
    'nobody listens': closed.href,
    'the password is wrong': withPassword(database),
    'no such host': withPassword('postgresql://librarian@host.invalid/library'),
    'no such database': missing.href,
    'not a secure server': database,
  }
  for (const [what, url] of Object.entries(urls)) {
    const { password } = new URL(url)
    const logger = recordingLogger()
    const driverOptions = what === 'not a secure server' ? { ssl: true } : {}
    await using sqlassist = await createSqlAssist({
      engines: { writer: { config: onPostgres(url, { driverOptions, ensureDatabase: false }) }, reader: { config: onPostgres(url, { driverOptions }), readonly: true } },
      logger,
    })
    for (const name of ['writer', 'reader'] as const) {
      await using session = sqlassist.session()
      const attempts = [
        async () => await session[name].count(Shelf),
        async () => await session[name].execute('select 1'),
        async () => await session[name].begin(),
        async () => await sqlassist.engine(name).orm.connect(),
        async () => await session[name].getKysely().selectFrom('shelf' as never).selectAll().execute(),
      ]
      for (const attempt of attempts) {
        const error = await attempt().then(() => undefined, (reason: unknown) => reason)
        t.notMatch(everythingIn(error), password, `${what}, ${name}`)
      }
      t.type(await errorOf(attempts[0]!), Error, `${what} is an error`)
    }
    t.notMatch(everythingIn(logger.lines), password, `${what}, in the log`)
  }
})
