// One configuration for the application and for the `mikro-orm` CLI.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { MikroORM } from '@mikro-orm/core'
import { defineConfig } from '@mikro-orm/postgresql'
import { defineConfig as sqlite } from '@mikro-orm/sqlite'
import { cliConfigs, createSqlAssist, defineEngines } from 'fastify-sqlassist/orm'
import t from 'tap'
import { asSuperuser, postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { FULL } from '../../support/size.ts'
import { type Outcome, Workplace } from './fixtures/workplace.ts'

const cli = join(dirname(createRequire(import.meta.url).resolve('@mikro-orm/cli/package.json')), 'cli.js')

const LIBRARY = `
import { defineEntity, p } from '@mikro-orm/core'
const Author = defineEntity({ name: 'Author', tableName: 'authors', properties: { id: p.integer().primary(), name: p.string().index(), rank: p.enum(['new', 'old']), chief: () => p.manyToOne(Author).nullable() } })
export const entities = [Author]
`

const ENGINES = (writer: object, reader: object, logger: object): string => `
import { defineConfig } from '@mikro-orm/postgresql'
import { defineConfig as sqlite } from '@mikro-orm/sqlite'
import { defineEngines } from 'fastify-sqlassist/orm'
import { defineEntity, p } from '@mikro-orm/core'
import { entities } from './library.mjs'
const Line = defineEntity({ name: 'Line', tableName: 'lines', properties: { id: p.integer().primary(), text: p.string() } })
export const engines = defineEngines({
  reader: { config: defineConfig({ ...${JSON.stringify(reader)}, entities }), readonly: true },
  writer: { config: defineConfig({ ...${JSON.stringify(writer)}, entities }), default: true, migrate: { path: './writer-migrations', emit: 'cjs' } },
  logger: { config: sqlite({ ...${JSON.stringify(logger)}, entities: [Line] }), autocommit: true, migrate: { path: './logger-migrations', emit: 'cjs' } },
})
`

t.test('npx mikro-orm', { timeout: 600_000 }, async (t) => {
  const place = new Workplace(t)
  const clientUrl = await postgresDatabase(t)
  const dbName = sqliteFile(t)
  place.write('package.json', JSON.stringify({ name: 'workplace', type: 'module', dependencies: { '@mikro-orm/core': '*', '@mikro-orm/cli': '*' } }))
  place.write('library.mjs', LIBRARY)
  place.write('engines.mjs', ENGINES({ clientUrl }, { clientUrl }, { dbName }))
  place.write('mikro-orm.config.js', `import { cliConfigs } from 'fastify-sqlassist/orm'\nimport { engines } from './engines.mjs'\nexport default cliConfigs(engines)\n`)
  place.install()
  const mikroOrm = async (...args: string[]): Promise<Outcome> => await place.node([cli, ...args], { MIKRO_ORM_CLI_ALWAYS_ALLOW_TS: '0', MIKRO_ORM_CLI_PREFER_TS: '0', MIKRO_ORM_ALLOW_GLOBAL_CLI: '1', NO_COLOR: '1' })

  for (const name of FULL ? ['writer', 'logger'] : ['writer']) {
    const created = await mikroOrm(`--contextName=${name}`, 'migration:create')
    t.match(created, { code: 0, out: /Migration\d+\.cjs successfully created/ }, created.err)
    t.match(await mikroOrm(`--contextName=${name}`, 'migration:create'), { code: 0, out: /No changes required/ }, `${name}: made twice in a row, it finds no difference`)
    t.match(await mikroOrm(`--contextName=${name}`, 'migration:up'), { code: 0, out: /Successfully migrated/ })
    t.match(await mikroOrm(`--contextName=${name}`, 'migration:check'), { code: 0, out: /No changes required/ })
    t.match(await mikroOrm(`--contextName=${name}`, 'schema:update', '--dump'), { code: 0, out: /up-to-date/ }, 'the database itself shows none either')
    t.equal(place.list(`${name}-migrations`).filter((file) => file.startsWith('Migration')).length, 1, 'the option migrate of the engine says where')
  }
  const names = await asSuperuser<{ name: string }>(clientUrl, `select conname as name from pg_constraint where conrelid = 'authors'::regclass and contype <> 'n' order by 1`)
  t.strictSame(names.map(({ name }) => name), ['ck_authors_rank', 'fk_authors_chief_id_authors', 'pk_authors'], 'the names are those that the application gives')

  t.match(await mikroOrm('migration:pending'), { code: 0, out: /No pending migrations/ }, 'without a name it is the default engine')
  for (const command of [['migration:create'], ['migration:up'], ['schema:update', '--run'], ['schema:drop', '--run'], ['schema:create', '--dump'], ['database:create']].slice(0, FULL ? undefined : 2)) {
    const refused = await mikroOrm('--contextName=reader', ...command)
    t.not(refused.code, 0, command.join(' '))
    t.match(refused.out + refused.err, /Engine 'reader' is readonly/)
  }
  t.match(await mikroOrm('--contextName=reader', 'debug'), { code: 0, out: /database connection succesful|database connection successful/ }, 'looking is allowed')
})

t.test('the configurations themselves', async (t) => {
  const clientUrl = await postgresDatabase(t)
  const log: string[] = []
  const engines = defineEngines({
    writer: { config: defineConfig({ clientUrl, entities: [], discovery: { warnWhenNoEntities: false } }) },
    reader: { config: defineConfig({ clientUrl, entities: [], discovery: { warnWhenNoEntities: false }, logger: (line) => void log.push(line) }), readonly: true },
  })
  const configs = cliConfigs(engines)
  t.strictSame(configs.map(({ contextName }) => contextName), ['writer', 'reader', 'default'])
  t.strictSame(configs.map(({ clientUrl: url }) => url), [clientUrl, clientUrl, clientUrl])
  t.strictSame(cliConfigs({ default: engines.writer }).map(({ contextName }) => contextName), ['default'], 'a name of the user\'s own is not taken away')

  const reader = await MikroORM.init(configs[1]!)
  t.teardown(async () => await reader.close(true))
  await reader.connect()
  for (const use of [() => reader.schema.create(), () => reader.migrator.up(), () => reader.seeder.seed()]) {
    t.throws(use, { code: 'SQLASSIST_READONLY_ENGINE', message: /Engine 'reader' is readonly/ })
  }
  await t.rejects(reader.em.getConnection().execute('create table t (id int)'), { code: '25006' }, 'past them the database refuses')

  await using sqlassist = await createSqlAssist({ engines })
  t.strictSame(sqlassist.engineNames, ['writer', 'reader'], 'the application takes the same object')
})

t.test('what cannot be', async (t) => {
  const orm = await MikroORM.init(sqlite({ dbName: ':memory:', entities: [], discovery: { warnWhenNoEntities: false } }))
  t.teardown(async () => await orm.close(true))
  t.throws(() => cliConfigs({ own: { orm } }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /engines\.own/ })
  t.throws(() => cliConfigs({}), { code: 'SQLASSIST_INVALID_OPTIONS' })
  t.throws(() => cliConfigs({ $own: { config: {} } }), { code: 'SQLASSIST_ENGINE_NAME_INVALID' })
})
