// Where statements get their values beside them, and where they stay as MikroORM writes them.
import { MikroORM, type Options } from '@mikro-orm/core'
import { NodeSqliteDialect, type SqlEntityManager, SqlitePlatform } from '@mikro-orm/sql'
import { SqliteDriver } from '@mikro-orm/sqlite'
import { createSqlAssist, type EngineOptions, onSqlAssistEvent, sqlAssistConfig } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { sqliteFile } from '../../support/databases.ts'
import { assist, onEachDatabase, sqlite } from '../sessions/fixtures/engines.ts'
import { Author, library } from '../sessions/fixtures/library.ts'

/** How many values went beside the statement. */
async function beside(t: Test, engine: EngineOptions): Promise<number> {
  const db = await assist(t, { writer: engine })
  await using session = db.session()
  const writer = session.get('writer') as unknown as SqlEntityManager
  let parameters = 0
  t.teardown(onSqlAssistEvent('sqlassist:query:start', (event) => void (parameters += event.parameters.length)))
  t.strictSame(await writer.find(Author, { name: `it's` }), [])
  return parameters
}

onEachDatabase(t, 'by default, and where it is not turned off', async (t, database) => {
  for (const preparedStatements of [undefined, 'auto', true] as const) t.equal(await beside(t, { config: database.config(), ...(preparedStatements !== undefined && { preparedStatements }) }), 1, String(preparedStatements))
  t.equal(await beside(t, { config: database.config(), preparedStatements: false }), 0)
})

onEachDatabase(t, 'on a MikroORM of the application', async (t, database) => {
  const make = async (options: Partial<Options>): Promise<MikroORM> => {
    const orm = await MikroORM.init(options)
    t.teardown(async () => await orm.close())
    return orm
  }
  t.equal(await beside(t, { orm: await make(sqlAssistConfig('writer', database.config())), preparedStatements: true }), 1)
  const connected = await make(sqlAssistConfig('writer', database.config()))
  await connected.connect()
  t.equal(await beside(t, { orm: connected }), database.dialect === 'sqlite' ? 0 : 1, 'that had connected')
  const foreign = await make(database.config())
  t.equal(await beside(t, { orm: foreign }), 0, 'made without us')
  await t.rejects(createSqlAssist({ engines: { writer: { orm: foreign, preparedStatements: true } } }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /made without sqlAssistConfig/ })
})

t.test('not where somebody else makes the connections, or the literals', async (t) => {
  const database = await sqlite(t)
  const own = { ...database.config(), driverOptions: new NodeSqliteDialect(database.config().dbName as string) } as never
  t.equal(await beside(t, { config: own }), 0)
  await t.rejects(createSqlAssist({ engines: { writer: { config: own, preparedStatements: true } } }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /own kysely/ })
  class Shouting extends SqlitePlatform {
    override escape(value: unknown): string {
      return typeof value === 'string' ? `upper(${super.escape(value)})` : super.escape(value)
    }
  }
  class OwnDriver extends SqliteDriver {
    override readonly platform = new Shouting()
  }
  t.equal(await beside(t, { config: { ...database.config(), driver: OwnDriver } as never }), 0)
})

t.test('what it may be', async (t) => {
  for (const preparedStatements of ['always', 1, null, {}]) {
    const config = { dbName: sqliteFile(t), driver: SqliteDriver, entities: library }
    await t.rejects(createSqlAssist({ engines: { writer: { config, preparedStatements: preparedStatements as never } } }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /must be true, false or 'auto'/ })
  }
})
